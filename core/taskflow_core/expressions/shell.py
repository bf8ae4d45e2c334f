"""Where in a shell command a quoted value is safe.

A value is put into a command as `shlex.quote` writes it: one word for a shell that reads words
there. Inside quotes, comments, arithmetic and here-documents it is not one, and what it holds
could be executed. This scanner follows POSIX (XCU 2.3 Token Recognition, 2.2 Quoting, 2.6.3
Command Substitution, 2.7.4 Here-Document) and the extensions of bash that change how text is read.
Where shells differ, or reading on would take a parser, it says so, and no value goes in from
there on.
"""

import re
from enum import Enum, auto
from typing import NamedTuple

from taskflow_core.expressions.here_documents import UNCLEAR_END, HereDocuments

_BLANKS = " \t\n"
_WORD_END = f"{_BLANKS};&|()<>"
_PLAIN_PARAMETER = re.compile(r"""\$\{[#!]?[A-Za-z0-9_@*?$!-]+(?:\[[@*0-9A-Za-z_]+\])?\}""")
_ANSI_TEXT = re.compile(r"\$'[^'\\]*'")
_CASE = re.compile(r"case[ \t\n]")


class Refusal(NamedTuple):
    """Why a value cannot stand at a place."""

    message: str
    hint: str


class _In(Enum):
    COMMAND = auto()
    SUBSTITUTION = auto()
    BRACKETS = auto()
    SINGLE = auto()
    DOUBLE = auto()
    BACKTICKS = auto()
    PARAMETER = auto()
    ARITHMETIC = auto()
    COMMENT = auto()
    HEREDOC = auto()


_READS_WORDS = (_In.COMMAND, _In.SUBSTITUTION, _In.BRACKETS)
_ELSEWHERE = 'Put the value into `env:` and write "$NAME", or use `command: [list]` or `| raw`.'
_QUOTED = Refusal(
    "the value would be quoted twice", "Remove the quotes: the value is quoted for you."
)
_REFUSED = {
    _In.SINGLE: _QUOTED,
    _In.DOUBLE: _QUOTED,
    _In.BACKTICKS: Refusal(
        "inside backticks a quoted value is not safe", "Write `$( … )` instead of backticks."
    ),
    _In.PARAMETER: Refusal("inside `${ … }` the value would not be quoted", _ELSEWHERE),
    _In.ARITHMETIC: Refusal("in arithmetic the value would not be quoted", _ELSEWHERE),
    _In.COMMENT: Refusal(
        "a line break in the value would end the comment", "Take the expression out."
    ),
    _In.HEREDOC: Refusal(
        "inside a here-document the value would not be quoted",
        "Put the value into `env:` and write $NAME, or use `| raw`.",
    ),
}
_REFUSED_BEHIND = {
    "\\": Refusal("a backslash stands before the expression", "Remove it."),
    "$": Refusal("a `$` stands before the expression", "Write `${{` once."),
}


