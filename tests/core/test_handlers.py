"""Handlers run once a run's outcome is decided, and before whoever waits for it goes on."""

import asyncio
import logging
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Context, Flow, RunOutcome, Task, runs
from taskflow_core.errors import ArgumentsError, DefinitionError
from taskflow_core.process_tree import COOKIE
from taskflow_core.statuses import RunStatus
from tests.core.handled import (
    FAILED,
    GOOD,
    STUCK,
    TOLERATED,
    broken,
    finished,
    heard,
    nothing,
    undo,
)

Outcomes = list[RunOutcome]


def takes_two(one: object, two: object) -> None:
    del one, two


# --- which, and when ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "on_failure", "state", "moment"),
    [
        ([GOOD], "finish", "SUCCEEDED", "success"),
        ([TOLERATED], "finish", "PARTIAL", "success"),
        ([GOOD, FAILED], "finish", "FAILED", "failure"),
        ([GOOD, FAILED], "cancel", "FAILED", "failure"),
        ([GOOD, FAILED], "rollback", "ROLLED_BACK", "failure"),
        ([STUCK, FAILED], "rollback", "ROLLBACK_FAILED", "failure"),
    ],
)
def test_the_handler_of_the_outcome_runs_and_then_the_one_for_all(
    tasks: list[Task], on_failure: Any, state: str, moment: str
) -> None:
    ran: list[str] = []
    names = ("always", "cancel", "failure", "success")
    handlers = {name: partial(ran.append, name) for name in names}
    flow = Flow("handled", tasks, on_failure=on_failure, handlers=handlers)  # type: ignore[arg-type]

    result = flow.run()

    assert result.state == state
    assert ran == [moment, "always"]
    assert {name: one.ok for name, one in result.handlers.items()} == {moment: True, "always": True}


def test_after_a_cancel_the_handler_for_that_runs() -> None:
    entered, outcomes = threading.Event(), Outcomes()

    def wait(ctx: Context) -> None:
        entered.set()
        while not ctx.cancelled:
            threading.Event().wait(0.001)

    flow = Flow("cancelled", [Task(wait)], handlers={"cancel": outcomes.append})
    with flow.start() as handle:
        assert entered.wait(10)
        handle.cancel()
        handle.wait()

    assert [outcome.state for outcome in outcomes] == ["CANCELLED"]
    assert outcomes[0].reason == "cancelled by python"


def test_an_outcome_without_a_handler_of_its_own_has_none() -> None:
    events = heard(Flow("none", [GOOD], handlers={"failure": broken}))

    assert events[-1].kind == "RunSettled"


def test_handlers_run_after_the_outcome_is_recorded_and_before_the_wait_is_over() -> None:
    seen: list[str] = []

    def look() -> None:
        seen.append("handler")

    flow = Flow("in order", [GOOD], handlers={"success": look})
    flow.subscribe(lambda event: seen.append(event.kind), kinds=["RunSettled", "HandlerFinished"])

    flow.run()
    seen.append("after the run")

    assert seen.index("handler") < seen.index("after the run")
    assert seen.index("RunSettled") < seen.index("HandlerFinished") < seen.index("after the run")


def test_the_events_of_handlers_come_last() -> None:
    events = heard(Flow("last", [GOOD], handlers={"success": nothing, "always": nothing}))

    assert [event.kind for event in events[-5:]] == [
        "RunSettled",
        "HandlerStarted",
        "HandlerFinished",
        "HandlerStarted",
        "HandlerFinished",
    ]


async def test_run_async_waits_for_them_too() -> None:
    outcomes = Outcomes()

    async def tell(run: RunOutcome) -> None:
        await asyncio.sleep(0)
        outcomes.append(run)

    result = await Flow("awaited", [GOOD], handlers={"always": tell}).run_async()

    assert result.handlers["always"].ok
    assert [outcome.state for outcome in outcomes] == ["SUCCEEDED"]


