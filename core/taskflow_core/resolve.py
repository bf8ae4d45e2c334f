"""From names to code: functions by dotted name, and flows by file, from `flow_module`.

Everything here runs what it imports, so it belongs in processes that may run the flow's code:
the helper that checks a trusted file, the runner and its workers.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from taskflow_core.errors import DefinitionError, suggestion
from taskflow_core.flow_module import FlowModuleError, flow_in, load_flow_module
from taskflow_core.importing import (
    OURS,
    import_lock,
    path_without,
    place_of,
    put_first,
    told,
    user_traceback,
)

__all__ = [
    "FlowModuleError",
    "FunctionError",
    "flow_in",
    "load_flow_module",
    "resolve_function",
]


class FunctionError(DefinitionError):
    """A dotted name that leads to no function."""

    def __init__(self, slug: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.slug = slug
        """`unknown-module`, `unknown-function`, `not-callable` or `import-failed`."""


def resolve_function(dotted: str, folder: str | None) -> Callable[..., Any]:
    """Return the callable that `module.function`, `pkg.mod.Class.method` or `module:name` names.

    A module of the standard library is always that. Any other is looked for in `folder` first,
    then where Python looks.

    Args:
        dotted: The name.
        folder: The folder of the flow file, absolute.

    Raises:
        FunctionError: the module or the function is missing, the module cannot be imported, or
            what the name leads to cannot be called.
    """
    module, colon, inner = dotted.partition(":")
    with import_lock:
        found: Any = _import(module, folder) if colon else _walk(module.split("."), folder)
    for part in inner.split(".") if colon else ():
        found = _attribute(found, part, folder)
    if not callable(found):
        kind = "a module" if isinstance(found, ModuleType) else f"of type {type(found).__name__!r}"
        raise FunctionError("not-callable", f"{dotted!r} is no function but {kind}")
    function: Callable[..., Any] = found
    return function


def _walk(parts: list[str], folder: str | None) -> Any:
    name = parts[0]
    found: Any = _import(name, folder)
    for part in parts[1:]:
        name = f"{name}.{part}"
        if hasattr(found, "__path__") and not hasattr(found, part) and _exists(name):
            found = _import(name, folder)
        else:
            found = _attribute(found, part, folder)
    return found


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _attribute(owner: Any, part: str, folder: str | None) -> Any:
    try:
        return getattr(owner, part)
    except AttributeError:
        what = f"a {type(owner).__name__}"
        hint: str | None = None
        if isinstance(owner, ModuleType):
            what = f"module {owner.__name__!r}"
            hint = _hidden(owner.__name__, folder)
        elif isinstance(owner, type):
            what = f"class {owner.__name__!r}"
        near = suggestion(part, [name for name in dir(owner) if not name.startswith("_")])
        message = f"{what} has no {part!r}"
        raise FunctionError("unknown-function", message, hint=hint or near) from None


def _hidden(module: str, folder: str | None) -> str | None:
    if module not in sys.stdlib_module_names or folder is None:
        return None
    if not (Path(folder) / f"{module}.py").exists():
        return None
    return f"{module}.py is hidden by the standard library's {module!r}: rename it."


def _import(name: str, folder: str | None) -> ModuleType:
    top = name.partition(".")[0]
    try:
        if top in sys.stdlib_module_names:
            with path_without(folder):
                return importlib.import_module(name)
        _prefer(folder, top)
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise _unknown_module(error.name, folder) from None
        raise _import_failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(name, error) from error


def _prefer(folder: str | None, top: str) -> None:
    """Make sure that `top` is what the flow's folder calls so, if it calls anything so."""
    if folder is None:
        return
    put_first(folder)
    home = Path(folder)
    files = home / f"{top}.py", home / top / "__init__.py"
    if top in OURS or not any(file.exists() for file in files):
        return
    loaded = sys.modules.get(top)
    if loaded is not None and not _comes_from(loaded, files):
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{top}.")]:
            del sys.modules[name]


def _comes_from(module: ModuleType, files: tuple[Path, ...]) -> bool:
    own = getattr(module, "__file__", None)
    return own is not None and Path(own).resolve() in [file.resolve() for file in files]


def _unknown_module(name: str, folder: str | None) -> FunctionError:
    home = None if folder is None else Path(folder)
    files = (
        []
        if home is None
        else [*home.glob("*.py"), *(f.parent for f in home.glob("*/__init__.py"))]
    )
    hint = suggestion(name, sorted(file.stem for file in files)) or (
        "It is looked for next to the flow file, then among the installed modules."
    )
    return FunctionError("unknown-module", f"there is no module {name!r}", hint=hint)


def _import_failed(name: str, error: BaseException) -> FunctionError:
    place = place_of(error)
    where = "" if place is None else f" ({Path(place.file).name}:{place.line})"
    message = f"importing {name!r} raised {told(error)}{where}"
    return FunctionError("import-failed", message, hint=user_traceback(error))
