"""Services beside jobs, decided: who waits for what, and until when each of them lives."""

from typing import Any

import msgspec
import pytest

import taskflow_core.events as ev
from taskflow_core.errors import RefusedError
from taskflow_core.outcomes import Stopped
from taskflow_core.plan import SubFlow, TaskSpec
from taskflow_core.readiness import Condition, Probe, Service
from taskflow_core.scheduling.services import ENDED_BY_ITSELF
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.driving import BROKEN, DIED, OK, Drive, spec

TCP = Probe(tcp="5432", within=30)
GONE = Stopped(forced=False)


def service(
    name: str, *depends_on: str, ready: Probe | None = TCP, stop: Any = "TERM", **options: Any
) -> TaskSpec:
    task = spec(name, *depends_on, executor="shell", **options)
    return msgspec.structs.replace(task, service=Service(ready=ready, stop=stop))


def job(
    name: str, *needs: str, when: dict[str, Condition] | None = None, **options: Any
) -> TaskSpec:
    """Return a task; `when` says of some that it needs what has to be so of them."""
    said = when or {}
    needs = (*needs, *said)
    conditions = tuple(said.get(other) for other in needs) if said else ()
    return msgspec.structs.replace(spec(name, *needs, **options), conditions=conditions)


def inside(parent: str, *tasks: TaskSpec) -> list[TaskSpec]:
    """Return tasks as they are in a sub-flow."""
    return [
        msgspec.structs.replace(
            task,
            name=f"{parent}/{task.name}",
            parent=parent,
            depends_on=tuple(f"{parent}/{other}" for other in task.depends_on),
        )
        for task in tasks
    ]


def flow(name: str, *depends_on: str) -> TaskSpec:
    task = spec(name, *depends_on)
    return msgspec.structs.replace(task, kind="flow", subflow=SubFlow(name=name))


# --- what waits, and until when ------------------------------------------------------------


def test_a_task_behind_a_service_starts_once_its_probe_has_succeeded() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    assert drive.scheduler.probed() == [drive.live("db")]
    assert drive.status("load") is TaskStatus.PENDING

    drive.ready("db")

    assert drive.status("load") is TaskStatus.READY
    assert drive.scheduler.probed() == []
    assert drive.state.task("db").reason == "healthy"


def test_a_service_without_a_probe_is_waited_for_until_it_has_begun() -> None:
    drive = Drive(service("db", ready=None), spec("load", "db"))
    drive.take("services")
    assert drive.status("db") is TaskStatus.QUEUED
    assert drive.status("load") is TaskStatus.PENDING

    drive.scheduler.began(drive.live("db"), drive.now, 77, None)
    drive.turn()

    assert drive.status("load") is TaskStatus.READY


def test_started_does_not_wait_for_the_probe() -> None:
    drive = Drive(service("db"), job("look", when={"db": "started"}), spec("load", "db"))
    drive.start("db")
    assert drive.status("look") is TaskStatus.READY
    assert drive.status("load") is TaskStatus.PENDING


def test_log_ready_waits_for_the_line_in_the_log() -> None:
    drive = Drive(service("db", ready=Probe(log="ready")), job("load", when={"db": "log_ready"}))
    drive.start("db")
    assert drive.status("load") is TaskStatus.PENDING
    drive.ready("db")
    assert drive.status("load") is TaskStatus.READY


def test_a_service_is_stopped_once_all_that_need_it_have_ended_and_that_is_a_success() -> None:
    drive = Drive(service("db"), spec("a", "db"), spec("b", "db"), slots=1)
    drive.start("db")
    drive.ready("db")
    drive.run("a")
    assert drive.stops() == []

    drive.run("b")
    assert drive.stops() == [("db", False)]
    drive.end("db", BROKEN)

    assert drive.state.task("db").reason == "stopped"
    assert drive.state.task("db").attempts[0].state is AttemptStatus.SUCCEEDED
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_services_take_no_slot_so_that_their_dependents_can_start_beside_them() -> None:
    drive = Drive(service("db"), service("cache"), spec("load", "db", "cache"), slots=1)
    drive.start("db", "cache")
    drive.ready("db")
    drive.ready("cache")
    drive.run("load")
    assert sorted(drive.stops()) == [("cache", False), ("db", False)]


