"""What is said of an action before it is carried out."""

from taskflow_core.forecast import Forecast
from taskflow_tui.planned import plan_facts

NAMES = ("a", "b", "c")


def test_all_that_is_known_is_said() -> None:
    forecast = Forecast(
        runs=NAMES,
        reused=("x",),
        skipped=("y", "z"),
        reverted=("w",),
        seconds=192.4,
        unknown=("c",),
        ends="SUCCEEDED",
    )

    assert plan_facts(forecast) == [
        ("runs", "3 tasks: a, b, c"),
        ("takes", "about 3m12s, and 1 task of unknown length"),
        ("reused", "1 task: x"),
        ("not run", "2 tasks: y, z"),
        ("undone", "1 task: w"),
        ("then", "the run is SUCCEEDED, if all of it succeeds"),
    ]


def test_where_there_is_little_room_only_some_tasks_are_named() -> None:
    forecast = Forecast(runs=NAMES, reused=NAMES, skipped=NAMES, seconds=3.0)

    assert plan_facts(forecast, 2) == [
        ("runs", "3 tasks: a, b +1"),
        ("takes", "about 3.0s"),
        ("reused", "3 tasks"),
        ("not run", "3 tasks: a, b +1"),
    ]


def test_what_never_ran_has_no_known_length() -> None:
    forecast = Forecast(runs=("a",), reused=(), skipped=(), unknown=("a",))

    assert ("takes", "unknown: none of it has run to its end before") in plan_facts(forecast)


def test_where_nothing_runs_nothing_can_fail() -> None:
    forecast = Forecast(runs=(), reused=(), skipped=("a",), ends="STALLED")

    assert plan_facts(forecast) == [
        ("runs", "nothing"),
        ("not run", "1 task: a"),
        ("then", "the run is STALLED"),
    ]


def test_hostile_names_are_made_harmless() -> None:
    forecast = Forecast(runs=("\x1b[2Jx",), reused=(), skipped=())

    assert ("runs", "1 task: ␛[2Jx") in plan_facts(forecast)
