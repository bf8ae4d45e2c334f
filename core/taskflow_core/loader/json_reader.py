"""JSON → tree, by a reader that knows where it is (RFC 8259, and no more than it)."""

import json
import re
from typing import NoReturn

from taskflow_core.loader.report import Report
from taskflow_core.loader.scalars import ScalarError, plain_value
from taskflow_core.loader.source import Span
from taskflow_core.loader.tree import Node, Plain, TreeBuilder

_BLANK = re.compile(r"[ \t\n]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z_.+-])")
_WORD = re.compile(r"[^\s,:{}\[\]\"]+")
_WORDS: dict[str, Plain] = {"true": True, "false": False, "null": None}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_CLOSING = {"{": "}", "[": "]"}


def read_json(report: Report) -> Node:
    """Return the value a JSON file holds.

    Raises:
        FlowFileError: it is not JSON, or more of it than anybody could mean.
    """
    return _JsonReader(report).read()


class _JsonReader:
    """One pass over the text; `at` is the offset of what comes next."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.text = report.source.text
        self.tree = TreeBuilder(report)
        self.at = 0
        self.opened: list[int] = []
        """The offsets of the brackets that have not been closed."""

    def read(self) -> Node:
        self._check_start()
        self._value()
        while self.opened:
            self._next_member()
        self._blank()
        if self.at < len(self.text):
            self._comment()
            end = self.text.find("\n", self.at)
            span = Span(self.at, end if end > 0 else len(self.text))
            self.report.stop("json-extra", "there is text after the end of the JSON value", span)
        if self.tree.root is None:
            raise AssertionError("a value was read, so there is a root")
        return self.tree.root

    def _check_start(self) -> None:
        if not self._blank():
            hint = 'A flow needs at least {"tasks": []}.'
            self.report.stop("empty-file", "the file is empty", None, hint)
        self._comment()
        if re.compile(r"[\w-]+:(\s|$)|---|- ").match(self.text, self.at):
            hint = "Name it .yaml."
            self.report.stop("not-json", "this is YAML, not JSON", self._token(), hint)

    def _value(self) -> None:
        character = self._blank()
        if character in _CLOSING:
            self._open(character)
        elif character == '"':
            self._string()
        else:
            self._plain()

    def _open(self, bracket: str) -> None:
        begin = self.tree.begin_mapping if bracket == "{" else self.tree.begin_list
        begin(self.at)
        self.opened.append(self.at)
        self.at += 1
        if self._blank() == _CLOSING[bracket]:
            self._close()
        elif bracket == "{":
            self._key_and_value()
        else:
            self._value()

    def _next_member(self) -> None:
        bracket = self.text[self.opened[-1]]
        character = self._blank()
        if character == _CLOSING[bracket]:
            self._close()
        elif character == ",":
            self._member_after_comma(bracket)
        elif not character:
            self._unclosed()
        else:
            self._comment()
            message = f"a comma or `{_CLOSING[bracket]}` is missing here"
            self.report.stop("missing-comma", message, self._token())

    def _member_after_comma(self, bracket: str) -> None:
        comma = self.at
        self.at += 1
        if self._blank() in ("}", "]"):
            message = "a comma before a closing bracket is not JSON"
            self.report.stop("json-trailing-comma", message, Span(comma, comma + 1), "Drop it.")
        if bracket == "{":
            self._key_and_value()
        else:
            self._value()

    def _close(self) -> None:
        self.opened.pop()
        self.at += 1
        self.tree.end(self.at)

    def _key_and_value(self) -> None:
        character = self._blank()
        if not character:
            self._unclosed()
        if character != '"':
            self._comment()
            hint = f'Write "{self.text[slice(*self._token())].strip(chr(39))}".'
            message = "a key is text in double quotes"
            self.report.stop("json-quotes", message, self._token(), hint)
        self._string()
        if self._blank() != ":":
            self.report.stop("missing-colon", "`:` is missing after the key", self._token())
        self.at += 1
        self._value()

    def _string(self) -> None:
        match = _STRING.match(self.text, self.at)
        if match is None:
            self._bad_string()
        span = Span(*match.span())
        try:
            value = json.loads(match[0]) if "\\" in match[0] else match[0][1:-1]
        except json.JSONDecodeError as error:
            at = span.start + error.pos
            self.report.stop("bad-escape", "this is no escape sequence of JSON", Span(at, at + 2))
        self.tree.add_scalar(value, value, *span)
        self.at = span.end

    def _bad_string(self) -> NoReturn:
        tail = re.compile(r'"(?:[^"\\\n]|\\.)*+').match(self.text, self.at)
        end = tail.end() if tail else self.at + 1
        if self.text[end : end + 1] == '"':
            tab = self.text.index("\t", self.at)
            message = "a tab inside a JSON string is written `\\t`"
            self.report.stop("json-tab", message, Span(tab, tab + 1))
        message = "this quote is never closed on its line"
        self.report.stop("unclosed-quote", message, Span(self.at, end))

    def _plain(self) -> None:
        span = self._token()
        word = self.text[span.start : span.end]
        if not word or self.at >= len(self.text):
            self._unclosed()
        if word in _WORDS:
            self.tree.add_scalar(_WORDS[word], word, *span)
        elif word in _NOT_FINITE:
            self.report.error("not-finite", f"{word} is not JSON", span)
            self.tree.add_broken(*span)
        elif _NUMBER.match(self.text, self.at):
            self._number(word, span)
        else:
            self._no_value(word, span)
        self.at = span.end

    def _number(self, word: str, span: Span) -> None:
        try:
            self.tree.add_scalar(plain_value(word), word, *span)
        except ScalarError as error:
            self.report.error(error.slug, str(error), span, error.hint)
            self.tree.add_broken(*span)

    def _no_value(self, word: str, span: Span) -> NoReturn:
        self._comment()
        if word.startswith("'"):
            hint = f'Write "{word.strip(chr(39))}".'
            self.report.stop("json-quotes", "JSON text is written in double quotes", span, hint)
        if word.lower() in ("true", "false", "null", "none"):
            right = word.lower().replace("none", "null")
            self.report.stop("json-word", f"JSON writes `{right}`, not `{word}`", span)
        if word[0] in "0123456789+-.":
            self.report.stop("json-number", f"{word[:30]} is not a number of JSON", span)
        message = "a value is missing here" if word[0] in ",:]}" else f"{word[:30]!r} is not JSON"
        self.report.stop("json-syntax", message, span, "Text is written in double quotes.")

    def _unclosed(self) -> NoReturn:
        if not self.opened:
            self.report.stop("json-syntax", "a value is missing here", self._token())
        bracket = self.opened[-1]
        message = f"`{self.text[bracket]}` is never closed"
        hint = f"Add `{_CLOSING[self.text[bracket]]}`."
        self.report.stop("unclosed-bracket", message, Span(bracket, bracket + 1), hint)

    def _comment(self) -> None:
        if self.text.startswith(("//", "/*", "#"), self.at):
            end = self.text.find("\n", self.at)
            span = Span(self.at, end if end > 0 else len(self.text))
            hint = "Name the file .yaml to use comments."
            self.report.stop("json-comment", "JSON has no comments", span, hint)

    def _blank(self) -> str:
        """Skip blanks and return the next character, or nothing at the end."""
        if match := _BLANK.match(self.text, self.at):
            self.at = match.end()
        return self.text[self.at : self.at + 1]

    def _token(self) -> Span:
        match = _WORD.match(self.text, self.at)
        return Span(*match.span()) if match else Span(self.at, self.at + 1)