def test_a_pool_that_a_service_names_counts() -> None:
    first, second = service("one", pool="gpu"), service("two", pool="gpu")
    drive = Drive(first, second, spec("a", "one"), spec("b", "two"), pools={"gpu": 1})
    drive.start("one")
    assert drive.take("services") is None

    drive.ready("one")
    drive.run("a")
    drive.end("one", GONE)

    drive.start("two")


def test_what_needs_a_service_through_another_one_is_stopped_first() -> None:
    drive = Drive(service("db"), service("web", "db"), spec("test", "web"))
    drive.start("db")
    drive.ready("db")
    drive.start("web")
    drive.ready("web")
    drive.run("test")
    assert drive.stops() == [("web", False)]
    drive.end("web", GONE)
    assert drive.stops() == [("db", False)]


def test_a_retry_that_is_due_still_needs_the_service() -> None:
    drive = Drive(service("db"), spec("load", "db", retries=1))
    drive.start("db")
    drive.ready("db")
    drive.start("load")
    drive.end("load", BROKEN)
    assert drive.stops() == []
    drive.wait(0)
    drive.run("load")
    assert drive.stops() == [("db", False)]


def test_a_service_that_ignores_the_signal_is_killed_after_its_grace() -> None:
    drive = Drive(service("db", stop="INT", grace=5), spec("load", "db"))
    drive.start("db")
    drive.ready("db")
    drive.run("load")
    stopping = [event for event in drive.events if isinstance(event, ev.AttemptStopping)]
    assert [(event.signal, event.reason) for event in stopping] == [("INT", "not_needed")]
    assert drive.stops() == [("db", False)]
    drive.wait(5)
    assert drive.stops() == [("db", True)]
    drive.end("db", Stopped(forced=True, leftovers=1))
    last = drive.state.task("db").attempts[0]
    assert (last.state, last.forced, last.leftovers) == (AttemptStatus.SUCCEEDED, True, 1)


def test_completed_and_succeeded_wait_for_the_end_and_keep_nothing_alive() -> None:
    drive = Drive(
        service("db"), spec("load", "db"), job("logs", when={"db": "completed"}),
        job("report", when={"db": "succeeded"}),
    )  # fmt: skip
    drive.start("db")
    drive.ready("db")
    drive.run("load")
    assert drive.stops() == [("db", False)]
    assert drive.status("logs") is TaskStatus.PENDING
    drive.end("db", GONE)
    drive.run("logs", "report")
    assert drive.outcome() is RunStatus.SUCCEEDED


@pytest.mark.parametrize("outcome", [OK, BROKEN], ids=["well", "badly"])
def test_completed_on_an_ordinary_task_waits_for_its_end_however_it_comes(outcome: Any) -> None:
    drive = Drive(spec("load"), job("clean", when={"load": "completed"}), spec("use", "load"))
    drive.start("load")
    drive.end("load", outcome)
    drive.start("clean")
    assert (drive.status("use") is TaskStatus.UPSTREAM_FAILED) == (outcome is BROKEN)


def test_completed_counts_what_never_ran_too() -> None:
    drive = Drive(spec("a"), spec("b", "a"), job("clean", when={"b": "completed"}))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.start("clean")


# --- services that nobody depends on -------------------------------------------------------


