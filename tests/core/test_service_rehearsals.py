"""Services in forecasts and simulations: ready without a probe, and no rehearsal waits for them."""

from typing import Any

import pytest

from taskflow_core import Flow, Task
from taskflow_core.actions import Cancel, Pause, Rerun, Resume, Retry
from taskflow_core.forecast import Forecast, Terms, forecast
from taskflow_core.lanes import PROCESSES, THREADS
from taskflow_core.statuses import AttemptStatus, TaskStatus
from taskflow_core.testing import SimulatedRun, at, run_flow, serves, simulate
from tests.core.driving import BROKEN, Drive, spec
from tests.core.test_services import GONE, service

TERMS = Terms(slots={THREADS: 2, PROCESSES: 2}, total=2)


def plan(drive: Drive, action: Any) -> Forecast:
    before = drive.state.seq, drive.statuses()
    found = forecast(drive.state, action, TERMS, now=drive.now)
    assert (drive.state.seq, drive.statuses()) == before
    return found


# --- forecasts -----------------------------------------------------------------------------


def _failed(*, after: float = 0.0) -> Drive:
    """Return a run whose `load` took some time and failed, and whose service has stopped."""
    drive = Drive(service("db"), spec("load", "db"), spec("use", "load", "db"))
    drive.start("db")
    drive.ready("db")
    drive.start("load")
    drive.wait(after)
    drive.end("load", BROKEN)
    drive.end("db", GONE)
    return drive


def test_the_plan_of_a_retry_names_the_services_that_start_again() -> None:
    found = plan(_failed(), Retry())
    assert found.runs == ("db", "load", "use")
    assert found.ends == "SUCCEEDED"
    assert found.unknown == ("load", "use")


def test_the_time_that_a_probe_has_says_nothing_of_how_long_a_run_takes() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    drive.ready("db")
    drive.start("load")
    drive.wait(4)
    drive.end("load")
    drive.end("db", GONE)

    found = plan(drive, Rerun(tasks=("load",)))

    assert found.runs == ("db", "load")
    assert (found.seconds, found.unknown, found.ends) == (4.0, (), "SUCCEEDED")


def test_a_service_that_is_not_ready_yet_is_taken_to_become_so() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    found = plan(drive, Pause())
    assert (found.runs, found.ends) == ((), "PAUSED")
    drive.scheduler.pause(drive.now, by="me")
    drive.turn()
    found = plan(drive, Resume())
    assert (found.runs, found.ends) == (("load",), "SUCCEEDED")


def test_a_service_that_is_being_stopped_is_taken_to_stop() -> None:
    drive = _failed()
    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="me")
    drive.turn()
    drive.start("db")
    drive.ready("db")
    drive.run("load", "use")
    assert drive.stops()[-1:] == [("db", False)]
    found = plan(drive, Rerun(tasks=("use",)))
    assert (found.runs, found.ends) == (("db", "use"), "SUCCEEDED")


def test_services_alone_go_on_in_a_plan_as_they_do_in_a_run() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.scheduler.hold(drive.now, ["load"], by="me")
    drive.turn()
    drive.start("db")
    found = plan(drive, Cancel())
    assert found.ends == "CANCELLED"


# --- simulations ---------------------------------------------------------------------------


def _flow(**keys: Any) -> Flow:
    keys = {"service": {"ready": {"tcp": 5432, "within": 30}}, **keys}
    return Flow(
        "f",
        [
            Task(name="db", command="postgres", **keys),
            Task(name="load", command="load", depends_on="db"),
            Task(name="use", command="use", depends_on=["load", "db"]),
        ],
        max_parallel=1,
    )


def _times(run: SimulatedRun) -> list[tuple[str, float, float | None]]:
    return [(one.task, one.start, one.end) for one in run.schedule]


def test_a_simulated_service_is_ready_after_its_duration_and_ends_when_nobody_needs_it() -> None:
    run = simulate(_flow(), durations={"db": 3})
    assert _times(run) == [("db", 0, 5), ("load", 3, 4), ("use", 4, 5)]
    assert run.state == "SUCCEEDED"


def test_a_simulated_service_can_die_after_it_was_ready() -> None:
    run = simulate(_flow(retries=1), outcomes={"db": [serves(0.5, then="crash")]})
    assert run.tasks["db"].state is TaskStatus.FAILED
    assert run.tasks["use"].state is TaskStatus.UPSTREAM_FAILED

    run = simulate(_flow(retries=1), outcomes={"db": [serves(0.5)]})
    assert _times(run) == [("db", 0, 1.5), ("load", 1, 2), ("db", 1.5, 3.5), ("use", 2.5, 3.5)]


@pytest.mark.parametrize("word", ["hang", "stuck"])
def test_a_simulated_probe_can_never_answer(word: str) -> None:
    run = simulate(_flow(grace=5), outcomes={"db": word})
    attempt = run.tasks["db"].attempts[0]
    assert attempt.error == "not ready within 30 s"
    assert attempt.ended_at is not None
    assert attempt.ended_at - (attempt.started_at or 0) == (30 if word == "hang" else 35)


def test_a_simulated_service_can_fail_before_it_is_ready() -> None:
    run = simulate(_flow(), outcomes={"db": "fail"})
    assert run.tasks["db"].reason == "scripted failure"
    assert run.makespan == 1


def test_a_simulated_service_that_heeds_no_stop_is_killed_after_its_grace() -> None:
    run = simulate(_flow(grace=5), outcomes={"db": serves(heeds_stop=False)})
    last = run.tasks["db"].attempts[0]
    assert (last.state, last.forced) == (AttemptStatus.SUCCEEDED, True)
    assert run.makespan == 3 + 5


def test_people_retry_tasks_of_a_simulated_run_with_services() -> None:
    run = simulate(_flow(), outcomes={"load": ["fail"]}, actions=[at(10, Retry())])
    assert _times(run)[2:] == [("db", 10, 13), ("load", 11, 12), ("use", 12, 13)]
    assert run.state == "SUCCEEDED"


def test_a_fake_in_the_place_of_a_service_is_there_at_once() -> None:
    result = run_flow(_flow(), {"db": "fake", "load": 1, "use": 2})
    assert (result.state, result["use"]) == ("SUCCEEDED", 2)
