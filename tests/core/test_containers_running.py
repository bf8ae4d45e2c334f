"""Mapped tasks, sub-flows and waiting tasks in real runs: values, items, parameters, results."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Context
from taskflow_core.memory_code import MemoryCode
from taskflow_core.params import Param
from taskflow_core.plan import Approval, ForEach, Plan, SubFlow, TaskOptions, TaskSpec, Wait
from taskflow_core.session.handle import RunHandle
from taskflow_core.session.starting import begin
from taskflow_core.statuses import RunStatus

Function = Callable[..., Any]
EXECUTORS = ["thread", "async", "process", "inline"]


def task(name: str, *depends_on: str, executor: str = "thread", **fields: Any) -> TaskSpec:
    options = TaskOptions(executor=executor, **fields.pop("options", {}))
    return TaskSpec(name=name, depends_on=depends_on, options=options, **fields)


def start(tasks: list[TaskSpec], functions: dict[str, Function], **fields: Any) -> RunHandle:
    plan = Plan.of(name="test", tasks=tasks, **fields)
    specs = [*plan.tasks, *plan.templates]
    code = MemoryCode(plan, [functions.get(spec.name) for spec in specs])
    return begin(code, buses=[], journal=None, max_parallel=None)


def names() -> list[str]:
    return ["a", "b", "c"]


async def shout_later(name: str) -> str:
    return name.upper()


def shout(name: str) -> str:
    return name.upper()


def upper(text: str) -> str:
    return text.upper()


def thousandfold(item: object) -> list[object]:
    return [item] * 1000


def total_length(size: list[list[object]]) -> int:
    return sum(map(len, size))


def one_more(ship: dict[str, int]) -> int:
    return ship["count"] + 1


def join(parts: list[str]) -> str:
    return "".join(parts)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_function_is_called_for_each_item_and_the_results_are_a_list(executor: str) -> None:
    func = shout_later if executor == "async" else shout
    run = start(
        [
            task("names"),
            task("shout", "names", executor=executor, foreach=ForEach("tasks.names.result")),
            task("join", "shout", executor="process" if executor == "process" else "thread"),
        ],
        {"names": names, "shout": func, "join": join},
    )
    result = run.wait()

    assert result.state is RunStatus.SUCCEEDED
    assert result["shout"] == ["A", "B", "C"]
    assert result["join"] == "ABC"
    assert result["shout[1]"] == "B"


def test_expressions_of_a_mapped_task_know_item_and_index(tmp_path: Path) -> None:
    command = f"echo ${{{{ index }}}} ${{{{ item.name }}}} > {tmp_path}/${{{{ item.name }}}}.txt"
    run = start(
        [
            TaskSpec(
                name="write",
                kind="command",
                command=command,
                foreach=ForEach([{"name": "x"}, {"name": "y z"}]),
                options=TaskOptions(executor="shell"),
            )
        ],
        {},
    )
    assert run.wait().state is RunStatus.SUCCEEDED
    assert (tmp_path / "y z.txt").read_text() == "1 y z\n"


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_a_sub_flow_has_its_own_parameters_and_names(executor: str) -> None:
    sub = SubFlow(
        name="greeting",
        params={"who": Param(), "times": Param(type="int", default=2)},
        given={"who": "${{ tasks.names.result[1] }}"},
    )

    def fetch(who: str, times: int) -> str:
        return who * times

    def decorate(fetch: str, ctx: Context) -> str:
        assert ctx.results["fetch"] == fetch
        assert ctx.params == {"who": "b", "times": 2}
        return f"<{fetch}>"

    def report(greet: dict[str, str]) -> str:
        return greet["decorate"]

    run = start(
        [
            task("names"),
            task("greet", "names", kind="flow", subflow=sub),
            task("greet/fetch", parent="greet", executor=executor),
            task("greet/decorate", "greet/fetch", parent="greet", executor=executor),
            task("report", "greet", executor=executor),
        ],
        {
            "names": names,
            "greet/fetch": fetch,
            "greet/decorate": decorate,
            "report": report,
        },
    )
    result = run.wait()
    assert result.error is None
    assert result["report"] == "<bb>"


def test_a_mapped_sub_flow_is_told_its_item() -> None:
    sub = SubFlow(name="region", params={"name": Param()}, given={"name": "${{ item }}"})

    def fetch(name: str) -> list[str]:
        return [name, name * 2]

    run = start(
        [
            task("names"),
            task(
                "region",
                "names",
                kind="flow",
                subflow=sub,
                foreach=ForEach("tasks.names.result"),
            ),
        ],
        {"names": names, "region[]/fetch": fetch, "region[]/load": upper},
        templates=[
            task("region[]/fetch", parent="region[]"),
            task("region[]/load", "region[]/fetch", parent="region[]",
                 foreach=ForEach("tasks.fetch.result")),
        ],
    )  # fmt: skip
    result = run.wait()
    assert result.state is RunStatus.SUCCEEDED
    assert result["region"][2] == {"fetch": ["c", "cc"], "load": ["C", "CC"]}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("'abc'", "is no list but a str"),
        ("{'a': 1}", "is no list but a dict"),
        ("12", "is no list but a int"),
        ("params.missing", "there is no parameter"),
        ("range(1000)|map('string')|list", None),
    ],
)
def test_what_is_no_list_fails_the_task_with_a_reason(value: str, reason: str | None) -> None:
    result = start([task("shout", foreach=ForEach(value))], {"shout": shout}).wait()

    if reason is None:
        assert len(result["shout"]) == 1000
    else:
        assert reason in str(result.tasks["shout"].reason)


def test_a_task_is_not_mapped_over_a_million_items() -> None:
    run = start(
        [task("many"), task("shout", "many", foreach=ForEach("tasks.many.result"))],
        {"many": lambda: list(range(1_000_000)), "shout": shout},
    )
    assert "1,000,000 items are too many" in str(run.wait().tasks["shout"].reason)


def test_items_that_cannot_be_hashed_and_results_that_are_large_come_back() -> None:
    run = start(
        [
            task("size", foreach=ForEach([{"n": [1]}, {"n": {}}]), executor="process"),
            task("total", "size", executor="process"),
        ],
        {"size": thousandfold, "total": total_length},
    )
    assert run.wait()["total"] == 2000


def test_an_approval_is_answered_from_python_with_typed_fields() -> None:
    approval = Approval("Ship ${{ params.day }}?", {"count": Param(type="int"), "note": Param()})
    run = start(
        [TaskSpec(name="ship", kind="approve", approval=approval), task("push", "ship")],
        {"push": one_more},
        params={"day": Param(default="monday")},
    )
    asked = threading.Event()
    run.subscribe(lambda _: asked.set(), kinds=["TaskWaiting"])
    assert asked.wait(10)
    with pytest.raises(Exception, match="parameter 'note' has no value"):
        run.answer("ship", count="3")
    run.answer("ship", count="3", note="ok")
    assert run.wait()["push"] == 4


def test_waiting_for_a_file_ends_when_it_is_there(tmp_path: Path) -> None:
    wait = Wait(file="done-${{ params.n }}")
    run = start(
        [
            TaskSpec(name="file", kind="wait", wait=wait, options=TaskOptions(cwd=str(tmp_path))),
            TaskSpec(name="moment", kind="wait", wait=Wait(seconds="10ms")),
        ],
        {},
        params={"n": Param(type="int", default=1)},
    )
    asked = threading.Event()
    run.subscribe(lambda _: asked.set(), kinds=["TaskWaiting"], tasks=["file"])
    assert asked.wait(10)
    (tmp_path / "done-1").touch()
    result = run.wait(30)
    assert result["file"] == str(tmp_path / "done-1")


def test_ten_thousand_children_and_one_of_them_retried_alone() -> None:
    seen: dict[int, int] = {}

    def load(item: int) -> int:
        seen[item] = seen.get(item, 0) + 1
        if item == 7_777 and seen[item] == 1:
            raise ValueError(item)
        return item

    run = start(
        [
            task("many"),
            task("load", "many", foreach=ForEach("tasks.many.result")),
            task("total", "load"),
        ],
        {"many": lambda: list(range(10_000)), "load": load, "total": sum},
    )
    assert run.wait().state is RunStatus.FAILED
    assert run.retry() == ["load[7777]"]
    result = run.wait()
    assert result["total"] == sum(range(10_000))
    assert sum(seen.values()) == 10_001


def test_context_written_by_children_is_merged_where_the_mapped_task_says_how() -> None:
    def count(item: int, ctx: Context) -> None:
        ctx["rows"] = item

    def total(ctx: Context) -> int:
        return sum(ctx["rows"])

    options = {"merge": "list"}
    run = start(
        [
            task("load", foreach=ForEach([1, 2, 3]), options=options),
            task("total", "load"),
        ],
        {"load": count, "total": total},
    )
    assert run.wait()["total"] == 6
