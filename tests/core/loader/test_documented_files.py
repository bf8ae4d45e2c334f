"""What the page about flow files says can be loaded as it stands there, and no key is missing."""

import re
from pathlib import Path

import pytest

import taskflow_core.loader.grammar as grammar
from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan

PAGE = (Path(__file__).parents[3] / "docs" / "flow-file.md").read_text()
FILES = re.findall(r"^```(yaml|json|python)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
NAMED = {
    text.splitlines()[0].removeprefix("# "): text
    for _, text in FILES
    if re.match(r"# \S+\.yaml\n", text)
}
"""Those that begin with a name, which others have as sub-flows."""
BUILT = sorted(
    grammar.FLOW_KEYS
    | grammar.TASK_KEYS
    | grammar.RETRY_KEYS
    | grammar.BREAKPOINT_KEYS
    | grammar.PARAM_KEYS
    | grammar.APPROVE_KEYS
    | grammar.WAIT_KEYS
    | grammar.SERVICE_KEYS
    | grammar.READY_KEYS
    | grammar.EDGE_KEYS
)


@pytest.mark.parametrize(("notation", "text"), FILES)
def test_a_flow_on_the_page_is_right(notation: str, text: str, tmp_path: Path) -> None:
    for name, other in NAMED.items():
        (tmp_path / name).write_text(other)
    file = tmp_path / f"flow.{notation.replace('python', 'py')}"
    file.write_text(text)

    loaded = load_plan(file, trusted=notation == "python")

    assert isinstance(loaded.plan, Plan)
    assert loaded.warnings == ()


def test_the_page_shows_flows_in_every_notation() -> None:
    assert {notation for notation, _ in FILES} == {"yaml", "json", "python"}


@pytest.mark.parametrize("key", BUILT)
def test_a_key_that_works_is_on_the_page(key: str) -> None:
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize(
    "key", sorted(grammar.FLOW_KEYS_TO_COME | grammar.TASK_KEYS_TO_COME - grammar.FLOW_KEYS)
)
def test_a_key_that_is_to_come_is_not_said_to_work(key: str) -> None:
    assert f"| `{key}` |" not in PAGE
