"""A task sees of the context what was written upstream, and nothing else."""

from typing import Any

import pytest

import taskflow_core.events as ev
from taskflow_core.outcomes import Succeeded
from taskflow_core.state import Written
from taskflow_core.statuses import TaskStatus
from taskflow_core.visibility import ContextConflictError, Visibility
from tests.core.driving import Drive, spec


def wrote(**values: object) -> Succeeded:
    """Return the outcome of an attempt that wrote these values."""
    return Succeeded({"value": None}, context={key: {"value": v} for key, v in values.items()})


def seen(drive: Drive, name: str) -> dict[str, Any]:
    """Return what the task sees, as plain values; a merged list as a list."""
    entries = Visibility(drive.state).of(drive.plan.index[name])
    plain = {key: [shown["value"] for shown in entry.values] for key, entry in entries.items()}
    return {k: v if entries[k].is_list else v[0] for k, v in plain.items()}


def run(drive: Drive, **outcomes: Succeeded) -> None:
    for name, outcome in outcomes.items():
        drive.start(name)
        drive.end(name, outcome)


def test_what_a_task_wrote_is_seen_downstream_near_and_far_and_by_nobody_else() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b"), spec("beside"))

    run(drive, a=wrote(day="monday"), b=wrote())

    assert seen(drive, "b") == seen(drive, "c") == {"day": "monday"}
    assert seen(drive, "a") == seen(drive, "beside") == {}


def test_a_write_replaces_the_one_that_it_followed_whatever_the_order_of_the_edges() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("early", "a", "b"), spec("late", "b", "a"))

    run(drive, a=wrote(n=1), b=wrote(n=2))

    assert seen(drive, "early") == seen(drive, "late") == {"n": 2}


def test_two_writes_of_which_neither_followed_the_other_are_an_error_that_names_both() -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "a", "b"))
    run(drive, a=wrote(n=1), b=wrote(n=2))

    with pytest.raises(ContextConflictError, match="'a' and 'b' both wrote the context key 'n'"):
        seen(drive, "join")


def test_two_equal_writes_are_no_conflict() -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "a", "b"))

    run(drive, a=wrote(n=1), b=wrote(n=1))

    assert seen(drive, "join") == {"n": 1}


@pytest.mark.parametrize(("merge", "value"), [("first", 2), ("last", 1), ("list", [2, 1])])
def test_merge_says_which_of_two_writes_a_task_sees_in_the_order_of_its_edges(
    merge: str, value: object
) -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "b", "a", merge=merge), spec("end", "join"))

    run(drive, a=wrote(n=1), b=wrote(n=2), join=wrote())

    assert seen(drive, "join") == seen(drive, "end") == {"n": value}


@pytest.mark.parametrize(("merge", "value"), [("first", 1), ("last", 3), ("list", [1, 2, 3])])
def test_merge_sees_every_one_of_several_writes(merge: str, value: object) -> None:
    drive = Drive(spec("a"), spec("b"), spec("c"), spec("join", "a", "b", "c", merge=merge))

    run(drive, a=wrote(n=1), b=wrote(n=2), c=wrote(n=3))

    assert seen(drive, "join") == {"n": value}


def test_a_write_that_another_one_followed_is_not_merged() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c"), spec("join", "a", "c", "b", merge="list"))

    run(drive, a=wrote(n=1), b=wrote(n=2), c=wrote(n=3))

    assert seen(drive, "join") == {"n": [3, 2]}


def test_a_new_epoch_forgets_what_the_one_before_wrote() -> None:
    drive = Drive(spec("a"), spec("b", "a"))
    run(drive, a=wrote(n=1, gone=True))

    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.turn()
    run(drive, a=wrote(n=2))

    assert seen(drive, "b") == {"n": 2}


def test_a_write_is_recorded_before_the_success_that_makes_it_seen() -> None:
    drive = Drive(spec("a"))

    run(drive, a=wrote(n=1))

    assert drive.kinds()[-4:-1] == ["ContextWritten", "AttemptSucceeded", "TaskSucceeded"]
    written = drive.events[-4]
    assert isinstance(written, ev.ContextWritten)
    assert (written.task, written.key, written.value) == ("a", "n", {"value": 1})


def test_a_task_that_started_early_hides_nothing_from_those_behind_it() -> None:
    drive = Drive(
        spec("fast"), spec("slow"),
        spec("early", "fast", "slow", trigger_rule="one_success"),
        spec("end", "early", "slow"),
    )  # fmt: skip
    visibility = Visibility(drive.state)
    drive.start("fast", "slow")
    drive.end("fast", wrote(n=1))
    assert set(visibility.of(drive.plan.index["early"])) == {"n"}

    drive.start("early")
    drive.end("early", wrote())
    drive.end("slow", wrote(m=2))

    assert set(visibility.of(drive.plan.index["end"])) == {"n", "m"}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_write_of_the_newer_epoch_is_seen_whatever_way_the_older_one_takes(
    order: tuple[str, str],
) -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", *order))
    visibility = Visibility(drive.state)
    run(drive, a=wrote(n=1), b=wrote())
    assert visibility.of(drive.plan.index["c"])["n"].values == ({"value": 1},)

    drive.scheduler.rerun(drive.now, ["a"], by="ann")
    drive.turn()
    drive.start("a")
    drive.end("a", wrote(n=2))

    assert visibility.of(drive.plan.index["c"])["n"].values == ({"value": 2},)


def test_a_chain_of_tasks_that_all_write_is_worked_out_once_for_each() -> None:
    count = 3_000
    drive = Drive(*(spec(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(count)))
    state = drive.state
    for number, task in enumerate(state.tasks):
        state.written[f"t{number}"] = [Written(f"t{number}", 0, "n", {"value": number})]
        task.state = TaskStatus.SUCCEEDED
    visibility = Visibility(state)

    assert visibility.of(count - 1)["n"].values == ({"value": count - 2},)
    assert visibility.of(count - 1)["n"].writer == count - 2