def test_a_service_that_nobody_depends_on_lives_until_all_others_have_ended() -> None:
    drive = Drive(service("monitor", ready=None), spec("a"), spec("b", "a"))
    drive.start("monitor")
    drive.run("a")
    assert drive.stops() == []
    drive.run("b")
    assert drive.stops() == [("monitor", False)]
    drive.end("monitor", GONE)
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_two_of_them_and_what_waits_for_their_ends_do_not_wait_for_each_other() -> None:
    drive = Drive(
        service("one", ready=None), service("two", ready=None), spec("a"),
        job("after one", when={"one": "completed"}), job("after two", when={"two": "completed"}),
    )  # fmt: skip
    drive.start("one", "two")
    drive.run("a")
    assert sorted(drive.stops()) == [("one", False), ("two", False)]
    drive.end("one", GONE)
    drive.end("two", GONE)
    drive.run("after one", "after two")


def test_services_alone_live_until_somebody_stops_the_run() -> None:
    drive = Drive(service("db"), service("web", "db"))
    drive.start("db")
    drive.ready("db")
    drive.start("web")
    assert drive.stops() == []
    drive.scheduler.cancel(drive.now, None, by="me")
    drive.turn()
    drive.end("web", GONE)
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.CANCELLED


def test_a_service_that_nobody_depends_on_may_end_by_itself() -> None:
    drive = Drive(service("warm up", ready=None), spec("a"))
    drive.start("warm up")
    drive.end("warm up", OK)
    assert drive.state.task("warm up").reason == "executed"
    drive.run("a")
    assert drive.outcome() is RunStatus.SUCCEEDED


# --- what goes wrong -----------------------------------------------------------------------


def test_a_service_that_is_not_ready_in_time_is_stopped_and_has_failed() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    drive.scheduler.not_ready(drive.live("db"), "connection refused", drive.now)
    drive.turn()
    assert drive.state.task("db").reason == "not ready yet: connection refused"
    drive.wait(29)
    assert drive.stops() == []
    drive.wait(1)
    assert drive.stops() == [("db", False)]

    drive.end("db", GONE)

    assert drive.status("db") is TaskStatus.FAILED
    assert drive.state.task("db").reason == "not ready within 30 s: connection refused"
    assert drive.status("load") is TaskStatus.UPSTREAM_FAILED


def test_a_service_that_was_ready_in_time_is_left_alone_when_that_is_over() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    drive.ready("db")
    drive.wait(100)
    assert drive.stops() == []


def test_a_service_that_ends_while_it_is_needed_has_failed_even_with_exit_code_0() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.start("db")
    drive.end("db", OK)
    assert drive.state.task("db").reason == ENDED_BY_ITSELF
    assert drive.status("load") is TaskStatus.UPSTREAM_FAILED


def test_when_a_service_fails_what_runs_goes_on_and_what_has_not_started_is_blocked() -> None:
    drive = Drive(service("db"), spec("runs", "db"), spec("ready", "db"), slots=1)
    drive.start("db")
    drive.ready("db")
    drive.start("runs")
    assert drive.status("ready") is TaskStatus.READY

    drive.end("db", DIED)

    assert drive.statuses() == {
        "db": "FAILED", "runs": "RUNNING", "ready": "UPSTREAM_FAILED",
    }  # fmt: skip
    drive.end("runs")
    assert drive.outcome() is RunStatus.FAILED


def test_a_service_is_started_again_by_its_retry_policy_and_the_rest_waits_for_it() -> None:
    drive = Drive(service("db", retries=1), spec("runs", "db"), spec("next", "db"), slots=1)
    drive.start("db")
    drive.ready("db")
    drive.start("runs")
    drive.end("db", BROKEN)
    assert drive.status("next") is TaskStatus.PENDING
    drive.end("runs")

    drive.wait(0)
    drive.start("db")
    assert drive.status("next") is TaskStatus.PENDING
    drive.ready("db")
    drive.run("next")
    assert drive.stops() == [("db", False)]


def test_a_retry_of_a_service_that_nobody_needs_any_more_is_not_made() -> None:
    drive = Drive(service("db", retries=1, timeout=None), spec("load", "db"))
    drive.start("db")
    drive.ready("db")
    drive.start("load")
    drive.end("db", BROKEN)
    drive.end("load")
    assert drive.state.task("db").reason == "not_needed"
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_service_that_may_fail_blocks_nobody() -> None:
    drive = Drive(service("db", allow_failure=True), spec("load", "db"))
    drive.start("db")
    drive.end("db", BROKEN)
    drive.run("load")
    assert drive.outcome() is RunStatus.PARTIAL


