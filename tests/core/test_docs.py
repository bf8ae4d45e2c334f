"""The examples in the documentation run as they are."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2]
PAGES = ("README.md", "docs/graphs.md", "docs/library.md")


def examples() -> list[tuple[str, str]]:
    """Return every Python example with what it is called."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: match.start()].count("\n") + 2
            found.append((f"{page}:{line}", match.group(1)))
    return found


@pytest.mark.parametrize(("place", "code"), examples(), ids=lambda value: str(value)[:30])
def test_the_example_runs(place: str, code: str) -> None:
    exec(compile(code, place, "exec"), {"__name__": "example"})


def test_there_are_examples_on_every_page() -> None:
    assert {place.rpartition(":")[0] for place, _ in examples()} == set(PAGES)
