"""`cache`, `inputs` and `outputs` as Python takes them."""

from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Flow, Task
from taskflow_core.errors import DefinitionError
from taskflow_core.plan import CacheSpec, TaskSpec


def spec(**keys: Any) -> TaskSpec:
    return Flow("f", [Task(len, name="t", **keys)]).plan().tasks[0]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, CacheSpec()),
        (False, None),
        (None, None),
        ({}, CacheSpec()),
        ({"ttl": "1h30m"}, CacheSpec(ttl=5400)),
        ({"ttl": 90, "key": None}, CacheSpec(ttl=90)),
        ({"key": "a.csv"}, CacheSpec(key=("a.csv",))),
        ({"key": [Path("a.csv"), "params.x"]}, CacheSpec(key=("a.csv", "params.x"))),
    ],
)
def test_what_a_cache_is(said: Any, meant: CacheSpec | None) -> None:
    assert spec(cache=said).cache == meant


def test_files_are_texts_or_paths_one_or_several() -> None:
    task = spec(inputs=Path("a.csv"), outputs=["b.csv", Path("c")])

    assert (task.inputs, task.outputs) == (("a.csv",), ("b.csv", "c"))
    assert task.is_checked
    assert not spec().is_checked


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        ({"cache": 1}, "task 't': cache must be a mapping, not 1", None),
        ({"cache": {"keys": "a"}}, "task 't': cache has no 'keys'", "Did you mean 'key'?"),
        ({"cache": {"ttl": 0}}, "task 't': cache ttl must be more than 0", None),
        ({"cache": {"key": [1]}}, "task 't': cache key must be text, not 1", None),
        ({"inputs": 1}, "task 't': inputs must be a list, not 1", None),
        ({"outputs": [""]}, "task 't': outputs is empty", None),
    ],
)
def test_what_none_is(keys: dict[str, Any], message: str, hint: str | None) -> None:
    with pytest.raises(DefinitionError) as error:
        Task(len, name="t", **keys)

    assert (str(error.value), error.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"cache": {"key": "params.limt"}},
            "the `key` of `cache` of task 't': there is no parameter 'limt'",
        ),
        (
            {"inputs": "${{ tasks.nobody.result }}"},
            "`inputs` of task 't': there is no task 'nobody'",
        ),
        (
            {"outputs": "${{ params.x"},
            "`outputs` of task 't': `${{` is never closed",
        ),
    ],
)
def test_names_that_do_not_exist_are_found_before_anything_runs(
    keys: dict[str, Any], message: str
) -> None:
    flow = Flow("f", [Task(name="t", command="x", **keys)], params={"limit": 1})
    with pytest.raises(DefinitionError) as error:
        flow.run()

    assert message in str(error.value)


def test_a_plan_with_what_is_cached_can_be_packed_and_unpacked() -> None:
    plan = Flow("f", [Task(len, name="t", cache={"key": "a", "ttl": 9}, inputs="x")]).plan()

    assert plan.unpack(plan.packed).tasks == plan.tasks
    assert plan.checked_by == {"thread"}
