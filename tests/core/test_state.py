"""Time that nobody worked does not count: neither for a run nor for an attempt that was lost."""

import pytest

import taskflow_core.events as ev
from taskflow_core.state import IllegalTransitionError, RunState
from taskflow_core.statuses import TaskStatus
from tests.core.driving import Drive, plan, spec


def interrupted() -> RunState:
    """Return a run whose task began at 1000, and whose owner was never heard of again."""
    drive = Drive(spec("a"))
    drive.start("a")
    state = RunState(plan(spec("a")))
    state.apply(drive.events)
    return state


def test_time_worked_leaves_out_every_gap_and_only_those_in_between() -> None:
    state = RunState()
    state.gaps = [(10.0, 20.0), (30.0, 90.0)]

    assert state.worked(0.0, 100.0) == 30.0
    assert state.worked(15.0, 35.0) == 10.0
    assert state.worked(20.0, 30.0) == 10.0
    assert state.worked(40.0, 50.0) == 0.0


def test_an_event_that_cannot_follow_raises_and_says_which() -> None:
    """The fold is the table of transitions: nothing is guessed."""
    state = RunState(plan(spec("a"), spec("b", "a")))
    head = (1, 1000.0, "r", "a", 0)
    impossible: list[ev.Event] = [
        ev.AttemptStarted(*head, 1, "thread", None, None),
        ev.AttemptSucceeded(*head, 1, None, None),
        ev.TaskReleased(*head, "ann"),
        ev.TaskUnblocked(*head),
        ev.TaskSucceeded(*head, "executed", None),
        ev.RetryScheduled(*head, 2, 1005.0, 5.0),
        ev.EpochOpened(1, 1000.0, "r", "a", 1, "ann", "rerun", {}),
        ev.RetryRequested(1, 1000.0, "r", "ann", ["a"]),
        ev.RunStalled(1, 1000.0, "r", ["a"]),
    ]

    for event in impossible:
        with pytest.raises(IllegalTransitionError, match=type(event).__name__):
            state.apply_one(event)
    assert state.task("a").state is TaskStatus.PENDING


def test_a_success_is_final() -> None:
    """Only a new epoch brings a task that succeeded back."""
    drive = Drive(spec("a"))
    drive.run("a")
    seq = drive.state.seq + 1
    late: list[ev.Event] = [
        ev.TaskFailed(seq, 1000.0, "r", "a", 0, "too late"),
        ev.TaskCancelled(seq, 1000.0, "r", "a", 0, "too late"),
        ev.TaskSkipped(seq, 1000.0, "r", "a", 0, "too late"),
        ev.TaskUnblocked(seq, 1000.0, "r", "a", 0),
        ev.AttemptFailed(seq, 1000.0, "r", "a", 0, 1, "too late", None, None),
    ]

    for event in late:
        with pytest.raises(IllegalTransitionError):
            drive.state.apply_one(event)
    assert drive.status("a") is TaskStatus.SUCCEEDED


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
