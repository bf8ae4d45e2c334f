"""What is said of a task: in the log pane, and for one who asks why."""

from pathlib import Path

import taskflow_core.events as ev
from taskflow_core.plan import CacheSpec, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus
from taskflow_tui.log_subject import LogSubject, log_subject
from taskflow_tui.task_definition import definition
from taskflow_tui.why import why
from tests.tui.fakes import FakeRun
from tests.tui.scenes import failed, half_way, patched_up, reused, runs_in, stalled


def asked(run: FakeRun, task: str) -> list[str]:
    run.poll()
    number = run.state.number_of(task)
    return why(run.state, number, run.status, run.clock())


def said(subject: LogSubject) -> list[str]:
    lines = [*subject.instead, *subject.after]
    return ["".join(text for text, _ in line.pieces) for line in lines]


def test_the_log_pane_says_that_a_task_did_not_have_to_run(tmp_path: Path) -> None:
    run = reused(runs_in(tmp_path))
    run.poll()
    number = run.state.number_of("fetch_orders")

    assert said(log_subject(run.state, number, None, run.status, None)) == [
        "It did not have to run.",
        "── reused from the cache ──",
        "Cached: nothing changed since run 7kq2, 3h ago.",
    ]


def test_what_decides_whether_a_task_has_to_run_is_part_of_its_definition() -> None:
    spec = TaskSpec(
        name="t",
        command="make",
        cache=CacheSpec(key=("params.day", "*.csv"), ttl=86_400),
        inputs=("in.csv",),
        outputs=("out.csv",),
    )
    plan = RunState().plan
    plan.tasks.append(spec)

    facts = dict(definition(plan, 0))
    assert facts["cached"] == "for 1d00h, params.day, *.csv"
    assert (facts["reads"], facts["makes"]) == ("in.csv", "out.csv")
    plan.tasks[0] = TaskSpec(name="t", command="make", cache=CacheSpec())
    assert dict(definition(plan, 0))["cached"] == "yes"


def test_why_a_task_is_reused_had_to_run_or_runs(tmp_path: Path) -> None:
    run = reused(runs_in(tmp_path))

    assert asked(run, "fetch_orders") == ["cached: nothing changed since run 7kq2, 3h ago"]
    assert asked(run, "fetch_users") == [
        "had to run: argument `day`: 'monday' → 'tuesday'; not kept: the disk is full"
    ]


def test_why_a_task_waits_is_blocked_or_failed(tmp_path: Path) -> None:
    run = failed(runs_in(tmp_path))

    assert asked(run, "publish")[0] == "blocked by train_apac"
    assert asked(run, "publish")[1].startswith("train_apac FAILED: exit 137")
    assert asked(run, "train_apac")[1].startswith("attempt 2 was made because attempt 1 failed: ")
    assert asked(half_way(runs_in(tmp_path)), "eval") == ["needs train_eu, train_us, train_apac"]


def test_why_a_task_is_held_or_has_the_result_it_has(tmp_path: Path) -> None:
    assert asked(stalled(runs_in(tmp_path)), "eval")[0].startswith("held by ")
    assert asked(patched_up(runs_in(tmp_path)), "eval") == ["a person said what its result is"]
    assert asked(patched_up(runs_in(tmp_path)), "report")[0].startswith("stale: train_us")


def test_why_a_task_was_skipped_by_its_condition() -> None:
    spec = TaskSpec(name="t", when="params.full")
    state = RunState()
    state.plan.tasks.append(spec)
    state.lay_out(state.plan)
    state.apply_one(ev.TaskSkipped(1, 0.0, "r", "t", 0, "condition"))

    assert why(state, 0, RunStatus.RUNNING, 0.0) == [
        "condition",
        "its condition is false: params.full",
    ]
