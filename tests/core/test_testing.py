"""What people who test their own flows are given: `taskflow_core.testing`, and its page."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Flow, RunOutcome, Task
from taskflow_core.actions import Break, Cancel, Pause, Resume, Retry, Skip
from taskflow_core.clock import Instant
from taskflow_core.errors import DefinitionError, RefusedError, UnknownTaskError
from taskflow_core.outcomes import Failed
from taskflow_core.plan import Plan
from taskflow_core.policies import RetryPolicy
from taskflow_core.testing import (
    FakeClock,
    at,
    returns,
    run_flow,
    simulate,
    simulate_trace,
)
from tests.core.driving import plan, spec

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
CHAIN = plan(spec("a", retries=1), spec("b", "a"))


# --- the clock ---------------------------------------------------------------------------


def test_a_fake_clock_moves_only_when_it_is_told_to() -> None:
    clock = FakeClock(wall=100.0, mono=5.0)

    assert clock.now() == clock.now() == Instant(100.0, 5.0)
    assert clock.advance(2.5) == clock.now() == Instant(102.5, 7.5)


def test_a_fake_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock().advance(-1.0)


# --- outcomes ----------------------------------------------------------------------------


def test_everything_succeeds_unless_the_script_says_otherwise() -> None:
    run = simulate(CHAIN)

    assert run.state == "SUCCEEDED"
    assert run.order == ["a", "b"]
    assert run.makespan == 2.0


def test_a_list_says_how_the_first_attempts_end_and_the_later_ones_succeed() -> None:
    run = simulate(CHAIN, outcomes={"a": ["fail"]})

    assert [attempt.state for attempt in run.tasks["a"].attempts] == ["FAILED", "SUCCEEDED"]
    assert run.state == "SUCCEEDED"


def test_anything_but_a_list_says_how_all_attempts_end() -> None:
    run = simulate(CHAIN, outcomes={"a": ValueError("bad row")})

    assert [attempt.error for attempt in run.tasks["a"].attempts] == ["ValueError: bad row"] * 2
    assert run.tasks["b"].state == "UPSTREAM_FAILED"


@pytest.mark.parametrize(
    ("script", "attempt", "task"),
    [
        ("ok", "SUCCEEDED", "SUCCEEDED"),
        ("fail", "FAILED", "FAILED"),
        ("crash", "CRASHED", "FAILED"),
        ("skip", "SUCCEEDED", "SKIPPED"),
        ("hang", "TIMED_OUT", "FAILED"),
        ("stuck", "TIMED_OUT", "FAILED"),
        (Failed(error="exit code 3", exit_code=3), "FAILED", "FAILED"),
        (KeyError("x"), "FAILED", "FAILED"),
        (returns("text"), "SUCCEEDED", "SUCCEEDED"),
        (42, "SUCCEEDED", "SUCCEEDED"),
    ],
)
def test_an_attempt_ends_as_its_script_says(script: Any, attempt: str, task: str) -> None:
    run = simulate(plan(spec("a", timeout=5.0, grace=2.0)), outcomes={"a": script})

    assert run.tasks["a"].attempts[0].state == attempt
    assert run.tasks["a"].state == task


def test_what_hangs_ends_at_its_timeout_and_what_is_stuck_only_when_it_is_killed() -> None:
    tasks = plan(spec("a", timeout=5.0, grace=2.0))

    assert simulate(tasks, outcomes={"a": "hang"}).makespan == 5.0
    stuck = simulate(tasks, outcomes={"a": "stuck"})
    assert stuck.makespan == 7.0
    assert stuck.tasks["a"].attempts[0].forced


def test_a_value_is_returned_as_its_preview() -> None:
    run = simulate(CHAIN, outcomes={"a": {"rows": 3}, "b": returns(["x"])})

    assert run.tasks["a"].result == {"value": {"rows": 3}}
    assert run.tasks["b"].result == {"value": ["x"]}


def test_a_word_that_means_nothing_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(DefinitionError, match="cannot end with 'explode'") as error:
        simulate(CHAIN, outcomes={"a": "explode"})

    assert error.value.hint == "If it returns that text, write returns('explode')."


@pytest.mark.parametrize("argument", ["outcomes", "durations", "conditions"])
def test_a_name_that_is_no_task_is_an_error(argument: str) -> None:
    arguments: dict[str, Any] = {argument: {"c": 1}}

    with pytest.raises(UnknownTaskError, match="'c'"):
        simulate(CHAIN, **arguments)


def test_conditions_are_true_unless_the_script_says_otherwise() -> None:
    tasks = plan(spec("a"))
    tasks.tasks[0] = type(tasks.tasks[0])(name="a", when="params.x > 1")

    assert simulate(tasks).tasks["a"].state == "SUCCEEDED"
    assert simulate(tasks, conditions={"a": False}).tasks["a"].state == "SKIPPED"
    broken = simulate(tasks, conditions={"a": KeyError("x")})
    assert broken.tasks["a"].reason == "condition: 'params.x > 1': 'x'"


# --- time --------------------------------------------------------------------------------


def test_retries_wait_on_the_clock_of_the_simulation() -> None:
    day = RetryPolicy(retries=2, delay=86_400.0)

    run = simulate(plan(spec("a", retry=day)), outcomes={"a": ["fail", "fail"]})

    assert [one.start for one in run.schedule] == [0.0, 86_401.0, 172_802.0]
    assert run.makespan == 172_803.0


def test_workers_limit_how_many_tasks_run_at_once() -> None:
    wide = plan(*(spec(f"t{n}") for n in range(12)))

    assert simulate(wide, durations=240.0, workers=4).makespan == 720.0
    assert simulate(wide, durations=240.0).makespan == 240.0


def test_an_attempt_that_takes_longer_than_its_timeout_times_out() -> None:
    run = simulate(plan(spec("a", timeout=5.0)), durations=10.0)

    assert run.tasks["a"].attempts[0].state == "TIMED_OUT"
    assert run.makespan == 5.0


def test_a_pool_limits_how_many_of_its_tasks_run_at_once() -> None:
    pooled = Plan.of(
        name="pooled", tasks=[spec(f"t{n}", pool="db") for n in range(4)], pools={"db": 2}
    )

    assert simulate(pooled, durations=5.0).makespan == 10.0


def test_the_schedule_tells_when_each_attempt_ran() -> None:
    run = simulate(CHAIN, outcomes={"a": ["fail"]}, durations={"a": 2.0, "b": 3.0})

    assert run.schedule == [("a", 0.0, 2.0, 1, 0), ("a", 2.0, 4.0, 2, 0), ("b", 4.0, 7.0, 1, 0)]


def test_the_seed_decides_the_jitter() -> None:
    retry = RetryPolicy(retries=3, delay=10.0, jitter="full")
    tasks = plan(spec("a", retry=retry))

    logs = {seed: simulate(tasks, outcomes={"a": "fail"}, seed=seed).log() for seed in range(5)}

    assert len(set(logs.values())) == 5
    assert logs[3] == simulate(tasks, outcomes={"a": "fail"}, seed=3).log()


def test_an_attempt_that_hangs_without_a_timeout_ends_the_simulation_not_the_run() -> None:
    run = simulate(CHAIN, outcomes={"a": "hang"})

    assert run.state == "RUNNING"
    assert run.schedule == [("a", 0.0, None, 1, 0)]


# --- people ------------------------------------------------------------------------------


def test_a_run_that_is_paused_and_left_alone_stays_paused() -> None:
    run = simulate(CHAIN, actions=[at(0.5, Pause())])

    assert run.state == "PAUSED"
    assert run.makespan == 1.0
    assert run.tasks["b"].state == "READY"


def test_actions_happen_when_their_time_has_come_whatever_their_order() -> None:
    run = simulate(CHAIN, actions=[at(10.0, Resume()), at(0.5, Pause())])

    assert [one.start for one in run.schedule] == [0.0, 10.0]


def test_a_settled_run_goes_on_by_a_retry() -> None:
    run = simulate(CHAIN, outcomes={"a": ["fail", "fail"]}, actions=[at(100.0, Retry())])

    assert run.state == "SUCCEEDED"
    assert [(one.task, one.start) for one in run.schedule[2:]] == [("a", 100.0), ("b", 101.0)]


def test_a_cancelled_attempt_ends_at_once_unless_it_is_stuck() -> None:
    tasks, cancel = plan(spec("a", grace=3.0)), [at(2.0, Cancel())]

    assert simulate(tasks, outcomes={"a": "hang"}, actions=cancel).makespan == 2.0
    assert simulate(tasks, outcomes={"a": "stuck"}, actions=cancel).makespan == 5.0


def test_breakpoints_hold_tasks_in_a_simulation_too() -> None:
    run = simulate(CHAIN, actions=[at(0.0, Break(task="b"))])

    assert run.state == "PAUSED"
    assert run.tasks["b"].state == "HELD"


def test_what_the_run_refuses_is_raised() -> None:
    with pytest.raises(RefusedError, match="'a' is running"):
        simulate(CHAIN, actions=[at(0.5, Skip(tasks=("a",)))])
    with pytest.raises(RefusedError, match="SUCCEEDED"):
        simulate(CHAIN, actions=[at(50.0, Pause())])


# --- traces ------------------------------------------------------------------------------


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Four tasks, the last in the file first; two of them have the same name."""
    tasks = [
        {"name": "join", "id": "join_4", "parents": ["part_2", "part_3"], "children": []},
        {"name": "part", "id": "part_2", "parents": ["split_1"], "children": ["join_4"]},
        {"name": "part", "id": "part_3", "parents": ["split_1"], "children": ["join_4"]},
        {"name": "split", "id": "split_1", "parents": [], "children": ["part_2", "part_3"]},
    ]
    took = {"split_1": 1.5, "part_2": 2.0, "part_3": 4.25, "join_4": 0}
    executed = [{"id": name, "runtimeInSeconds": seconds} for name, seconds in took.items()]
    workflow = {"specification": {"tasks": tasks}, "execution": {"tasks": executed}}
    path = tmp_path / "small.json"
    path.write_text(json.dumps({"name": "small", "schemaVersion": "1.5", "workflow": workflow}))
    return path


