"""The problems of one flow file, collected until all of them can be shown at once."""

import re
from collections.abc import Collection
from typing import NoReturn

from taskflow_core.errors import FlowFileError, Problem, suggestion
from taskflow_core.loader.source import Source, Span

_LONGEST_NAME = 200
_LONGEST_MESSAGE = 500
_LONGEST_HINT = 10_000


class Report:
    """Collects what is wrong with `source`."""

    COMPARISONS = 50_000
    """How many names are compared for suggestions in all, so that no file takes forever."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: list[Problem] = []
        self._errors = 0
        self._comparisons_left = self.COMPARISONS

    def error(self, slug: str, message: str, at: Span | None, hint: str | None = None) -> None:
        """Note an error at a place; None stands for the file as a whole."""
        self._errors += 1
        self._found.append(self._problem("error", slug, message, at, hint))

    def warning(self, slug: str, message: str, at: Span | None, hint: str | None = None) -> None:
        """Note something that is legal and probably not meant."""
        self._found.append(self._problem("warning", slug, message, at, hint))

    def stop(self, slug: str, message: str, at: Span | None, hint: str | None = None) -> NoReturn:
        """Note an error behind which nothing can be read, and raise all that was found."""
        self.error(slug, message, at, hint)
        raise FlowFileError(self.problems)

    def finish(self) -> tuple[Problem, ...]:
        """Return the warnings.

        Raises:
            FlowFileError: there are errors.
        """
        if self._errors:
            raise FlowFileError(self.problems)
        return tuple(self.problems)

    @property
    def errors(self) -> int:
        """The number of errors found so far."""
        return self._errors

    @property
    def problems(self) -> list[Problem]:
        """Everything found, in file order."""
        return sorted(self._found, key=lambda found: (found.line or 0, found.column or 0))

    def near(self, name: str, known: Collection[str]) -> str | None:
        """Return `Did you mean …?` for a near miss among `known`, else None."""
        self._comparisons_left -= len(known)
        if self._comparisons_left < 0 or len(name) > _LONGEST_NAME:
            return None
        return suggestion(name, known)

    def where(self, span: Span) -> str:
        """Return `line:column` for use inside a message."""
        line, column = self.source.position(span.start)
        return f"{line}:{column}"

    def _problem(
        self, severity: str, slug: str, message: str, at: Span | None, hint: str | None
    ) -> Problem:
        place = self.source.place(at)._asdict() if at else {}
        return Problem(
            file=self.source.file,
            slug=slug,
            message=_cut(message, _LONGEST_MESSAGE),
            hint=hint and _cut(hint, _LONGEST_HINT),
            severity=severity,
            **place,
        )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SEPARATORS = {"\x85": "NEXT LINE", "\u2028": "LINE SEPARATOR", "\u2029": "PARAGRAPH SEPARATOR"}


def check_characters(report: Report) -> None:
    """Report the characters that no flow file may hold, however its text is read.

    Raises:
        FlowFileError: there is a control character or a line end of another kind.
    """
    text = report.source.text
    if match := _FORBIDDEN.search(text):
        at = Span(*match.span())
        report.stop(*_forbidden(match[0]), at)
    if not text.isascii() and (match := _BIDI.search(text)):
        message = f"U+{ord(match[0]):04X} changes the direction of the text around it"
        hint = "Remove it: it hides in which order the text is read."
        report.error("bidi-control", message, Span(*match.span()), hint)


def _forbidden(character: str) -> tuple[str, str]:
    code = f"U+{ord(character):04X}"
    if character == "\0":
        return "nul-character", "the file holds a NUL character"
    if character == "\ufeff":
        return "byte-order-mark", "a byte order mark belongs at the start of a file"
    if character == "\r":
        return "carriage-return", "a carriage return without a line feed ends no line"
    if name := _SEPARATORS.get(character):
        return "line-separator", f"{code} {name} ends no line in a flow file"
    return "control-character", f"control character {code} cannot stand in a flow file"
