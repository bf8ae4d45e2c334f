"""Text from tasks, files and errors, made harmless for a terminal.

The only way text that is not ours reaches a screen. Colours survive; anything else that would
move the cursor, rename the window, write to the clipboard or hide what is written becomes a
visible picture or is left out. This module knows neither Textual nor Rich.
"""

import re
from functools import lru_cache
from typing import NamedTuple

Color = int | tuple[int, int, int]
"""A colour of the terminal's palette (0 to 255), or red, green and blue."""

LONGEST = 8192
"""Characters of a log line that are looked at; the rest is cut off with an ellipsis."""
TAB = 8
"""Columns between tab stops."""


class Sgr(NamedTuple):
    """How a piece of text is drawn: what SGR sequences can ask for, less blinking and hiding."""

    color: Color | None = None
    background: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


class Span(NamedTuple):
    """A piece of a line, all drawn alike. Its text holds no control characters."""

    text: str
    sgr: Sgr


PLAIN = Sgr()
"""The terminal's own colours."""

# Invisible, reordering or unpaired: they make text look like other text.
_DECEIVING = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f{_DECEIVING}]")
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\|(?=\x1b)|$)"
_CSI = r"(?:\x1b\[|\x9b)(?P<params>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~]|$)"
_ESCAPE = r"\x1b[ -/]*[0-~]"
_TOKEN = re.compile(f"(?:{_STRING})|{_CSI}|{_ESCAPE}|(?P<cr>\r)|(?P<tab>\t)")
_SGR_PARAMS = re.compile(r"[0-9;:]*")


def safe_text(text: str) -> str:
    """Return `text` as one line that any terminal shows as it is, control characters visible."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_picture, text)


def log_line(raw: bytes) -> list[Span]:
    """Return what a line of output looks like, without its newline.

    Colours are kept. A carriage return starts the line over, as progress bars want it; other
    control sequences are left out, and lone control characters become pictures.
    """
    return log_spans(raw.decode("utf-8", "replace"))


def log_spans(line: str) -> list[Span]:
    """Return what `line` looks like, as `log_line` does for bytes."""
    if len(line) > LONGEST:
        line = line[:LONGEST] + "…"
    if line.isascii() and line.isprintable():
        return [Span(line, PLAIN)] if line else []
    return _LineReader().read(line)


def visible(spans: list[Span]) -> str:
    """Return the text of `spans` alone."""
    return "".join(span.text for span in spans)


def ansi(spans: list[Span]) -> str:
    """Return `spans` as a string for a terminal, with their colours and nothing else."""
    return "".join(
        span.text if span.sgr == PLAIN else f"\x1b[{sgr_codes(span.sgr)}m{span.text}\x1b[0m"
        for span in spans
    )


@lru_cache(512)
def sgr_codes(sgr: Sgr) -> str:
    """Return the parameters of the SGR sequence that draws like `sgr`."""
    flags = (
        (sgr.bold, "1"),
        (sgr.dim, "2"),
        (sgr.italic, "3"),
        (sgr.underline, "4"),
        (sgr.reverse, "7"),
        (sgr.strike, "9"),
    )
    codes = [code for on, code in flags if on]
    codes += [_color_codes(38, sgr.color), _color_codes(48, sgr.background)]
    return ";".join(code for code in codes if code)


class _LineReader:
    """Reads one line from left to right."""

    def __init__(self) -> None:
        self.sgr = PLAIN
        self.spans: list[Span] = []
        self.column = 0
        self.overwritten: list[Span] = []

    def read(self, line: str) -> list[Span]:
        position = 0
        for token in _TOKEN.finditer(line):
            self._write(line[position : token.start()])
            self._obey(token)
            position = token.end()
        self._write(line[position:])
        return self.spans or self.overwritten

    def _write(self, text: str) -> None:
        if text:
            self.spans.append(Span(safe_text(text), self.sgr))
            self.column += len(text)

    def _obey(self, token: re.Match[str]) -> None:
        if token["tab"]:
            self._write(" " * (TAB - self.column % TAB))
        elif token["cr"]:
            self.overwritten = self.spans or self.overwritten
            self.spans, self.column = [], 0
        elif token["final"] == "m" and not token["between"]:
            self.sgr = after_sgr(self.sgr, token["params"])


@lru_cache(4096)
def after_sgr(sgr: Sgr, params: str) -> Sgr:
    """Return how text is drawn after `ESC [ params m`; parameters not understood change nothing."""
    if not _SGR_PARAMS.fullmatch(params):
        return sgr
    codes = [int(code[:3]) if code else 0 for code in re.split("[;:]", params)]
    while codes:
        code = codes.pop(0)
        if code in {38, 48}:
            color = _extended(codes)
            is_text = code == 38
            sgr = sgr._replace(color=color) if is_text else sgr._replace(background=color)
        else:
            sgr = _after_code(sgr, code)
    return sgr


_FLAGS: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}


def _after_code(sgr: Sgr, code: int) -> Sgr:
    if code == 0:
        return PLAIN
    if code in _FLAGS:
        return sgr._replace(**_FLAGS[code])
    bright = 8 if code >= 90 else 0
    tens, ones = divmod(code - (60 if bright else 0), 10)
    if tens in {3, 4} and ones in {*range(8), 9}:
        color = None if ones == 9 else ones + bright
        return sgr._replace(color=color) if tens == 3 else sgr._replace(background=color)
    return sgr


def _extended(codes: list[int]) -> Color | None:
    """Take the rest of a 256-colour or RGB request from `codes`."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return min(codes.pop(0), 255)
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return red, green, blue
    codes.clear()
    return None


def _color_codes(base: int, color: Color | None) -> str:
    if color is None:
        return ""
    if isinstance(color, int):
        return f"{base - 8 + color}" if color < 8 else f"{base};5;{color}"
    return f"{base};2;" + ";".join(str(part) for part in color)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
