"""The keys that stop a run, let it go on, and change its course."""

from pathlib import Path

import pytest

from taskflow_core.actions import (
    Break,
    Cancel,
    Hold,
    Parallelism,
    Pause,
    Release,
    Rerun,
    Resume,
    Retry,
    Skip,
    Step,
    Succeed,
    Unbreak,
)
from taskflow_core.errors import RefusedError
from taskflow_core.plan import BreakpointSpec, Plan, TaskSpec
from taskflow_tui.screens.entry import EntryScreen
from taskflow_tui.screens.run import RunScreen
from tests.tui.fakes import ETL, FakeRuns
from tests.tui.piloting import (
    app_with,
    asked,
    dialog,
    entered,
    footer,
    header,
    row,
    screen_of,
    settle,
    toasts,
)
from tests.tui.scenes import at_breakpoint, failed, half_way, runs_in, stalled

SIZE = (120, 36)
NUMBER = {name: number for number, name in enumerate(ETL)}


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return runs_in(pipelines)


# --- where a run stops -----------------------------------------------------------------


async def test_a_run_at_a_breakpoint_says_so_and_where(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "‖ PAUSED 0:14 before join (breakpoint)   ✔ 5  ‖ 1  · 6" in header(app)
        assert row(app, "join").startswith("  ●")
        assert row(app, "join").endswith("held: breakpoint before")
        assert row(app, "publish").startswith("  ●")
        assert row(app, "report").endswith("will be held; needs join, eval")
        assert "n step  N wave  c continue" in footer(app)


async def test_where_it_is_narrow_the_header_cuts_where_the_run_stands(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=(60, 15)) as pilot:
        await settle(pilot)

        assert header(app).startswith(" nightly-etl   ‖ PAUSED 0:14 before j")
        assert "✔ 5  ‖ 1  · 6" in header(app)


async def test_a_stalled_run_says_what_it_waits_for(runs: FakeRuns) -> None:
    app = app_with(runs, stalled(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["eval"])
        await pilot.pause()

        assert "◔ STALLED 0:33 1 held" in header(app)
        assert "H release" in footer(app)
        await pilot.press("H")
        await settle(pilot)
        assert runs.asked == [("r-214", Release(tasks=("eval",)))]


@pytest.mark.parametrize(
    ("key", "action"),
    [
        ("n", Step()),
        ("f10", Step()),
        ("N", Step(mode="frontier")),
        ("c", Resume()),
        ("f5", Resume()),
        ("p", Resume()),
    ],
)
async def test_a_paused_run_goes_on_by(runs: FakeRuns, key: str, action: object) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press(key)
        await settle(pilot)

        assert runs.asked == [("r-214", action)]


async def test_t_runs_up_to_the_task_under_the_cursor(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "to here" not in footer(app)
        screen_of(app).rows.select_task(NUMBER["eval"])
        await pilot.pause()
        assert "t to here" in footer(app)
        await pilot.press("t")
        await settle(pilot)

        assert runs.asked == [("r-214", Step(mode="to", task="eval"))]
        assert toasts(app) == ["Running what eval waits for"]


async def test_a_run_that_goes_on_cannot_be_stepped(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("n", "N", "t", "c", "f10")
        await settle(pilot)

        assert runs.asked == []
        assert "n step" not in footer(app)


async def test_b_sets_a_breakpoint_and_clears_it_again(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["publish"])
        await pilot.pause()
        await pilot.press("b")
        await settle(pilot)
        screen_of(app).look()
        await pilot.pause()
        assert row(app, "publish").startswith(" ▌●")
        assert "b unbreak" in footer(app)

        await pilot.press("f9")
        await settle(pilot)
        screen_of(app).look()
        await pilot.pause()
        assert row(app, "publish").startswith(" ▌ ")
        assert runs.asked == [
            ("r-214", Break(task="publish")),
            ("r-214", Unbreak(task="publish")),
        ]


async def test_every_breakpoint_at_a_task_is_cleared(runs: FakeRuns) -> None:
    run = half_way(runs)
    run.obey(Break(task="publish"), "ann")
    run.obey(Break(task="publish", stop="on_failure"), "ann")
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("G", "b")
        await settle(pilot)

        assert [action for _, action in runs.asked] == [
            Unbreak(task="publish"),
            Unbreak(task="publish", stop="on_failure"),
        ]


async def test_breakpoints_set_before_the_launch_are_part_of_it(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("G", "b")
        await pilot.pause()
        assert row(app, "publish").startswith(" ▌●")
        await pilot.press("r")
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl", Break(task="publish"))]


async def test_a_breakpoint_that_the_flow_declares_can_be_taken_back(runs: FakeRuns) -> None:
    spec = TaskSpec(name="load", command="true", breakpoints=(BreakpointSpec("after"),))
    runs.flows["nightly-etl.yaml"] = Plan.of(name="f", tasks=[spec])
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert row(app, "load").startswith(" ▌●")
        await pilot.press("b", "r")
        await settle(pilot)

        assert runs.asked == [("start", "f", Unbreak(task="load", stop="after"))]


async def test_capital_d_launches_a_run_that_is_paused(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "D debug" in footer(app)
        await pilot.press("D")
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl", Pause())]
        assert "‖ PAUSED" in header(app)


async def test_a_task_is_held_before_it_is_ready_and_let_go(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("G", "H")
        await settle(pilot)
        screen_of(app).look()
        await pilot.pause()
        assert row(app, "publish").endswith("will be held; needs report")

        await pilot.press("H")
        await settle(pilot)
        assert [action for _, action in runs.asked] == [
            Hold(tasks=("publish",)),
            Release(tasks=("publish",)),
        ]


# --- what changes the course of a run --------------------------------------------------


async def test_capital_r_shows_what_would_run_and_asks(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["train_apac"])
        await pilot.pause()
        await pilot.press("R")
        await asked(pilot)
        said = dialog(app)
        assert "runs    4 tasks: train_apac, eval, report, publish" in said
        assert "reused  8 tasks" in said
        assert "the run is SUCCEEDED, if all of it succeeds" in said

        await pilot.press("enter")
        await settle(pilot)
        assert runs.asked == []

        await pilot.press("R")
        await asked(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert runs.asked == [("r-214", Rerun(tasks=("train_apac",), from_here=True))]
        assert toasts(app) == ["Running again from train_apac"]


async def test_r_on_a_task_that_succeeded_asks_whether_it_is_to_run_again(
    runs: FakeRuns,
) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await asked(pilot)
        assert "fetch_orders" in dialog(app)
        assert "about 2.1s, and 3 tasks of unknown length" in dialog(app)
        await pilot.press("y")
        await settle(pilot)

        assert runs.asked == [("r-214", Retry(tasks=("fetch_orders",)))]


async def test_a_plan_that_the_run_refuses_is_not_asked_about(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RefusedError("task 'eval' is running", hint="Cancel it first.")

    monkeypatch.setattr(runs, "plan_action", refuse)
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("R")
        await settle(pilot)

        assert toasts(app) == ["task 'eval' is running\nCancel it first."]
        assert isinstance(app.screen, RunScreen)


async def test_a_task_is_skipped_after_a_look_at_what_comes_of_it(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["join"])
        await pilot.pause()
        await pilot.press("S")
        await asked(pilot)
        assert "not run" in dialog(app)
        await pilot.press("s")
        await settle(pilot)

        assert runs.asked == [("r-214", Skip(tasks=("join",)))]
        assert toasts(app) == ["Skipping join"]


async def test_a_result_is_given_as_json(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["join"])
        await pilot.pause()
        await pilot.press("S")
        await asked(pilot)
        await pilot.press("v")
        await entered(pilot)
        await pilot.press("ctrl+u", *'{"rows', "enter")
        await pilot.pause()
        assert isinstance(app.screen, EntryScreen)
        assert "not JSON" in str(app.screen.query_one("#problem").render())

        await pilot.press(*'": 3}', "enter")
        await settle(pilot)
        assert runs.asked == [("r-214", Succeed(task="join", result={"value": {"rows": 3}}))]
        assert toasts(app) == ["Taking your value as the result of join"]


async def test_escape_gives_no_result(runs: FakeRuns) -> None:
    app = app_with(runs, at_breakpoint(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("G", "S")
        await asked(pilot)
        await pilot.press("v")
        await entered(pilot)
        await pilot.press("escape")
        await settle(pilot)

        assert runs.asked == []
        assert isinstance(app.screen, RunScreen)


async def test_more_or_fewer_run_at_once(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("M")
        await entered(pilot)
        await pilot.press("ctrl+u", "0", "enter")
        assert isinstance(app.screen, EntryScreen)
        await pilot.press("ctrl+u", "2", "enter")
        await settle(pilot)

        assert runs.asked == [("r-214", Parallelism(max_parallel=2))]


async def test_x_offers_to_cancel_only_the_task_under_the_cursor(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(NUMBER["train_eu"])
        await pilot.pause()
        await pilot.press("x")
        await asked(pilot)
        assert "Or only train_eu: the run goes on without it" in dialog(app)
        assert "eval, report, publish" in dialog(app)
        await pilot.press("t")
        await settle(pilot)

        assert runs.asked == [("r-214", Cancel(tasks=("train_eu",)))]
