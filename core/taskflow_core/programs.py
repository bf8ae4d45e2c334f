"""Starting our own programs with this interpreter, wherever the package lies."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).parent.parent)

_BOOT = """import sys
if {root!r} not in sys.path: sys.path.append({root!r})
from {module} import run
run(sys.argv[1:])"""


def python_command(module: str) -> list[str]:
    """Return the command that calls `run` of one of our modules with the arguments added to it.

    Nothing is put into the environment for it, so that the user's commands see their own.
    """
    return [sys.executable, "-c", _BOOT.format(root=_ROOT, module=module)]
