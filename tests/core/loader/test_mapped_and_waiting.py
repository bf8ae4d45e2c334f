"""What `foreach`, `approve` and `wait` may say, and what becomes of it."""

from pathlib import Path
from typing import Any

import pytest

from taskflow_core.loader import load_plan
from taskflow_core.params import Param
from taskflow_core.plan import Approval, ForEach, Plan, TaskOptions, TaskSpec, Wait
from taskflow_core.policies import RetryPolicy


def plan_of(text: str, folder: Path) -> Plan:
    (folder / "flow.yaml").write_text(text)
    loaded = load_plan(folder / "flow.yaml")
    assert loaded.warnings == ()
    return loaded.plan


def task_of(keys: str, folder: Path, top: str = "") -> TaskSpec:
    """Return the last task of a flow: the one that these keys make, behind one called `split`."""
    split = "  - {name: split, command: ls, output: lines}\n"
    text = f"{top}params: {{files: [a, b]}}\ntasks:\n{split}  - {{name: a, {keys}}}\n"
    (folder / "flow.yaml").write_text(text)
    return load_plan(folder / "flow.yaml").plan.tasks[-1]


# --- foreach -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "items"),
    [
        ("params.files", "params.files"),
        ('"${{ params.files }}"', "params.files"),
        ('" ${{ params.files | sort }} "', "params.files | sort"),
        ("tasks.split.result", "tasks.split.result"),
        ("[]", []),
        ("[1, x, [2], {a: null}]", [1, "x", [2], {"a": None}]),
        (
            '["${{ params.files }}", "b ${{ env.HOME }}"]',
            ["${{ params.files }}", "b ${{ env.HOME }}"],
        ),
        ("range(3)", "range(3)"),
    ],
)
def test_ways_to_say_what_a_task_is_mapped_over(written: str, items: Any, tmp_path: Path) -> None:
    task = task_of(f"command: x, depends_on: split, foreach: {written}", tmp_path)

    assert task.foreach == ForEach(items)
    assert task.max_parallel is None


def test_a_limit_for_the_children(tmp_path: Path) -> None:
    assert task_of("command: x, foreach: [1], max_parallel: 4", tmp_path).max_parallel == 4


def test_everything_that_a_child_does_may_name_its_item(tmp_path: Path) -> None:
    plan = plan_of(
        """
        tasks:
          - name: a
            function: m.f
            args: ["${{ item }}"]
            kwargs: { a: [{ b: "${{ item.name }} ${{ index }}" }] }
            env: { A: "${{ index }}" }
            rollback: { command: "undo ${{ item }}", env: { B: "${{ index }}" } }
            foreach: [{ name: x }]
          - { name: b, foreach: [1], command: "echo ${{ item }}" }
          - { name: c, foreach: [1], command: [echo, "${{ item }}"] }
          - { name: d, foreach: [1], script: "echo ${{ item }}" }
          - { name: e, foreach: [1], approve: { prompt: "${{ item }}?" } }
          - { name: f, foreach: [1], wait: { for: "${{ item }}s" } }
          - { name: g, foreach: [1], wait: { until: "${{ item }}" } }
          - { name: h, foreach: [1], wait: { file: "${{ item }}" } }
        """,
        tmp_path,
    )

    assert all(spec.foreach is not None for spec in plan.tasks)


def test_what_a_mapped_task_depends_on_may_decide_over_what(tmp_path: Path) -> None:
    plan = plan_of(
        "tasks:\n"
        "  - {name: far, command: ls, output: lines}\n"
        "  - {name: near, command: x, depends_on: far}\n"
        "  - {name: a, foreach: tasks.far.result, command: x, depends_on: near}\n",
        tmp_path,
    )

    assert plan.needs[2] == (1,)


def test_a_rollback_is_fine_for_a_mapped_task(tmp_path: Path) -> None:
    assert task_of("function: m.f, foreach: [1], rollback: m.undo", tmp_path).rollback is not None


