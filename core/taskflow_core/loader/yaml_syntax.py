"""What is wrong where YAML cannot be parsed, said so that it can be mended.

The parser's own words (libyaml's and PyYAML's differ a little) name the rule that was broken;
what the person did is read off the text at that place.
"""

import re
from typing import Any, NamedTuple

from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import SURROGATE, TOO_DEEP

_TOKEN = re.compile(r"[^\s,\]}]+")
_LONGEST_KEY = 1024
_BLANK = re.compile(r"[ \t]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


class Explanation(NamedTuple):
    """A problem, for `Report.stop`."""

    slug: str
    message: str
    at: Span
    hint: str | None = None


class _Stop(NamedTuple):
    """Where and why the parser stopped."""

    words: str
    """What it was doing, and what it did not expect."""
    text: str
    opened: int
    """Where what it was reading begins."""
    at: int

    def says(self, *phrases: str) -> bool:
        return any(phrase in self.words for phrase in phrases)

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indent(self, offset: int) -> int:
        start = self.line_start(offset)
        line = self.text[start : self.line_end(offset)]
        return len(line) - len(line.lstrip(" "))

    def rest(self, offset: int) -> Span:
        return Span(offset, self.line_end(offset))

    def token(self, offset: int) -> Span:
        match = _TOKEN.match(self.text, offset)
        return Span(offset, match.end() if match else offset + 1)

    def quoted(self, span: Span) -> str:
        value = self.text[span.start : span.end].strip()
        return f"'{value}'" if '"' in value or "\\" in value else f'"{value}"'


def explain(error: Any, text: str) -> Explanation:
    """Return what a `yaml.MarkedYAMLError` about `text` means."""
    at = error.problem_mark.index if error.problem_mark else len(text)
    opened = error.context_mark.index if error.context_mark else at
    stop = _Stop(f"{error.context}: {error.problem}", text, opened, at)
    rules = (_tab, _quote, _reserved, _alias, _expression, _bracket, _colon, _block, _misplaced)
    for rule in rules:
        if found := rule(stop):
            return found
    return Explanation("yaml-syntax", f"this is not YAML: {error.problem}", stop.token(at))


def _tab(stop: _Stop) -> Explanation | None:
    start = stop.line_start(stop.at)
    blank = _BLANK.match(stop.text, start)
    if blank is None or "\t" not in blank[0] or blank.end() < stop.at:
        return None
    at = Span(start + blank[0].index("\t"), blank.end())
    return Explanation("tab-indent", "a tab cannot indent a line", at, "Indent with spaces.")


def _quote(stop: _Stop) -> Explanation | None:
    if not stop.says("quoted scalar"):
        return None
    if stop.says("escape", "expected escape"):
        start = max(stop.text.rfind("\\", stop.opened, stop.at + 1), stop.opened)
        if _SURROGATE.match(stop.text, start):
            return Explanation("surrogate", SURROGATE, Span(start, start + 6))
        message = "this is no escape sequence"
        hint = r"In double quotes a backslash is written `\\`; single quotes keep it as it is."
        return Explanation("bad-escape", message, Span(start, start + 2), hint)
    hint = f"Add a closing {stop.text[stop.opened]} at the end of the text."
    return Explanation("unclosed-quote", "this quote is never closed", stop.rest(stop.opened), hint)


def _reserved(stop: _Stop) -> Explanation | None:
    if not stop.says("cannot start any token"):
        return None
    at = stop.rest(stop.at)
    message = f"a text without quotes cannot start with {stop.text[stop.at : stop.at + 1]!r}"
    return Explanation("reserved-character", message, at, f"Quote it: {stop.quoted(at)}.")


def _alias(stop: _Stop) -> Explanation | None:
    if not stop.says("scanning an alias", "scanning an anchor"):
        return None
    at = stop.token(stop.opened)
    sign = stop.text[stop.opened]
    what = "alias" if sign == "*" else "anchor"
    message = f"{sign!r} at the start of a value means a YAML {what}"
    return Explanation(f"bad-{what}", message, at, f"Quote it if it is text: {stop.quoted(at)}.")


def _expression(stop: _Stop) -> Explanation | None:
    match = _EXPRESSION.match(stop.text, max(stop.at - 1, 0))
    if match is None:
        return None
    at = Span(*match.span())
    message = "inside `{…}` and `[…]` an expression needs quotes"
    return Explanation("unquoted-expression", message, at, f"Write {stop.quoted(at)}.")


def _bracket(stop: _Stop) -> Explanation | None:
    if not stop.says("flow sequence", "flow mapping", "flow node"):
        return None
    opened = stop.opened
    if stop.text[opened : opened + 1] not in ("[", "{"):
        opened = max(stop.text.rfind("[", 0, stop.at), stop.text.rfind("{", 0, stop.at), 0)
    closing = "]" if stop.text[opened] == "[" else "}"
    same_line = stop.line_start(stop.at) == stop.line_start(opened)
    ended = stop.at >= len(stop.text.rstrip())
    if not ended and (same_line or stop.indent(stop.at) > stop.indent(opened)):
        message = f"a comma or `{closing}` is missing here"
        return Explanation("missing-comma", message, stop.token(stop.at))
    message = f"`{stop.text[opened]}` is never closed"
    return Explanation("unclosed-bracket", message, stop.rest(opened), f"Add `{closing}`.")


def _colon(stop: _Stop) -> Explanation | None:
    if not stop.says("mapping values are not allowed"):
        return None
    colon = stop.text.find(": ", stop.line_start(stop.at), stop.at)
    if colon < 0 and stop.at - stop.line_start(stop.at) > _LONGEST_KEY:
        key = Span(stop.line_start(stop.at), stop.at)
        return Explanation("long-key", f"a key has more than {_LONGEST_KEY:,} characters", key)
    if colon < 0:
        return _indented(stop)
    value = stop.quoted(stop.rest(colon + 1))
    message = "a text with `: ` in it needs quotes"
    return Explanation("colon-in-text", message, Span(stop.at, stop.at + 1), f"Write {value}.")


def _block(stop: _Stop) -> Explanation | None:
    if stop.says("could not find expected ':'"):
        message = "this line has no `: ` after its key"
        return Explanation("missing-colon", message, stop.rest(stop.opened))
    if not stop.says("did not find expected key", "<block end>", "'-' indicator"):
        return None
    if stop.text[stop.at : stop.at + 1] == ":":
        message = "a key is missing before the `:`"
        return Explanation("missing-key", message, Span(stop.at, stop.at + 1))
    before = stop.text[stop.line_start(stop.at) : stop.at].rstrip()
    if before.endswith(("'", '"')):
        message = "there is text after the closing quote"
        hint = "Put the whole value in quotes, with the other kind inside."
        return Explanation("text-after-quote", message, stop.token(stop.at), hint)
    return _indented(stop)


def _misplaced(stop: _Stop) -> Explanation | None:
    if stop.says("maximum nesting depth"):
        return Explanation("too-deep", TOO_DEEP, Span(stop.at, stop.at + 1))
    if stop.says("sequence entries are not allowed"):
        message = "a list cannot begin on the line of its key"
        hint = "Begin it on the next line, or write `[…]`."
        return Explanation("list-after-key", message, stop.rest(stop.at), hint)
    if stop.says("node content") and stop.text[stop.at : stop.at + 1] in ("]", "}", ","):
        message = f"there is nothing that this {stop.text[stop.at]!r} belongs to"
        return Explanation("stray-bracket", message, Span(stop.at, stop.at + 1))
    if stop.says("document start"):
        message = "there is text after the end of the document"
        return Explanation("two-documents", message, stop.rest(stop.at))
    return None


def _indented(stop: _Stop) -> Explanation:
    indent = stop.indent(stop.at)
    at = stop.rest(stop.line_start(stop.at) + indent)
    expected = stop.opened - stop.line_start(stop.opened)
    if stop.opened != stop.at and indent == expected:
        message = "a list item and a key cannot stand side by side"
        return Explanation("mixed-block", message, at, "Indent what belongs below the line above.")
    message = f"this line is indented by {indent}, unlike the lines it belongs to"
    line = stop.text.count("\n", 0, stop.opened) + 1
    hint = None if stop.opened == stop.at else f"Indent it by {expected}, like line {line}."
    return Explanation("bad-indent", message, at, hint)