def test_a_run_that_is_revived_and_settles_again_runs_them_again() -> None:
    outcomes, is_mended = Outcomes(), threading.Event()

    def work() -> None:
        if not is_mended.is_set():
            broken()

    flow = Flow("revived", [Task(work)], handlers={"always": outcomes.append})
    with flow.start() as handle:
        handle.wait()
        is_mended.set()
        handle.retry()
        result = handle.wait()

    assert [outcome.state for outcome in outcomes] == ["FAILED", "SUCCEEDED"]
    assert outcomes[0].failed == ("work",)
    assert list(result.handlers) == ["always"]


def test_a_retry_waits_for_the_handlers_that_are_at_work() -> None:
    entered, go, order = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        order.append("work")
        if len(order) == 1:
            broken()

    def slow() -> None:
        entered.set()
        assert go.wait(10)
        order.append("handled")

    with Flow("busy", [Task(work)], handlers={"failure": slow}).start() as handle:
        assert entered.wait(10)
        retry = threading.Thread(target=handle.retry)
        retry.start()
        go.set()
        retry.join(10)
        assert handle.wait().state == "SUCCEEDED"

    assert order == ["work", "handled", "work"]


# --- what they are given -----------------------------------------------------------------


def test_a_function_gets_the_outcome_as_its_first_parameter_if_it_takes_one() -> None:
    given: list[object] = []

    def plain(outcome: RunOutcome) -> None:
        given.append(outcome)

    def named(day: str, ctx: Context, run: RunOutcome, more: str = "default") -> None:
        given.extend([day, ctx.task, ctx.params["day"], run.state, more])

    def without() -> None:
        given.append("nothing")

    tasks = [Task(int, name="a"), Task(broken, name="b"), Task(int, name="c", depends_on="b")]
    params = {"day": "monday"}
    for handler in (plain, named, without):
        Flow("given", tasks, params=params, handlers={"failure": handler}).run()

    assert given == [
        RunOutcome("FAILED", "1 task failed", ("b",)),
        "monday", "handler:failure", "monday", "FAILED", "default",
        "nothing",
    ]  # fmt: skip


def test_what_failed_is_named_also_if_it_may_fail_or_was_undone() -> None:
    outcomes = Outcomes()
    begun = Task(broken, name="begun", rollback=undo, rollback_on="started", depends_on="good")
    handlers = {"always": outcomes.append}

    Flow("tolerated", [TOLERATED, Task(int, name="other")], handlers=handlers).run()  # type: ignore[arg-type]
    Flow("undone", [GOOD, begun], on_failure="rollback", handlers=handlers).run()  # type: ignore[arg-type]
    Flow("stuck", [STUCK, FAILED], on_failure="rollback", handlers=handlers).run()  # type: ignore[arg-type]

    assert [(outcome.state, outcome.failed) for outcome in outcomes] == [
        ("PARTIAL", ("broken",)),
        ("ROLLED_BACK", ("begun",)),
        ("ROLLBACK_FAILED", ("good", "broken")),
    ]


def test_a_command_knows_the_run_by_expressions_and_by_its_environment(tmp_path: Path) -> None:
    file = tmp_path / "said"
    command = (
        "printf '%s|' ${{ run.state }} ${{ run.reason }} ${{ run.failed }} ${{ params.day }}"
        f" ${{{{ tasks.good.state }}}} ${{{{ tasks.broken.state }}}} > {file};"
        f' printf "%s|" "$TASKFLOW_RUN_STATE" "$TASKFLOW_RUN_REASON" "$TASKFLOW_RUN_FAILED"'
        f' "$TASKFLOW_TASK" "$OWN" "$ALL" >> {file}'
    )
    handlers = {"failure": {"command": command, "env": {"OWN": "<${{ run.state }}>"}}}
    tasks = [GOOD, Task(broken, name="broken"), Task(broken, name="other one")]
    flow = Flow("said", tasks, params={"day": "a b"}, env={"ALL": "x"}, handlers=handlers)  # type: ignore[arg-type]

    assert finished(heard(flow)) == [("failure", True, None)]
    expected = ["FAILED", "2 tasks failed", "broken", "other one", "a b", "SUCCEEDED", "FAILED"]
    expected += ["FAILED", "2 tasks failed", "broken\nother one", "handler:failure", "<FAILED>"]
    assert file.read_text() == "|".join([*expected, "x", ""])


