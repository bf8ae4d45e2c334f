"""Why a program cannot be run, where what the system says is only half of it."""

import errno
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

LONGEST = 256
"""Bytes of a script's first line that are looked at."""
MISSING = 127
"""What `sh` exits with if a program, or the interpreter of a script, is not there."""
CRLF = "its first line ends in CRLF: save it with the line ends of Unix (LF)"


def why_not_run(error: OSError, line: Sequence[str], folder: str | None) -> str:
    """Return what is to be said of a program that the system refused to execute.

    Args:
        error: What the system said.
        line: The program and its arguments.
        folder: Where it was to be run; None for here.
    """
    more = _explained(error, line[0], folder)
    return f"{error} – {more}" if more else str(error)


def crlf_script(line: Sequence[str], folder: str | None) -> str:
    """Return a hint if the first word of a line for `sh -c` is a script with line ends of DOS."""
    try:
        words = shlex.split(line[-1])
    except ValueError:
        return ""
    found = _found(words[0], folder) if words else None
    return f"{words[0]}: {CRLF}" if found and _interpreter(found).endswith("\r") else ""


def _explained(error: OSError, program: str, folder: str | None) -> str:
    if folder is not None and not Path(folder).is_dir():
        return f"the folder {folder} it should run in is not there"
    match error.errno:
        case errno.ENOENT:
            return _what_is_missing(program, folder)
        case errno.EACCES:
            return f"make it executable: chmod +x {shlex.quote(program)}"
        case errno.ENOEXEC:
            return "a script has to begin with a line such as #!/bin/sh"
        case errno.E2BIG:
            return "write what is long to a file, and pass the file's path"
        case _:
            return ""


def _what_is_missing(program: str, folder: str | None) -> str:
    found = _found(program, folder)
    if found is None:
        places = os.environ.get("PATH", os.defpath)
        return "" if os.sep in program else f"looked in {places}"
    interpreter = _interpreter(found)
    if interpreter.endswith("\r"):
        return CRLF
    return f"its interpreter {interpreter} is not there" if interpreter else ""


def _found(program: str, folder: str | None) -> Path | None:
    """Return the file that a program's name stands for, if there is one."""
    if os.sep not in program:
        program = shutil.which(program) or ""
    path = Path(folder or ".", program)
    return path if path.is_file() else None


def _interpreter(path: Path) -> str:
    """Return what the first line of a script names; empty if the file is no script."""
    try:
        with path.open("rb") as file:
            first = file.readline(LONGEST)
    except OSError:
        return ""
    return first[2:].decode(errors="replace").strip(" \n") if first.startswith(b"#!") else ""
