"""A problem inside a text is underlined where it is written, whatever the way of writing it."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskflow_core.errors import FlowFileError, Problem
from taskflow_core.loader import load_plan

NAME = "params.nope"


def problem_in(text: str, folder: Path, suffix: str = ".yaml") -> Problem:
    """Return the only thing wrong with a flow file."""
    file = folder / f"flow{suffix}"
    file.write_text(text)
    with pytest.raises(FlowFileError) as caught:
        load_plan(file)
    (problem,) = caught.value.problems
    return problem


def underlined(problem: Problem, text: str) -> str:
    """Return the text at a problem's place, to the end of the line if it goes on there."""
    assert problem.line is not None
    assert problem.column is not None
    line = text.split("\n")[problem.line - 1]
    end = None if problem.end_column is None else problem.end_column - 1
    return line[problem.column - 1 : end if problem.end_line == problem.line else None]


@pytest.mark.parametrize(
    "value",
    [
        "x ${{ params.nope }} y",
        "'x ${{ params.nope }}'",
        "'it''s ${{ params.nope }}'",
        '"x ${{ params.nope }}"',
        '"\\t\\u0065 ${{ params.nope }}"',
        "x\n          y ${{ params.nope }}",
        "'x\n\n          y ${{ params.nope }}'",
        "|\n          x\n\n          ${{ params.nope }}",
        "|2-  # why\n            x\n           ${{ params.nope }} y",
        ">\n          x\n          y ${{ params.nope }}\n\n            z",
        "&anchor x ${{ params.nope }}",
        "!!str 'x ${{ params.nope }}'",
        "&anchor\n          x ${{ params.nope }}",
    ],
)
def test_a_name_is_underlined_in_every_style_of_yaml(value: str, tmp_path: Path) -> None:
    text = f"tasks:\n  - name: a\n    function: m.f\n    args:\n      - {value}\n"

    assert underlined(problem_in(text, tmp_path), text) == NAME


def test_a_name_that_is_written_with_escapes_is_underlined_at_its_start(tmp_path: Path) -> None:
    text = 'tasks:\n  - {name: a, function: m.f, args: ["x ${{ params.\\u006eope }}"]}\n'

    assert underlined(problem_in(text, tmp_path), text) == "p"


def test_an_expression_that_begins_with_an_escape_is_underlined_with_its_text(
    tmp_path: Path,
) -> None:
    text = 'tasks:\n  - {name: a, function: m.f, args: ["${{ 1 }} \\x24{{ params.nope }}"]}\n'

    assert underlined(problem_in(text, tmp_path), text) == '"${{ 1 }} \\x24{{ params.nope }}"'


def test_an_alias_is_underlined_where_it_stands(tmp_path: Path) -> None:
    text = (
        "env: {A: &a '${{ ctx.x }}'}\n"
        "tasks:\n  - {name: a, command: x, when: *a}\n  - {name: b, command: x, timeout: *a}\n"
    )

    assert underlined(problem_in(text, tmp_path), text) == "*a"


def test_the_whole_of_an_expression_is_underlined_that_cannot_stand_there(tmp_path: Path) -> None:
    text = "tasks:\n  - name: a\n    script: |\n      echo x\n      echo '${{ env.A }}' # x\n"

    assert underlined(problem_in(text, tmp_path), text) == "${{ env.A }}"


PADDING = st.text(st.sampled_from("ab é-:#'\"\\\n\t|>%{}"), max_size=30)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
@given(PADDING, PADDING, st.sampled_from([None, "'", '"', "|", ">"]), st.integers(10, 60))
def test_a_name_is_underlined_however_its_text_is_written(
    tmp_path: Path, before: str, after: str, style: str | None, width: int
) -> None:
    value = f"{before}${{{{ {NAME} }}}}{after}"
    flow = {"tasks": [{"name": "a", "function": "m.f", "args": [{"b": value}]}]}

    in_yaml = yaml.safe_dump(flow, default_style=style, width=width, allow_unicode=True)
    found = underlined(problem_in(in_yaml, tmp_path), in_yaml)
    assert found == NAME

    in_json = json.dumps(flow)
    assert underlined(problem_in(in_json, tmp_path, ".json"), in_json) == NAME