# --- approve -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "approval"),
    [
        ("Ship it?", Approval("Ship it?")),
        ("{prompt: Ship it?}", Approval("Ship it?")),
        (
            '{prompt: "Ship ${{ params.files }}?", fields: {note: str, n: int}}',
            Approval("Ship ${{ params.files }}?", {"note": Param(), "n": Param(type="int")}),
        ),
        (
            "{prompt: x, fields: {how: {choices: [a, b], default: a}, n: {default: 3, max: 5}}}",
            Approval(
                "x",
                {
                    "how": Param(type="choice", choices=("a", "b"), default="a"),
                    "n": Param(type="int", default=3, max=5),
                },
            ),
        ),
    ],
)
def test_ways_to_ask(written: str, approval: Approval, tmp_path: Path) -> None:
    task = task_of(f"approve: {written}", tmp_path)

    assert (task.kind, task.approval) == ("approve", approval)


# --- wait --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "wait"),
    [
        ("{for: 30}", Wait(seconds=30.0)),
        ("{for: 1h30m}", Wait(seconds=5400.0)),
        ("{for: 0}", Wait(seconds=0.0)),
        ('{for: "${{ params.files | length }}m"}', Wait(seconds="${{ params.files | length }}m")),
        ("{until: 18:30}", Wait(until="18:30")),
        ("{until: 7:05:30}", Wait(until="7:05:30")),
        ("{until: 2026-01-31}", Wait(until="2026-01-31")),
        ("{until: 2026-01-31T18:30:00+02:00}", Wait(until="2026-01-31T18:30:00+02:00")),
        ('{until: "${{ env.WHEN }}"}', Wait(until="${{ env.WHEN }}")),
        ("{file: data/in.csv}", Wait(file="data/in.csv")),
        ('{file: "${{ env.HOME }}/x"}', Wait(file="${{ env.HOME }}/x")),
    ],
)
def test_ways_to_wait(written: str, wait: Wait, tmp_path: Path) -> None:
    task = task_of(f"wait: {written}", tmp_path)

    assert (task.kind, task.wait) == ("wait", wait)


# --- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["approve: x", "wait: {for: 1s}", "foreach: [1], command: x"])
def test_keys_that_every_task_may_have(what: str, tmp_path: Path) -> None:
    task = task_of(
        f"{what}, depends_on: split, when: params.files, trigger_rule: all_done, priority: 3, "
        "allow_failure: true, group: g, tags: [t], description: d, merge: last, breakpoint: true, "
        "timeout: 1h",
        tmp_path,
    )

    assert (task.when, task.group, task.tags) == ("params.files", "g", ("t",))
    assert task.depends_on == ("split",)
    assert (task.description, len(task.breakpoints)) == ("d", 1)
    assert task.options.timeout == 3600.0
    assert (task.options.merge, task.options.priority) == ("last", 3)


def test_a_flow_too(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("tasks: []")
    task = task_of(
        "flow: inner.yaml, depends_on: split, when: params.files, trigger_rule: all_done, "
        "priority: 3, allow_failure: true, group: g, tags: [t], description: d, merge: last, "
        "breakpoint: true, foreach: [1], max_parallel: 2",
        tmp_path,
    )

    assert (task.kind, task.max_parallel, task.options.allow_failure) == ("flow", 2, True)


TOP = "defaults: {retry: 2, timeout: 5m, grace: 1, group: g, tags: t, env: {A: b}}\nenv: {C: d}\n"


def test_of_the_defaults_they_have_what_means_something(tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("tasks: []")
    tasks = [
        task_of(keys, tmp_path, TOP)
        for keys in ("approve: x", "wait: {for: 1s}", "flow: inner.yaml")
    ]

    assert {(task.group, task.tags) for task in tasks} == {("g", ("t",))}
    assert [task.options for task in tasks] == [TaskOptions(cwd=str(tmp_path))] * 3
    mapped = task_of("command: x, foreach: [1]", tmp_path, TOP).options
    assert (mapped.retry, mapped.timeout) == (RetryPolicy(retries=2), 300.0)
    assert mapped.env == {"A": "b", "C": "d"}


def test_a_timeout_of_their_own_counts(tmp_path: Path) -> None:
    assert task_of("approve: x, timeout: 1d", tmp_path, TOP).options.timeout == 86400.0