def test_what_a_handler_returns_is_dropped_even_if_nobody_could_store_it(tmp_path: Path) -> None:
    flow = Flow("lock", [GOOD], handlers={"success": lambda: threading.Lock()})

    assert finished(heard(flow, journal=tmp_path)) == [("success", True, None)]


# --- what is no handler ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ({"failed": print}, "a name in handlers cannot be 'failed'"),
        ({"failure": 3}, "handlers: failure must be a function, a dotted name or a mapping, not 3"),
        ({"failure": {"command": "x", "retry": 2}}, "handlers: failure has no 'retry'"),
        ({"failure": {}}, "handlers: failure needs exactly one of function and command"),
        ({"failure": {"command": "x", "timeout": 0}}, "timeout must be more than 0"),
        ("notify", "handlers must be a mapping"),
    ],
)
def test_what_is_no_handler_is_refused(handlers: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        Flow("f", handlers=handlers)


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ({"failure": "no.such"}, "no module"),
        ({"failure": {"command": "echo ${{ ctx.a }}"}}, "there is no name 'ctx'"),
        ({"failure": {"command": "echo ${{ run.status }}"}}, "`run` has no 'status'"),
        ({"failure": {"command": "echo ${{ tasks.goood.result }}"}}, "there is no task 'goood'"),
        ({"failure": takes_two}, "handler:failure"),
    ],
)
def test_a_handler_that_could_not_run_is_found_before_anything_runs(
    handlers: Any, message: str
) -> None:
    with pytest.raises((DefinitionError, ArgumentsError), match=message):
        Flow("f", [GOOD], handlers=handlers).run()


def test_tasks_do_not_know_how_the_run_ends() -> None:
    with pytest.raises(DefinitionError, match="`run` exists only in handlers"):
        Flow("f", [Task(name="a", command="echo ${{ run.state }}")]).run()


# --- elsewhere ---------------------------------------------------------------------------


def test_a_recorded_run_shows_them_in_other_processes_and_keeps_their_output(
    tmp_path: Path,
) -> None:
    def say(run: RunOutcome) -> None:
        print(f"it {run.state}")

    result = Flow("shown", [GOOD], handlers={"always": say}).run(journal=tmp_path)
    reader = runs.open_run(result.run_id, tmp_path)

    assert reader.state.handled["always"].ok
    assert reader.is_over
    assert reader.handler_output("always").read_text() == "it SUCCEEDED\n"
    reader.close()


def test_handlers_are_not_part_of_what_a_plan_runs() -> None:
    flow = Flow("plan", [GOOD], handlers={"failure": broken})
    plan = flow.plan()

    assert [spec.name for spec in plan.tasks] == ["good"]
    assert [spec.name for spec in plan.handlers] == ["handler:failure"]
    assert plan.handlers[0].options.timeout == 60.0
    assert plan.hash != Flow("plan", [GOOD]).plan().hash


def test_a_run_says_nothing_about_handlers_that_there_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        result = Flow("quiet", [GOOD]).run()

    assert result.handlers == {}
    assert "handler" not in caplog.text


def test_the_cookie_of_a_handler_is_no_task_s(tmp_path: Path) -> None:
    file = tmp_path / "cookie"
    handlers = {"success": {"command": f'echo "${COOKIE}" > {file}'}}

    result = Flow("cookie", [GOOD], handlers=handlers).run()  # type: ignore[arg-type]

    assert file.read_text() == f"{result.run_id}/handler:success.1\n"
    assert result.state is RunStatus.SUCCEEDED