def test_a_recorded_workflow_is_replayed_with_as_many_workers_as_one_likes(trace: Path) -> None:
    makespan, schedule = simulate_trace(trace, workers=2)

    assert makespan == 5.75
    assert [(one.task, one.start, one.end) for one in schedule] == [
        ("split_1", 0.0, 1.5),
        ("part_2", 1.5, 3.5),
        ("part_3", 1.5, 5.75),
        ("join_4", 5.75, 5.75),
    ]
    assert simulate_trace(trace, workers=1).makespan == 7.75


def test_the_longest_way_can_go_first(trace: Path) -> None:
    in_file_order = simulate_trace(trace, workers=1)
    longest_first = simulate_trace(trace, workers=1, order="critical")

    assert [one.task for one in in_file_order.schedule] == ["split_1", "part_2", "part_3", "join_4"]
    assert [one.task for one in longest_first.schedule] == ["split_1", "part_3", "part_2", "join_4"]


def test_the_first_to_be_ready_can_go_first(trace: Path) -> None:
    run = simulate_trace(trace, workers=1, order="fifo")

    assert [one.task for one in run.schedule] == ["split_1", "part_2", "part_3", "join_4"]


def test_a_file_that_is_no_trace_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"workflow": 3}')

    with pytest.raises(DefinitionError, match=r"other\.json is not in WfFormat"):
        simulate_trace(path)


