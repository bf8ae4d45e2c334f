"""What holds for every sample written as YAML or JSON: it can be loaded, and nothing is missing."""

import importlib
import inspect
from pathlib import Path

import pytest

from tests.samples.flow_files import SAMPLES, Entry, read

FILES = sorted([*SAMPLES.glob("*.yaml"), *SAMPLES.glob("*.json")])
pytestmark = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def test_names_are_unique_and_upstream_tasks_are_written_first(path: Path) -> None:
    known: set[str] = set()
    for entry in read(path).tasks:
        assert entry.name not in known
        assert known.issuperset(entry.depends_on)
        known.add(entry.name)


def test_every_task_does_one_thing(path: Path) -> None:
    for entry in read(path).tasks:
        things = [entry.function, entry.command, entry.flow, entry.approve, entry.wait]
        assert sum(thing is not None for thing in things) == 1, entry.name


def test_every_function_exists_and_every_required_parameter_is_filled(path: Path) -> None:
    flow = read(path)
    for entry in flow.tasks:
        if entry.function:
            left = _required(entry.function) - _available(entry) - {*flow.params}
            given = len(entry.args) + (entry.foreach is not None)  # the item, or by their order
            assert len(left) <= given, entry.name


def test_a_file_with_a_name_is_named_after_itself_and_describes_its_tasks(path: Path) -> None:
    flow = read(path)
    if flow.name:
        assert flow.name == path.stem
        assert flow.description
        assert [entry.name for entry in flow.tasks if not entry.description] in ([], _SHARDS)


_SHARDS = [f"parse-{number}" for number in range(1, 9)]
"""Described by the function's own first line."""


def _required(function: str) -> set[str]:
    module, _, name = function.rpartition(".")
    signature = inspect.signature(getattr(importlib.import_module(f"sample_flows.{module}"), name))
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = [p for p in signature.parameters.values() if p.kind not in variadic]
    return {p.name for p in parameters if p.default is p.empty}


def _available(entry: Entry) -> set[str]:
    upstream = {name.replace("-", "_") for name in entry.depends_on}
    return {"ctx", *upstream, *entry.kwargs}
