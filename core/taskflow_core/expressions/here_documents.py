"""The here-documents of a shell command: announced on one line, read from the next one on."""

import re
from typing import NamedTuple

_START = re.compile(r"<<(-?)[ \t]*([^\s;&|()<>`]+)?")
_QUOTES = "'\""
UNCLEAR_END = "it is not clear where the here-document ends"


class _Document(NamedTuple):
    end: str
    skips_tabs: bool
    quoted: bool


class HereDocuments:
    """Those that have been announced and have not ended."""

    def __init__(self) -> None:
        self._waiting: list[_Document] = []
        self._line = ""
        """What has been read of the current line."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def announce(self, text: str, at: int) -> tuple[int, str | None]:
        """Note the one whose `<<` is at `at`.

        Returns the offset behind the word that ends it, and what is not certain about it.
        """
        match = _START.match(text, at)
        if match is None:
            raise AssertionError("there is `<<`")
        word = match[2]
        if word is None or match.end() == len(text):  # an expression may go on with the word
            return match.end(), UNCLEAR_END
        end = word.strip(_QUOTES).removeprefix("\\")
        self._waiting.append(_Document(end, bool(match[1]), end != word))
        return match.end(), UNCLEAR_END if re.search(r"""['"\\$]""", end) else None

    def begin(self) -> None:
        """Note that the first line begins."""
        self._line = ""

    def put_value(self) -> None:
        """Note that a value stands here: the line is not the one that ends the document."""
        self._line += "\0"

    def read(self, text: str, at: int) -> tuple[int, str | None]:
        """Read to the end of the line; the last one ends with the word it was announced with.

        Returns the offset of what comes next, and what is not certain.
        """
        end = text.find("\n", at)
        self._line += text[at : len(text) if end < 0 else end]
        if end < 0:
            return len(text), None
        line, self._line = self._line, ""
        document = self._waiting[0]
        if (line.lstrip("\t") if document.skips_tabs else line) == document.end:
            self._waiting.pop(0)
        if not document.quoted and line.endswith("\\"):
            return end + 1, "a line of the here-document ends in a backslash"
        return end + 1, None
