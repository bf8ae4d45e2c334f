"""Every screen as a picture, at the two sizes that people use most."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from taskflow_tui.app import TaskFlowApp
from tests.tui.fakes import NOON, FakeRuns
from tests.tui.piloting import app_with
from tests.tui.scenes import (
    asking,
    at_breakpoint,
    failed,
    half_way,
    home_runs,
    loading,
    not_undone,
    patched_up,
    rolling_back,
    runs_in,
    stalled,
    undoable,
)

Snap = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return runs_in(pipelines)


def pressing(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what brings the app to the moment of the picture."""

    async def steps(pilot: Pilot[None]) -> None:
        await quiet(pilot)
        for key in keys:
            await pilot.press(key)
            await quiet(pilot)

    return steps


async def quiet(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()
        await asyncio.sleep(0.05)


@pytest.fixture
def snap(snap_compare: Any, size: tuple[int, int]) -> Snap:
    def compare(app: TaskFlowApp, *keys: str) -> bool:
        return bool(snap_compare(app, terminal_size=size, run_before=pressing(*keys)))

    return compare


TO_APAC = ("G", "k", "k", "k")
TO_US = ("G", "k", "k", "k", "k")
TO_SIGN_OFF = ("g", *"jjjjjjj")
TO_JOIN = ("g", "j", "j", "j", "j", "j")


@SIZES
def test_home(snap: Snap, pipelines: Path) -> None:
    found = home_runs(pipelines)
    app = TaskFlowApp(str(found.folder), api=found, clock=lambda: NOON, ascii=False)
    assert snap(app, "j", "j")


@SIZES
def test_problems(snap: Snap, pipelines: Path) -> None:
    found = home_runs(pipelines)
    app = TaskFlowApp(str(found.folder), api=found, clock=lambda: NOON, ascii=False)
    assert snap(app, "enter")


@SIZES
def test_before_launch(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs))


@SIZES
def test_trust(snap: Snap, runs: FakeRuns) -> None:
    runs.trusted.clear()
    assert snap(app_with(runs), "r")


@SIZES
def test_running(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)))


@SIZES
def test_retried_with_two_attempts(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)), *TO_APAC)


@SIZES
def test_failed(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, failed(runs)), *TO_APAC)


@SIZES
def test_interrupted(snap: Snap, runs: FakeRuns) -> None:
    run = half_way(runs)
    run.owner_is_dead = True
    assert snap(app_with(runs, run), *TO_APAC)


@SIZES
def test_at_breakpoint(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, at_breakpoint(runs)), *TO_JOIN)


@SIZES
def test_stalled(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, stalled(runs)), "G", "k", "k")


@SIZES
def test_partial(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, patched_up(runs)), "G", "k")


@SIZES
def test_run_again_question(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, failed(runs)), *TO_APAC, "R")


@SIZES
def test_end_by_hand_question(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, at_breakpoint(runs)), *TO_JOIN, "S")


@SIZES
def test_value_entry(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, at_breakpoint(runs)), *TO_JOIN, "S", "v", "x")


@SIZES
def test_cancel_question(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)), *TO_APAC, "x")


@SIZES
def test_rolling_back(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, rolling_back(runs)), *TO_US)


@SIZES
def test_not_undone(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, not_undone(runs)), *TO_US)


@SIZES
def test_rollback_question(snap: Snap, runs: FakeRuns) -> None:
    run = failed(runs, undoable(runs.folder))
    assert snap(app_with(runs, run), *TO_US, "U")


@SIZES
def test_mapped(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, loading(runs)), "j")


@SIZES
def test_folded(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, loading(runs)), "j", "h")


@SIZES
def test_asking(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, asking(runs)), *TO_SIGN_OFF)


@SIZES
def test_answer_form(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, asking(runs)), *TO_SIGN_OFF, "a", "o", "k", "down", "x")


@SIZES
def test_full_log(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, failed(runs)), *TO_APAC, "enter")


@SIZES
def test_help(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, failed(runs)), *TO_APAC, "question_mark")


@SIZES
def test_quit_question(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)), "q")


@SIZES
def test_filter(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)), "slash", "t", "r", "a")


@pytest.mark.parametrize("size", [(60, 15), (200, 60)], ids=["60x15", "200x60"])
def test_small_and_large(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, half_way(runs)), *TO_APAC)


@pytest.mark.parametrize("size", [(60, 15)], ids=["60x15"])
def test_small_at_breakpoint(snap: Snap, runs: FakeRuns) -> None:
    assert snap(app_with(runs, at_breakpoint(runs)), *TO_JOIN)


@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
def test_ascii_at_breakpoint(snap_compare: Any, size: tuple[int, int], runs: FakeRuns) -> None:
    run = at_breakpoint(runs)
    app = TaskFlowApp(ref=run.run, api=runs, clock=runs.clock, ascii=True)
    assert snap_compare(app, terminal_size=size, run_before=pressing(*TO_JOIN))


@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
def test_ascii_mapped(snap_compare: Any, size: tuple[int, int], runs: FakeRuns) -> None:
    run = loading(runs)
    app = TaskFlowApp(ref=run.run, api=runs, clock=runs.clock, ascii=True)
    assert snap_compare(app, terminal_size=size, run_before=pressing("j"))


@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
def test_ascii(snap_compare: Any, size: tuple[int, int], runs: FakeRuns) -> None:
    run = failed(runs)
    app = TaskFlowApp(ref=run.run, api=runs, clock=runs.clock, ascii=True)
    assert snap_compare(app, terminal_size=size, run_before=pressing(*TO_APAC))
