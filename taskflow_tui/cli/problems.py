"""Problems of flow files as text for people: the place, the line, a caret, and what to do."""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from taskflow_core.errors import Problem
from taskflow_tui.terminal_text import safe_text

MARGIN = "    "
LONGEST = 100
"""Characters of a source line that are shown; what is around the problem is kept."""
LARGEST = 5_000_000
"""Bytes of a file that are read to show a line of it."""


def print_problems(problems: Iterable[Problem], *, file: TextIO) -> None:
    """Print each problem with its source line, a caret and its hint."""
    sources: dict[str, list[str]] = {}
    for problem in problems:
        if problem.line is not None and problem.file not in sources:
            sources[problem.file] = source_lines(problem.file)
        for line in problem_lines(problem, sources.get(problem.file, [])):
            print(line, file=file)


def source_lines(file: str) -> list[str]:
    """Return the lines of a file, or none if it cannot be read."""
    try:
        with Path(file).open("rb") as stream:
            data = stream.read(LARGEST)
    except (OSError, ValueError):
        return []
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")


def problem_lines(problem: Problem, source: Sequence[str]) -> list[str]:
    """Return a problem as lines that any terminal shows as they are.

    Args:
        problem: What is wrong.
        source: The lines of its file.
    """
    lines = [safe_text(_headline(problem)), *_excerpt(problem, source)]
    return lines + [f"  {safe_text(line)}" for line in (problem.hint or "").splitlines()]


def _headline(problem: Problem) -> str:
    place = "" if problem.line is None else f":{problem.line}:{problem.column or 1}"
    warning = "warning: " if problem.severity == "warning" else ""
    return f"{problem.file}{place}: {warning}{problem.message}"


def _excerpt(problem: Problem, source: Sequence[str]) -> list[str]:
    """Return the source line and, below it, `^~~~` under the part that is wrong."""
    if problem.line is None or problem.line > len(source):
        return []
    line = source[problem.line - 1]
    start = min((problem.column or 1) - 1, len(line))
    end = problem.end_column or start + 2
    if problem.end_line not in (None, problem.line):
        end = len(line) + 1
    shown, start, end = _cut(line, start, max(end - 1, start + 1))
    caret = "^" + "~" * (_width(shown[start:end]) - 1)
    return [MARGIN + shown, MARGIN + " " * _width(shown[:start]) + caret]


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """Return what of a line is shown, and where in it the problem is."""
    first = max(0, start - LONGEST // 2) if len(line) > LONGEST else 0
    shown = safe_text(line[first : first + LONGEST])
    before = "…" if first else ""
    after = "…" if first + LONGEST < len(line) else ""
    moved = len(before) - first
    return before + shown + after, start + moved, min(end, first + LONGEST) + moved


def _width(text: str) -> int:
    """Return the terminal columns that `text` takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
