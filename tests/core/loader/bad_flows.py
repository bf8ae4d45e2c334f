"""Reads `bad_flows.txt`: flow files with something wrong, and what is to be found in them."""

import re
from pathlib import Path
from typing import NamedTuple

from taskflow_core.errors import Problem

_TEXT = Path(__file__).with_name("bad_flows.txt")


class Case(NamedTuple):
    """A bad flow file."""

    title: str
    text: str
    expected: tuple[str, ...]

    @property
    def suffix(self) -> str:
        return ".json" if self.title.endswith(".json") else ".yaml"


def cases() -> list[Case]:
    """Return every case of the file."""
    return [_case(part) for part in _TEXT.read_text().split("\n=== ")[1:]]


def found(problem: Problem, text: str) -> str:
    """Return a problem as the file of cases writes it."""
    what = f"{'!' if problem.severity == 'error' else '?'} {problem.slug}"
    if problem.line is None or problem.column is None or problem.end_column is None:
        return f"{what} -"
    line = text.removeprefix("\ufeff").split("\n")[problem.line - 1]
    end = problem.end_column if problem.end_line == problem.line else len(line) + 1
    shown = re.sub(
        r"[^ -~]", lambda odd: f"<U+{ord(odd[0]):04X}>", line[problem.column - 1 : end - 1]
    )
    return f"{what} {problem.line}:{problem.column} {shown}".rstrip()


def _case(part: str) -> Case:
    title, *lines = part.split("\n")
    expected = tuple(line for line in lines if line.startswith(("! ", "? ")) and _is_expected(line))
    body = "\n".join(lines[len(expected) :]).removesuffix("\n")
    text = re.sub(r"<U\+([0-9A-F]{4})>", lambda code: chr(int(code[1], 16)), body)
    return Case(title, text, expected)


def _is_expected(line: str) -> bool:
    return re.fullmatch(r"[!?] [a-z0-9-]+ (-|\d+:\d+( .*)?)", line) is not None
