"""Everything that can be wrong with a flow file has a slug and a place of its own."""

from pathlib import Path

import pytest
import yaml

from taskflow_core.errors import FlowFileError
from taskflow_core.loader import load_plan, yaml_reader
from tests.core.loader.bad_flows import Case, cases, found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_what_is_wrong_is_found_where_it_is(case: Case, tmp_path: Path) -> None:
    file = tmp_path / f"flow{case.suffix}"
    file.write_bytes(case.text.encode())

    try:
        problems = load_plan(file).warnings
    except FlowFileError as error:
        problems = error.problems

    assert tuple(found(problem, case.text) for problem in problems) == case.expected


@pytest.mark.parametrize(
    "case", [case for case in cases() if case.suffix == ".yaml"], ids=lambda case: case.title
)
def test_it_is_found_without_libyaml_too(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_reader, "_EVENTS", yaml.SafeLoader)

    test_what_is_wrong_is_found_where_it_is(case, tmp_path)