class ShellScanner:
    """Reads a command piece by piece; between two pieces `refusal` says whether a value may go."""

    def __init__(self) -> None:
        self._open = [_In.COMMAND]
        self._round: list[int] = []
        """How many brackets are open in each arithmetic expression."""
        self._text = ""
        self._at = 0
        self._before = "\n"
        """The character before, for words and `$`; a line break where a command begins."""
        self._documents = HereDocuments()
        self._unsure: str | None = None
        """Why it is not certain how a shell reads what comes now."""

    def feed(self, text: str) -> None:
        """Read a piece of the command up to the next expression, or to the end."""
        self._text, self._at = text, 0
        if text.startswith("#") and self._before == "":
            self._unsure = "`#` right behind an expression may begin a comment"
        while self._at < len(self._text):
            self._step()

    def put_value(self) -> None:
        """Note that a value stands here."""
        self._before = ""
        if self._open[-1] is _In.HEREDOC:
            self._documents.put_value()

    def refusal(self) -> Refusal | None:
        """Return why no quoted value may stand here, or None if one may."""
        if self._unsure is not None:
            return Refusal(f"the value may not be safe here: {self._unsure}", _ELSEWHERE)
        if self._open[-1] in _REFUSED:
            return _REFUSED[self._open[-1]]
        if _In.BACKTICKS in self._open:
            return _REFUSED[_In.BACKTICKS]
        return _REFUSED_BEHIND.get(self._before)

    def _step(self) -> None:
        match self._open[-1]:
            case _In.SINGLE:
                self._skip_behind("'")
            case _In.COMMENT:
                self._comment()
            case _In.HEREDOC:
                self._document_line()
            case _In.DOUBLE:
                self._in_double_quotes()
            case _In.PARAMETER:
                self._in_parameter()
            case _In.ARITHMETIC:
                self._in_arithmetic()
            case _:
                self._in_words()

    def _in_words(self) -> None:
        text, at = self._text, self._at
        character = text[at]
        starts_word = self._before != "" and self._before in _WORD_END
        if starts_word and character == "#":
            self._enter(_In.COMMENT, 1)
        elif starts_word and _CASE.match(text, at) and len(self._open) > 1:
            self._doubt("brackets of `case` are hard to tell from those around it")
            self._skip(4)
        elif character == "\n" and self._documents:
            self._begin_documents()
        elif character == "'":
            self._enter(_In.SINGLE, 1)
        elif character in "()":
            self._bracket(character)
        elif text.startswith("<<", at) and not text.startswith("<<<", at):
            self._announce_document()
        elif text.startswith("<<<", at):
            self._skip(3)
        else:
            self._anywhere()

    def _anywhere(self) -> None:
        """Read what means the same with and without double quotes around it."""
        text, at = self._text, self._at
        character = text[at]
        if character == "\\":
            self._escape()
        elif character == '"':
            self._enter(_In.DOUBLE, 1)
        elif character == "`":
            self._backtick()
        elif character == "$":
            self._dollar()
        else:
            self._skip(1)

    def _dollar(self) -> None:
        text, at = self._text, self._at
        if plain := _PLAIN_PARAMETER.match(text, at):
            self._skip(len(plain[0]))
        elif text.startswith("$((", at):
            self._round.append(2)
            self._enter(_In.ARITHMETIC, 3)
        elif text.startswith("$(", at):
            self._enter(_In.SUBSTITUTION, 2)
        elif text.startswith("${", at):
            self._enter(_In.PARAMETER, 2)
        elif text.startswith("$[", at):
            self._doubt("`$[` is arithmetic for some shells")
            self._skip(2)
        elif text.startswith("$'", at) and self._open[-1] is not _In.DOUBLE:
            self._ansi_text()
        elif text.startswith(("$#", "$$"), at):
            self._skip(2)
            self._before = "$" if text[at + 1] == "$" else "x"
        else:
            self._skip(1)

    def _ansi_text(self) -> None:
        if plain := _ANSI_TEXT.match(self._text, self._at):
            self._skip(len(plain[0]))
        else:
            self._doubt("shells differ in how they read `$'`")
            self._skip(1)

    def _escape(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        before = self._before
        self._at += 2
        # A backslash at the end of a line joins it with the next, as if neither were there.
        self._before = before if following == "\n" else ("x" if following else "\\")

    def _backtick(self) -> None:
        if _In.BACKTICKS not in self._open:
            self._enter(_In.BACKTICKS, 1)
        elif self._open[-1] is _In.BACKTICKS:
            self._leave(1)
        else:
            self._doubt("a backtick ends what something inside of it has begun")
            self._skip(1)

    def _bracket(self, character: str) -> None:
        if character == "(":
            if self._text.startswith("((", self._at):
                self._round.append(2)
                self._enter(_In.ARITHMETIC, 2)
            else:
                self._enter(_In.BRACKETS, 1)
        elif len(self._open) > 1 and self._open[-1] in _READS_WORDS:
            if self._documents:
                self._doubt("brackets close before the here-document begins")
            self._leave(1, before=")" if self._open[-1] is _In.BRACKETS else "x")
        else:
            self._skip(1)

    def _in_double_quotes(self) -> None:
        if self._text[self._at] == '"':
            self._leave(1)
        else:
            self._anywhere()

    def _in_parameter(self) -> None:
        character = self._text[self._at]
        if character == "}":
            self._leave(1)
        elif character in "'\"" and _In.DOUBLE in self._open:
            self._doubt('shells differ in how they read quotes inside "${ … }"')
            self._skip(1)
        elif character == "'":
            self._enter(_In.SINGLE, 1)
        else:
            self._anywhere()

    def _in_arithmetic(self) -> None:
        character = self._text[self._at]
        if character in "'\"#":
            # `((` may also be a command in brackets in brackets: then quotes and `#` count.
            self._doubt("`((` is arithmetic or a command")
            self._skip(1)
        elif character == "(":
            self._round[-1] += 1
            self._skip(1)
        elif character == ")":
            self._round[-1] -= 1
            if self._round[-1]:
                self._skip(1)
            else:
                self._round.pop()
                self._leave(1)
        else:
            self._anywhere()

    def _comment(self) -> None:
        end = self._text.find("\n", self._at)
        if "`" in self._text[self._at : end if end >= 0 else None] and _In.BACKTICKS in self._open:
            self._doubt("a backtick stands in a comment inside backticks")
        if end < 0:
            self._at = len(self._text)
        else:
            self._at = end
            self._open.pop()
            self._before = " "

    def _announce_document(self) -> None:
        self._at, doubt = self._documents.announce(self._text, self._at)
        self._before = "x"
        if _In.BACKTICKS in self._open:
            doubt = UNCLEAR_END
        self._doubt(doubt)

    def _begin_documents(self) -> None:
        self._at += 1
        self._documents.begin()
        self._open.append(_In.HEREDOC)

    def _document_line(self) -> None:
        self._at, doubt = self._documents.read(self._text, self._at)
        self._doubt(doubt)
        if not self._documents:
            self._open.pop()
            self._before = "\n"

    def _skip_behind(self, closing: str) -> None:
        end = self._text.find(closing, self._at)
        if end < 0:
            self._at = len(self._text)
        else:
            self._at = end
            self._leave(1)

    def _enter(self, what: _In, length: int) -> None:
        if self._documents and what not in (_In.COMMENT, _In.SINGLE, _In.DOUBLE):
            self._doubt("more than words follow `<<` on its line")
        self._open.append(what)
        self._skip(length)

    def _leave(self, length: int, before: str = "x") -> None:
        self._open.pop()
        self._at += length
        self._before = before

    def _skip(self, length: int) -> None:
        self._at += length
        self._before = self._text[self._at - 1]

    def _doubt(self, why: str | None) -> None:
        self._unsure = self._unsure or why
