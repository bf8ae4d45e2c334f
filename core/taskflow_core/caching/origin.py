"""Whose code is whose: the user's own, or the standard library's and that of installed packages."""

import importlib.util
import sys
import sysconfig
from pathlib import Path
from types import CodeType

from taskflow_core.importing import OURS

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_LIBRARY = Path(sysconfig.get_path("stdlib"))


class Origin:
    """Tells the user's code from other people's.

    Args:
        home: The folder of the flow: what is in it is the user's, wherever it lies.
    """

    def __init__(self, home: str | None) -> None:
        self.home = home

    def is_own(self, module: str | None, file: str | None) -> bool:
        """Say whether code is the user's.

        Args:
            module: The name of its module.
            file: Where it is written; None for what is written in C.
        """
        top = (module or "").partition(".")[0]
        if file is None:
            return module == "__main__"
        if top in OURS or top in sys.stdlib_module_names or file.startswith("<frozen"):
            return False
        if file.startswith("<"):  # typed by hand, or made by code
            return True
        path = Path(file)
        if self.home is not None and path.is_relative_to(self.home):
            path = path.relative_to(self.home)
        elif path.is_relative_to(_LIBRARY):
            return False
        return _INSTALLED.isdisjoint(path.parts)

    def find(self, module: str) -> str | None:
        """Return the file of a module without importing it; None if there is none."""
        loaded = getattr(sys.modules.get(module), "__file__", None)
        if isinstance(loaded, str):
            return loaded
        parent = module.rpartition(".")[0]
        if parent and parent not in sys.modules:  # to find it would import its package
            return self._beside(module)
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError, AttributeError):
            return None
        return spec.origin if spec is not None and spec.has_location else None

    def _beside(self, module: str) -> str | None:
        """Return the file of a module that is to be found next to the flow."""
        for folder in [self.home, *sys.path]:
            stem = Path(folder or ".", *module.split("."))
            for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
                if path.is_file():
                    return str(path)
        return None


def module_code(path: str) -> CodeType | None:
    """Return what a module's file compiles to; None if it does not, or is not Python."""
    try:
        return compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