def test_a_service_is_not_started_if_nobody_needs_it_any_more() -> None:
    drive = Drive(spec("a"), spec("prepare", "a"), service("db", "prepare"), spec("b"),
                  spec("load", "db", "b"))  # fmt: skip
    drive.start("a", "b")
    drive.end("b", BROKEN)
    drive.end("a")
    drive.run("prepare")
    assert drive.state.task("db").reason == "not_needed"
    assert drive.state.task("db").attempts == []
    assert drive.outcome() is RunStatus.FAILED


def test_a_service_that_is_told_to_stop_lets_nothing_start_any_more() -> None:
    drive = Drive(service("db"), spec("runs", "db"), spec("ready", "db"), slots=1)
    drive.start("db")
    drive.ready("db")
    drive.start("runs")
    drive.scheduler.cancel(drive.now, ["db"], by="me")
    drive.turn()
    assert drive.status("ready") is TaskStatus.PENDING
    drive.end("db", GONE)
    assert drive.statuses() == {
        "db": "CANCELLED", "runs": "RUNNING", "ready": "UPSTREAM_FAILED",
    }  # fmt: skip


def test_what_a_probe_says_late_changes_nothing() -> None:
    drive = Drive(service("db", retries=1), spec("load", "db"))
    drive.start("db")
    first = drive.live("db")
    drive.end("db", BROKEN)
    before = list(drive.events)
    drive.scheduler.is_ready(first, "tcp", drive.now)
    drive.scheduler.not_ready(first, "refused", drive.now)
    drive.turn()
    assert drive.events == before


# --- trigger rules -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "ready", "failed"),
    [
        ("all_success", "READY", "UPSTREAM_FAILED"),
        ("all_done", "READY", "READY"),
        ("one_success", "READY", "UPSTREAM_FAILED"),
        ("one_failed", "SKIPPED", "READY"),
        ("all_failed", "SKIPPED", "READY"),
        ("none_failed", "READY", "UPSTREAM_FAILED"),
        ("one_done", "READY", "READY"),
        ("all_skipped", "SKIPPED", "SKIPPED"),
    ],
)
def test_a_condition_that_is_met_is_a_success_and_one_that_cannot_be_a_failure(
    rule: Any, ready: str, failed: str
) -> None:
    drive = Drive(service("db"), spec("load", "db", trigger_rule=rule), spec("other", "db"))
    drive.start("db")
    assert drive.status("load") is TaskStatus.PENDING
    drive.ready("db")
    assert drive.status("load") == ready

    drive = Drive(service("db"), spec("load", "db", trigger_rule=rule), spec("other", "db"))
    drive.start("db")
    drive.end("db", BROKEN)
    assert drive.status("load") == failed


def test_conditions_and_ordinary_edges_are_decided_together() -> None:
    drive = Drive(service("db"), spec("fetch"), spec("load", "db", "fetch"))
    drive.start("db")
    drive.start("fetch")
    drive.ready("db")
    assert drive.status("load") is TaskStatus.PENDING
    drive.end("fetch")
    assert drive.status("load") is TaskStatus.READY


# --- what people ask -----------------------------------------------------------------------


def _done(*tasks: TaskSpec, **options: Any) -> Drive:
    """Return a run of a service `db` and of jobs that have all ended."""
    drive = Drive(service("db"), *tasks, **options)
    drive.start("db")
    drive.ready("db")
    return drive


