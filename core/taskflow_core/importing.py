"""Running the user's modules, and saying what went wrong in them."""

import importlib
import linecache
import sys
import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from traceback import FrameSummary
from types import CodeType
from typing import NamedTuple

OURS = ("taskflow_core", "taskflow_tui")
"""Modules that no file of the user's stands in for."""

import_lock = threading.RLock()
"""Held while modules are imported: `sys.path` and `sys.modules` belong to the whole process."""


class FreshLoader(SourceFileLoader):
    """Compiles what is in the file now: bytecode written within the same second may be older."""

    def get_code(self, fullname: str) -> CodeType | None:
        del fullname
        # As text: of bytes, the compiler gives a syntax error's column in bytes.
        return self.source_to_code(decode_source(self.get_data(self.path)), self.path)


def put_first(folder: str) -> None:
    """Make `folder` the first place where modules are looked for."""
    if sys.path[:1] != [folder]:
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
    importlib.invalidate_caches()


@contextmanager
def path_without(folder: str | None) -> Generator[None]:
    """Look for modules everywhere but in `folder` and the current folder, for a while."""
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if entry not in ("", folder)]
    try:
        yield
    finally:
        sys.path[:] = before


def told(error: BaseException) -> str:
    """Return the exception in one line: its class and the first line of its message."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001  a hostile __str__ may raise anything
        lines = ["<unprintable>"]
    name = type(error).__qualname__
    if isinstance(error, SyntaxError):
        lines = [error.msg]
    return f"{name}: {lines[0]}" if lines else name


class CodePlace(NamedTuple):
    """A place in Python code; line and column from 1, the column in characters."""

    file: str
    line: int
    column: int


def place_of(error: BaseException, file: str | None = None) -> CodePlace | None:
    """Return the innermost place that led to `error`, in `file` or in any file of the user's."""
    if isinstance(error, SyntaxError) and error.filename and file in (None, error.filename):
        return CodePlace(error.filename, error.lineno or 1, max(error.offset or 1, 1))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if (not _is_machinery(frame.filename) if file is None else frame.filename == file)
    ]
    if not frames:
        return None
    return CodePlace(frames[-1].filename, frames[-1].lineno or 1, _column(frames[-1]))


def _column(frame: FrameSummary) -> int:
    line = linecache.getline(frame.filename, frame.lineno or 1)
    return len(line.encode()[: frame.colno or 0].decode(errors="ignore")) + 1


def user_traceback(error: BaseException) -> str:
    """Return the traceback without the frames that are ours or Python's import machinery."""
    frames = error.__traceback__
    while frames is not None and _is_machinery(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, frames)).rstrip()
    except Exception:  # noqa: BLE001  a hostile __str__ may raise anything
        return told(error)


def _is_machinery(file: str) -> bool:
    own = Path(file).parent == Path(__file__).parent
    return own or file.startswith("<frozen ") or file == importlib.__file__
