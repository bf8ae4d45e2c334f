"""The key that undoes a run, and how a run looks that is undone."""

from pathlib import Path

import pytest

from taskflow_core.actions import Cancel, Rollback
from tests.tui.fakes import ETL, FakeRuns
from tests.tui.piloting import app_with, asked, dialog, footer, header, row, screen_of, settle
from tests.tui.scenes import failed, half_way, not_undone, rolling_back, runs_in, undoable

SIZE = (120, 36)
NUMBER = {name: number for number, name in enumerate(ETL)}


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return runs_in(pipelines)


async def test_a_rollback_shows_its_plan_first(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs, undoable(runs.folder)))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "U roll back" in footer(app)

        await pilot.press("U")
        await asked(pilot)

        assert "undone  3 tasks: train_us, train_eu, join" in dialog(app)
        assert "then    the run is ROLLED_BACK, if all of it succeeds" in dialog(app)
        assert runs.asked == []


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("enter", []),
        ("y", [("r-214", Rollback())]),
        ("t", [("r-214", Rollback(to="train_us"))]),
    ],
)
async def test_a_rollback_is_of_the_whole_run_or_down_to_a_task(
    runs: FakeRuns, key: str, wanted: list[object]
) -> None:
    app = app_with(runs, failed(runs, undoable(runs.folder)))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["train_us"])
        await pilot.press("U")
        await asked(pilot)
        assert "Or only down to train_us:" in dialog(app)

        await pilot.press(key)
        await settle(pilot)

        assert runs.asked == wanted


async def test_where_no_task_can_be_undone_there_is_no_such_key(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "roll back" not in footer(app)


async def test_a_live_run_can_be_rolled_back(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs, undoable(runs.folder)))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "U roll back" in footer(app)


async def test_a_run_that_is_rolled_back_shows_what_is_undone(runs: FakeRuns) -> None:
    app = app_with(runs, rolling_back(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["train_us"])
        await settle(pilot)

        assert "◂ ROLLING_BACK" in header(app)
        assert "◂ 1  ◃ 1" in header(app)
        assert "◂ train_us" in row(app, "train_us")
        assert row(app, "train_us").endswith("being undone")
        assert row(app, "train_eu").endswith("undone")
        offered = footer(app)
        assert "x cancel" in offered
        assert not [key for key in ("roll back", "hold", "break", "skip") if key in offered]
        log = screen_of(app).log_view
        assert [(tab.number, tab.undoes) for tab in log.subject.attempts] == [(1, False), (1, True)]
        assert "dropping the model of us" in log.render_line(0).text


async def test_a_rollback_can_be_stopped(runs: FakeRuns) -> None:
    app = app_with(runs, rolling_back(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await asked(pilot)
        assert "Nothing else is undone." in dialog(app)

        await pilot.press("y")
        await settle(pilot)

        assert runs.asked == [("r-214", Cancel())]


@pytest.mark.parametrize(
    ("key", "action"), [("y", Rollback()), ("s", Rollback(skip=("train_us",)))]
)
async def test_where_something_could_not_be_undone_a_person_decides(
    runs: FakeRuns, key: str, action: Rollback
) -> None:
    app = app_with(runs, not_undone(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["train_us"])
        await settle(pilot)
        assert "⊖ ROLLBACK_FAILED" in header(app)
        assert "not undone – exit code 1: registry is read-only" in row(app, "train_us")

        await pilot.press("U")
        await asked(pilot)
        assert "Or count train_us as undone" in dialog(app)
        await pilot.press(key)
        await settle(pilot)

        assert runs.asked == [("r-214", action)]