# --- fakes -------------------------------------------------------------------------------


def _unreachable() -> int:
    raise AssertionError("the real function was called")


def _double(number: int) -> int:
    return 2 * number


def _flow() -> Flow:
    return Flow(
        "faked",
        tasks=[
            Task(_unreachable, name="number"),
            Task(_double, name="double", depends_on="number"),
            Task(command=["false"], name="ship", depends_on="double"),
        ],
    )


def test_fakes_take_the_place_of_functions_and_commands_and_the_rest_is_real() -> None:
    shipped: list[int] = []

    def ship(double: int) -> None:
        shipped.append(double)

    result = run_flow(_flow(), {"number": 21, "ship": ship})

    assert result.state == "SUCCEEDED"
    assert result["double"] == 42
    assert shipped == [42]


def test_a_handler_has_a_fake_under_its_own_name() -> None:
    outcomes: list[object] = []

    def tell(run: RunOutcome) -> None:
        outcomes.append(run.state)

    handlers: dict[Any, Any] = {
        "failure": {"command": "false"},
        "always": outcomes.append,
    }
    flow = Flow("faked", [Task(_unreachable, name="number")], handlers=handlers)

    result = run_flow(flow, {"handler:failure": tell})

    assert [each if isinstance(each, str) else type(each).__name__ for each in outcomes] == [
        "FAILED",
        "RunOutcome",
    ]
    assert result.handlers["failure"].ok
    assert flow.plan().handlers[0].command == "false"


def test_a_fake_that_is_an_exception_is_raised() -> None:
    result = run_flow(_flow(), {"number": ValueError("no number")})

    assert result.state == "FAILED"
    assert result.error == "ValueError: no number"
    assert result.tasks["double"].state == "UPSTREAM_FAILED"


def test_a_faked_run_changes_nothing_of_the_flow() -> None:
    flow = _flow()
    before = flow.plan().to_json()

    run_flow(flow, {"number": 1, "ship": None})

    assert flow.plan().to_json() == before
    assert flow.run().error == "AssertionError: the real function was called"


def test_a_fake_for_no_task_is_an_error() -> None:
    with pytest.raises(UnknownTaskError, match="'nubmer'"):
        run_flow(_flow(), {"nubmer": 1})


# --- the page ----------------------------------------------------------------------------


def test_every_example_of_the_page_is_true() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) >= 8

    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)


def test_the_package_does_not_load_what_only_tests_need() -> None:
    code = "import sys, taskflow_core; print('taskflow_core.testing' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.stdout == "False\n"


def test_with_fakes_nothing_is_cached_and_no_file_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKFLOW_STATE", str(tmp_path / "state"))
    tasks = [
        Task(lambda: 1, name="load", cache=True),
        Task(name="make", command="make", outputs="never.csv", depends_on="load"),
    ]

    for _ in range(2):
        results = run_flow(Flow("f", [t.with_options() for t in tasks]), {"make": 2})
        assert results.tasks["load"].reason == "executed"
        assert results["make"] == 2
    assert not (tmp_path / "state").exists()
