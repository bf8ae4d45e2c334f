"""Nothing that the engine can say is without a sign, a word and a colour."""

import pytest

import taskflow_core.events as ev
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.cli import event_lines
from taskflow_tui.cli.watching import EXIT_CODES
from taskflow_tui.glyphs import ASCII, UNICODE, Glyphs
from taskflow_tui.widgets import home_rows
from taskflow_tui.widgets.run_header import COUNTED, RunHeader
from taskflow_tui.widgets.task_rows import TaskRows

SMALL_STEPS = {
    ev.RunStarted,
    ev.TaskReady,
    ev.TaskUnblocked,
    ev.TaskCancelled,
    ev.AttemptQueued,
    ev.AttemptProgressed,
    ev.AttemptStopping,
    ev.AttemptStopped,
    ev.ProbeFailed,
    ev.AttemptSucceeded,
    ev.ContextWritten,
    ev.SubscriberGap,
}
"""Kinds of events that another line tells of, or that nobody needs to read."""
BASES = {ev.Event, ev.TaskEvent, ev.AttemptEvent}


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_state_has_a_sign_of_one_cell(glyphs: Glyphs) -> None:
    assert set(glyphs.tasks) == set(TaskStatus)
    assert set(glyphs.runs) == set(RunStatus)
    assert set(glyphs.attempts) == set(AttemptStatus)
    signs = [*glyphs.tasks.values(), *glyphs.runs.values(), *glyphs.attempts.values()]
    assert {len(sign) for sign in [*signs, glyphs.breakpoint, glyphs.cached]} == {1}
    assert all(sign.isascii() for sign in signs) is glyphs.is_ascii


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_two_states_of_a_task_share_a_sign(glyphs: Glyphs) -> None:
    signs = [*glyphs.tasks.values(), glyphs.breakpoint, glyphs.cached]

    assert len(set(signs)) == len(signs)


def test_the_header_counts_every_task_once() -> None:
    counted = [status for _, states in COUNTED for status in states]

    assert sorted(counted) == sorted(TaskStatus)
    assert {f"header--{part}" for part, _ in COUNTED} <= RunHeader.COMPONENT_CLASSES


def test_the_list_of_runs_has_a_word_for_every_state_and_counts_every_task_once() -> None:
    counted = [status for states in home_rows.SHOWN_COUNTS.values() for status in states]

    assert set(home_rows.SHORT) == set(RunStatus)
    assert sorted(counted) == sorted(TaskStatus)


def test_every_state_can_be_coloured() -> None:
    for task in TaskStatus:
        assert f"rows--{task.lower().replace('_', '-')}" in TaskRows.COMPONENT_CLASSES
    for run in RunStatus:
        assert f"header--run-{run.lower()}" in RunHeader.COMPONENT_CLASSES
        assert f"rows--{run.lower()}" in home_rows.HomeRows.COMPONENT_CLASSES


def test_every_way_in_which_a_run_settles_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == {status for status in RunStatus if status.is_settled}
    assert EXIT_CODES[RunStatus.PARTIAL] == 0


def test_every_kind_of_event_has_a_line_or_is_known_to_be_a_small_step() -> None:
    kinds = {
        kind
        for kind in vars(ev).values()
        if isinstance(kind, type) and issubclass(kind, ev.Event) and kind not in BASES
    }

    assert set(event_lines.WORDS) == kinds - SMALL_STEPS
