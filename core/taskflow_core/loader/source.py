"""The text of a flow file, read once, with a line and a column for every offset."""

import errno
import re
import stat
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from taskflow_core.errors import FlowFileError, Problem, suggestion

MAX_BYTES = 5_000_000
SUFFIXES = (".yaml", ".yml", ".json", ".py")
_NO_FLOW_FILE = f"A flow file ends in {', '.join(SUFFIXES)}."

_BINARY = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x7fELF": "program",
    b"\x89PNG": "PNG",
    b"%PDF-": "PDF",
}
_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class Span(NamedTuple):
    """A piece of a text: from `start` up to, not including, `end`."""

    start: int
    end: int


class Place(NamedTuple):
    """Where a piece of text is: lines and columns from 1, the end just past its last character."""

    line: int
    column: int
    end_line: int
    end_column: int


class Source:
    """A flow file's text, without byte order mark and with LF line ends."""

    def __init__(self, file: str, path: Path, text: str) -> None:
        self.file = file
        """The file as the person named it."""
        self.path = path
        """Where it really is, absolute."""
        self.text = text

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset of each line's first character."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of `offset`, from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def place(self, span: Span) -> Place:
        """Return where `span` is, without the blanks and line ends that trail it."""
        start = min(span.start, len(self.text))
        end = start + len(self.text[start : span.end].rstrip())
        least = min(start + 1, span.end, len(self.text))
        return Place(*self.position(start), *self.position(max(end, least)))


def refuse(file: str, slug: str, message: str, hint: str | None = None) -> NoReturn:
    """Raise a `FlowFileError` about the file as a whole."""
    raise FlowFileError([Problem(file=file, slug=slug, message=message, hint=hint)])


def regular_file(file: str) -> Path:
    """Return the real path of `file`, if it is a file that could be read.

    Raises:
        FlowFileError: it is missing, a folder, a device, too large, or behind a symlink loop.
    """
    path = Path(file)
    try:
        info = path.stat()
        real = path.resolve(strict=True)
    except FileNotFoundError:
        refuse(file, "no-such-file", f"there is no file {file!r}", _neighbour(path))
    except (OSError, ValueError, RuntimeError) as error:
        refuse(file, *_trouble(file, error))
    if stat.S_ISDIR(info.st_mode):
        refuse(file, "is-a-folder", f"{file!r} is a folder", _content(path))
    if not stat.S_ISREG(info.st_mode):
        refuse(file, "not-a-file", f"{file!r} is a pipe, a socket or a device, not a file")
    if info.st_size > MAX_BYTES:
        _too_large(file, info.st_size)
    return real


def flow_file(file: str) -> Path:
    """Return the real path of `file`, if it is a flow file that could be read.

    Raises:
        FlowFileError: as from `regular_file`; or its name ends in something else.
    """
    real = regular_file(file)
    if Path(file).suffix.lower() not in SUFFIXES:
        refuse(file, "unknown-extension", f"{file!r} is no flow file", _NO_FLOW_FILE)
    return real


def read_source(file: str) -> Source:
    """Return the text of `file`.

    Raises:
        FlowFileError: it cannot be read, or is not text that a flow file may hold.
    """
    path = regular_file(file)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        refuse(file, *_trouble(file, error))
    if len(data) > MAX_BYTES:
        _too_large(file, len(data))
    return Source(file, path, decode(file, data).replace("\r\n", "\n"))


def decode(file: str, data: bytes) -> str:
    """Return what the bytes of a flow file say, without byte order mark.

    Raises:
        FlowFileError: they are not UTF-8.
    """
    for mark, encoding in _WIDE_BOMS.items():
        if data.startswith(mark):
            shown = mark[:2].hex(" ").upper()
            refuse(file, "utf-16", f"the file is {encoding} (it starts with {shown})", _SAVE)
    for magic, kind in _BINARY.items():
        if data.startswith(magic):
            refuse(file, "binary-file", f"{file!r} is a {kind} file, not text")
    if (
        len(data) >= 4
        and (b"\0" in (data[0:1], data[1:2]))
        and data[:40].count(0) >= len(data[:40]) // 3
    ):
        refuse(file, "utf-16", "the file looks like UTF-16 without a byte order mark", _SAVE)
    data = data.removeprefix(_UTF8_BOM)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        _not_utf8(file, data, error.start)


_SAVE = "Save it as UTF-8."


def _not_utf8(file: str, data: bytes, at: int) -> NoReturn:
    line_start = data.rfind(b"\n", 0, at) + 1
    problem = Problem(
        file=file,
        slug="not-utf-8",
        message=f"byte 0x{data[at]:02X} is not UTF-8",
        line=data.count(b"\n", 0, at) + 1,
        column=len(data[line_start:at].decode()) + 1,
        hint=f"Save the file as UTF-8; if it is Latin-1: `iconv -f latin1 -t utf-8 {file}`.",
    )
    raise FlowFileError([problem])


def _too_large(file: str, size: int) -> NoReturn:
    hint = "Split the flow, or keep its data in files of their own."
    refuse(file, "too-large", f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read", hint)


def _trouble(file: str, error: Exception) -> tuple[str, str]:
    number = getattr(error, "errno", None)
    if number == errno.ELOOP or isinstance(error, RuntimeError):
        return "symlink-loop", f"{file!r} is a symbolic link that leads back to itself"
    reason = getattr(error, "strerror", None) or str(error)
    return "unreadable", f"{file!r} cannot be read: {reason.lower()}"


def _neighbour(path: Path) -> str | None:
    near = suggestion(path.name, _flow_files(path.parent))
    return near or _NO_FLOW_FILE


def _content(folder: Path) -> str:
    names = _flow_files(folder)
    if not names:
        return "There is no flow file in it."
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"It holds {shown}: name one."


def _flow_files(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix in SUFFIXES)
    except OSError:
        return []