def test_a_retry_of_a_task_starts_the_service_again_that_it_needs() -> None:
    drive = _done(spec("done", "db"), spec("load", "db"))
    drive.run("done")
    drive.start("load")
    drive.end("load", BROKEN)
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.FAILED

    drive.begin_again()
    drive.scheduler.retry(drive.now, ["load"], by="me")
    drive.turn()

    assert drive.statuses() == {"db": "READY", "done": "SUCCEEDED", "load": "PENDING"}
    assert drive.state.task("db").epoch == 1
    drive.start("db")
    assert drive.status("load") is TaskStatus.PENDING
    drive.ready("db")
    drive.run("load")
    assert drive.stops()[-1:] == [("db", False)]
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_service_that_failed_is_started_again_with_the_task_that_needs_it() -> None:
    drive = _done(spec("load", "db"))
    drive.start("load")
    drive.end("db", DIED)
    drive.end("load")
    drive.begin_again()
    drive.scheduler.rerun(drive.now, ["load"], by="me")
    drive.turn()
    drive.start("db")
    drive.ready("db")
    drive.run("load")


def test_what_an_operator_frees_gets_its_services_again() -> None:
    drive = Drive(service("db"), spec("a"), spec("b", "a", "db"))
    drive.start("db")
    drive.ready("db")
    drive.start("a")
    drive.end("a", BROKEN)
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.FAILED

    drive.begin_again()
    drive.scheduler.retry(drive.now, None, by="me")
    drive.turn()

    assert drive.statuses() == {"db": "READY", "a": "READY", "b": "PENDING"}
    drive.run("a")
    assert drive.status("b") is TaskStatus.PENDING
    drive.start("db")
    drive.ready("db")
    drive.run("b")


def test_a_service_alone_is_not_run_again_for_nobody() -> None:
    drive = _done(spec("load", "db"))
    drive.run("load")
    drive.end("db", GONE)
    drive.begin_again()
    for ask in (drive.scheduler.retry, drive.scheduler.rerun):
        with pytest.raises(RefusedError, match="would run for nobody"):
            ask(drive.now, ["db"], by="me")


def test_a_service_that_failed_when_its_work_was_done_is_not_what_a_retry_is_about() -> None:
    drive = _done(spec("load", "db"), spec("other"))
    drive.start("load")
    drive.end("db", DIED)
    drive.end("load")
    drive.start("other")
    drive.end("other", BROKEN)
    drive.begin_again()
    assert drive.scheduler.retry(drive.now, None, by="me") == ["other"]


def test_a_service_is_run_again_with_everything_behind_it() -> None:
    drive = _done(spec("load", "db"))
    drive.run("load")
    drive.end("db", GONE)
    drive.begin_again()
    drive.scheduler.rerun(drive.now, ["db"], from_here=True, by="me")
    drive.turn()
    drive.start("db")
    drive.ready("db")
    drive.run("load")


def test_a_service_that_is_being_stopped_is_started_again_afterwards() -> None:
    drive = _done(spec("load", "db"))
    drive.run("load")
    drive.scheduler.rerun(drive.now, ["load"], by="me")
    drive.turn()
    assert drive.status("load") is TaskStatus.PENDING
    drive.end("db", GONE)
    assert drive.status("db") is TaskStatus.READY
    drive.start("db")
    drive.ready("db")
    drive.run("load")


def test_a_result_by_hand_lets_the_others_start_without_the_service() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.scheduler.succeed(drive.now, "db", {"value": None}, by="me")
    drive.turn()
    drive.run("load")
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_paused_run_leaves_its_services_running() -> None:
    drive = _done(spec("load", "db"), slots=1)
    drive.scheduler.pause(drive.now, by="me")
    drive.turn()
    assert drive.stops() == []
    drive.scheduler.step(drive.now, by="me")
    drive.run("load")
    assert drive.stops() == [("db", False)]


def test_a_held_task_keeps_its_service() -> None:
    drive = Drive(service("db"), spec("load", "db"))
    drive.scheduler.hold(drive.now, ["load"], by="me")
    drive.turn()
    drive.start("db")
    drive.ready("db")
    assert drive.status("load") is TaskStatus.HELD
    assert drive.outcome() is RunStatus.RUNNING
    assert drive.stops() == []


