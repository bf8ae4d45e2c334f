"""Time that nobody worked does not count: neither for a run nor for an attempt that was lost."""

import taskflow_core.events as ev
from taskflow_core.state import RunState
from tests.core.driving import Drive, plan, spec


def interrupted() -> RunState:
    """Return a run whose task began at 1000, and whose owner was never heard of again."""
    drive = Drive(spec("a"))
    drive.start("a")
    state = RunState(plan(spec("a")))
    state.apply(drive.events)
    return state


def test_the_gap_before_a_new_owner_does_not_count() -> None:
    state = interrupted()
    state.apply_one(ev.RunStarted(state.seq + 1, 1500.0, "r", 2, 2))

    assert state.started_at == 1000.0
    assert state.since == 1500.0


def test_a_lost_attempt_ended_with_the_last_sign_of_life() -> None:
    state = interrupted()
    state.apply_one(ev.RunStarted(state.seq + 1, 1500.0, "r", 2, 2))
    state.apply_one(ev.AttemptLost(state.seq + 1, 1500.0, "r", "a", 0, 1, "its runner is gone"))

    assert state.task("a").attempts[0].ended_at == 1000.0


def test_the_time_between_the_end_and_a_retry_does_not_count() -> None:
    drive = Drive(spec("a"))
    drive.wait(7)
    drive.run("a")
    state = drive.state
    state.apply_one(ev.RunStarted(state.seq + 1, 2000.0, "r", 2, 2))

    assert state.since == 2000.0 - 7