def test_a_cancelled_run_stops_its_services() -> None:
    drive = _done(spec("load", "db"))
    drive.start("load")
    drive.scheduler.cancel(drive.now, None, by="me")
    drive.turn()
    assert sorted(drive.stops()) == [("db", False), ("load", False)]
    drive.end("load", GONE)
    drive.end("db", GONE)
    assert drive.statuses() == {"db": "CANCELLED", "load": "CANCELLED"}

    drive.begin_again()
    drive.scheduler.retry(drive.now, ["load"], by="me")
    drive.turn()
    drive.start("db")
    drive.ready("db")
    drive.run("load")


def test_after_a_failure_that_ends_the_run_services_end_with_what_runs() -> None:
    drive = _done(spec("bad", "db"), spec("long", "db"), spec("late", "db"), slots=2,
                  on_failure="rollback")  # fmt: skip
    drive.start("bad", "long")
    drive.end("bad", BROKEN)
    assert drive.status("late") is TaskStatus.CANCELLED
    assert drive.stops() == []
    drive.end("long")
    assert drive.stops() == [("db", False)]
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.ROLLED_BACK


# --- interruptions -------------------------------------------------------------------------


def test_after_the_death_of_its_runner_a_service_starts_before_what_was_ready() -> None:
    drive = _done(spec("done", "db"), spec("ready", "db"), slots=1)
    drive.run("done")
    assert drive.status("ready") is TaskStatus.READY

    again = drive.taken_up()

    assert again.status("db") is TaskStatus.READY
    assert again.status("ready") is TaskStatus.PENDING
    again.start("db")
    again.ready("db")
    again.run("ready")
    again.end("db", GONE)
    assert again.outcome() is RunStatus.SUCCEEDED


def test_after_the_death_of_its_runner_a_service_that_nobody_needs_stays_ended() -> None:
    drive = _done(spec("load", "db"))
    drive.run("load")
    again = drive.taken_up()
    assert again.state.task("db").reason == "not_needed"
    assert again.outcome() is RunStatus.SUCCEEDED


# --- containers ----------------------------------------------------------------------------


def test_a_sub_flow_keeps_a_service_until_all_in_it_has_ended() -> None:
    drive = Drive(service("db"), flow("etl", "db"), *inside("etl", spec("a"), spec("b", "a")))
    drive.start("db")
    assert drive.status("etl/a") is TaskStatus.PENDING
    drive.ready("db")
    drive.run("etl/a")
    assert drive.stops() == []
    drive.run("etl/b")
    assert drive.stops() == [("db", False)]


def test_a_part_of_a_sub_flow_that_runs_again_waits_for_the_service_of_the_sub_flow() -> None:
    drive = Drive(service("db"), flow("etl", "db"), *inside("etl", spec("a"), spec("b", "a")))
    drive.start("db")
    drive.ready("db")
    drive.run("etl/a")
    drive.start("etl/b")
    drive.end("etl/b", BROKEN)
    drive.end("db", GONE)

    drive.begin_again()
    drive.scheduler.retry(drive.now, ["etl/b"], by="me")
    drive.turn()

    assert drive.status("etl") is TaskStatus.WAITING
    assert drive.status("etl/b") is TaskStatus.PENDING
    drive.start("db")
    assert drive.status("etl/b") is TaskStatus.PENDING
    drive.ready("db")
    drive.run("etl/b")
    drive.end("db", GONE)
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_service_of_a_sub_flow_ends_with_it() -> None:
    within = inside("etl", service("db", ready=None), spec("a"), spec("b", "a"))
    drive = Drive(flow("etl"), *within, spec("next", "etl"))
    drive.start("etl/db")
    drive.run("etl/a", "etl/b")
    assert drive.stops() == [("etl/db", False)]
    drive.end("etl/db", GONE)
    drive.run("next")
    assert drive.outcome() is RunStatus.SUCCEEDED
