"""Mapped tasks, sub-flows and questions on the run screen."""

from pathlib import Path

import pytest
from textual.widgets import Input

import taskflow_core.events as ev
from taskflow_core.actions import Action, Answer, Reject
from taskflow_tui.app import TaskFlowApp
from tests.tui.fakes import Clock, FakeRuns
from tests.tui.piloting import (
    app_with,
    asked,
    dialog,
    entered,
    footer,
    formed,
    header,
    row,
    screen_of,
    settle,
)
from tests.tui.scenes import asking, loading, nesting, opened, runs_in, started

SIZE = (120, 36)


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return runs_in(pipelines)


def shown(app: TaskFlowApp) -> list[str]:
    """Return the names of the tasks that have a row."""
    screen = screen_of(app)
    return [screen.feed.state.plan.tasks[number].name for number in screen.rows.shown]


def log(app: TaskFlowApp) -> str:
    view = screen_of(app).log_view
    return "\n".join(view.render_line(y).text.rstrip() for y in range(view.line_count))


def put_on(app: TaskFlowApp, task: str) -> None:
    screen = screen_of(app)
    screen.rows.select_task(screen.feed.state.number_of(task))


async def test_a_plan_shows_the_tasks_of_its_sub_flows(runs: FakeRuns) -> None:
    runs.flows["nightly-etl.yaml"] = nesting()
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert shown(app)[2:5] == ["publish", "publish/render", "publish/upload"]
        assert "╰─┬───· load " in row(app, "load")
        assert "· ▾ publish" in row(app, "publish")
        assert "· publish/render" in row(app, "publish/render")
        assert "load $ITEM for each of tasks.list.result" in row(app, "load")
        assert "asks: Ship ${{ tasks.load.result | length }} files? (note, copies)" in row(
            app, "sign-off"
        )
        assert "waits 1m30s" in row(app, "settle")


async def test_children_appear_below_their_container_while_the_run_goes_on(runs: FakeRuns) -> None:
    run = started(runs, nesting())
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        put_on(app, "tell")
        before = shown(app)

        run.begin("list")
        run.succeed("list")
        run.task(ev.TaskReady, "load")
        items = {"value": ["eu.csv", "us.csv"]}
        run.task(ev.TaskExpanded, "load", children=2, items=items, params={})
        screen_of(app).look()
        await settle(pilot)

        assert shown(app) == [*before[:2], "load[0]", "load[1]", *before[2:]]
        assert screen_of(app).spot.name == "tell"
        assert row(app, "load").endswith("0/2")
        assert row(app, "load[1]").endswith("us.csv")
        assert "Tasks  8" in str(screen_of(app).rows.border_title)


async def test_a_container_says_how_far_it_is_and_stands_for_the_worst_inside(
    runs: FakeRuns,
) -> None:
    app = app_with(runs, loading(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "✖ ▾ load" in row(app, "load")
        assert row(app, "load").split()[-4:] == ["3.0s", "3/5,", "1", "failed"]
        assert row(app, "load[2]").endswith("exit code 1: no such table")
        assert "✔ 3  ▶ 1  ✖ 1  · 6" in header(app)
        put_on(app, "load")
        await settle(pilot)
        assert "items     5: eu.csv, us.csv, apac.csv, uk.csv, jp.csv" in log(app)
        assert "children  3/5, 1 failed" in log(app)
        assert "It ends when all its children have ended." in log(app)
        offered = footer(app)
        assert not [key for key in ("S skip", "H hold", "r retry task") if key in offered]


@pytest.mark.parametrize("keys", [("h",), ("left",), ("enter",)])
async def test_a_container_folds_and_unfolds(runs: FakeRuns, keys: tuple[str, ...]) -> None:
    app = app_with(runs, loading(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        put_on(app, "load")
        await settle(pilot)
        whole = shown(app)

        await pilot.press(*keys)
        assert shown(app) == [name for name in whole if "[" not in name]
        assert "✖ ▸ load" in row(app, "load")
        assert screen_of(app).spot.name == "load"

        await pilot.press("l" if keys != ("enter",) else "enter")
        assert shown(app) == whole


async def test_from_a_child_the_same_key_goes_to_its_container_and_back(runs: FakeRuns) -> None:
    app = app_with(runs, loading(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        put_on(app, "load[3]")

        await pilot.press("h")
        assert screen_of(app).spot.name == "load"
        await pilot.press("l")
        assert screen_of(app).spot.name == "load[0]"


async def test_the_cursor_goes_to_the_container_that_hides_its_task(runs: FakeRuns) -> None:
    app = app_with(runs, loading(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        put_on(app, "load[3]")
        rows = screen_of(app).rows

        rows.toggle_fold(1)
        await settle(pilot)

        assert screen_of(app).spot.name == "load"


async def test_many_children_start_folded_and_a_filter_finds_them_all_the_same(
    runs: FakeRuns,
) -> None:
    app = app_with(runs, opened(runs, *(f"{n}.csv" for n in range(21))))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "load[0]" not in shown(app)
        assert row(app, "load").endswith("0/21")

        await pilot.press("slash", *"d[1")
        await settle(pilot)
        assert shown(app) == ["load[1]", *(f"load[{n}]" for n in range(10, 20))]

        await pilot.press("escape")
        await settle(pilot)
        assert "load[0]" not in shown(app)


async def test_ten_thousand_children_come_and_change_without_a_row_for_each(
    runs: FakeRuns,
) -> None:
    run = opened(runs, *("x" for _ in range(10_000)))
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        run.begin("load[0]", "load[9999]")
        run.succeed("load[9999]")
        screen_of(app).look()
        await settle(pilot)
        assert row(app, "load").endswith("1/10,000")
        assert len(shown(app)) == 8

        put_on(app, "load[9999]")
        await settle(pilot)

        assert len(shown(app)) == 10_008
        assert "✔ load[9999]" in row(app, "load[9999]")


async def test_a_question_is_seen_from_everywhere_and_in_full_at_its_task(runs: FakeRuns) -> None:
    app = app_with(runs, asking(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "▶ RUNNING 0:07 sign-off asks you" in header(app)
        assert "✔ 5  ◔ 2  · 1" in header(app)
        assert "a answer" in footer(app)
        assert row(app, "sign-off").endswith("asks: Ship 2 files?")
        assert row(app, "settle").endswith("goes on in 1m26s")
        put_on(app, "sign-off")
        await settle(pilot)
        assert log(app).splitlines()[0].strip() == "It asks: Ship 2 files? Press a to answer."
        assert "field note   str: why" in log(app)
        put_on(app, "publish")
        await settle(pilot)
        assert "params    day = 2026-11-24" in log(app)


async def test_the_form_wants_what_is_missing_and_takes_what_is_right(runs: FakeRuns) -> None:
    app = app_with(runs, asking(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await formed(pilot)
        assert "Ship 2 files?" in dialog(app)

        await pilot.press("enter")
        assert "note needs a value" in dialog(app)
        await pilot.press(*"fine", "down", "end", "backspace", "x")
        assert "copies must be a whole number, not 'x'" in dialog(app)
        await pilot.press("enter")
        assert runs.asked == []
        app.screen.query(Input).last().value = "3"
        await pilot.press("enter")
        await settle(pilot)

        wanted = Answer(task="sign-off", fields={"note": "fine", "copies": "3"})
        assert runs.asked == [("r-214", wanted)]


async def test_a_field_that_is_left_empty_keeps_its_default(runs: FakeRuns) -> None:
    app = app_with(runs, asking(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await formed(pilot)
        await pilot.press("x", "down", "end", "backspace", "enter")
        await settle(pilot)

        assert runs.asked == [("r-214", Answer(task="sign-off", fields={"note": "x"}))]


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("too early", Reject(task="sign-off", reason="too early")),
        ("", Reject(task="sign-off", reason=None)),
    ],
)
async def test_a_question_is_rejected_with_a_reason_or_without(
    runs: FakeRuns, typed: str, action: Action
) -> None:
    app = app_with(runs, asking(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await formed(pilot)
        await pilot.press("ctrl+r")
        await entered(pilot)
        await pilot.press(*typed, "enter")
        await settle(pilot)

        assert runs.asked == [("r-214", action)]


async def test_a_question_can_be_left_for_later(runs: FakeRuns) -> None:
    app = app_with(runs, asking(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("a")
        await formed(pilot)
        await pilot.press("escape")
        await settle(pilot)

        assert runs.asked == []
        assert screen_of(app).spot.name == "list"


@pytest.mark.parametrize(
    ("key", "wanted"), [("enter", []), ("y", [("r-214", Answer(task="sign-off"))])]
)
async def test_a_question_without_fields_is_answered_by_a_key(
    runs: FakeRuns, key: str, wanted: list[object]
) -> None:
    run = asking(runs)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        approval = run.state.plan.tasks[run.state.number_of("sign-off")].approval
        assert approval is not None
        approval.fields.clear()
        await pilot.press("a")
        await asked(pilot)
        assert "Ship 2 files?" in dialog(app)
        await pilot.press(key)
        await settle(pilot)

        assert runs.asked == wanted


async def test_once_it_is_answered_nobody_is_asked_any_more(runs: FakeRuns) -> None:
    run = asking(runs)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        said = {"by": "ann", "approved": True, "fields": {"note": "ok"}, "reason": None}
        run.task(ev.TaskAnswered, "sign-off", **said)
        run.task(ev.TaskSucceeded, "sign-off", how="executed", result={"value": {"note": "ok"}})
        screen_of(app).look()
        await settle(pilot)

        assert "asks you" not in header(app)
        assert "a answer" not in footer(app)
        assert row(app, "sign-off").endswith("approved: note=ok")


async def test_the_time_that_is_left_runs(runs: FakeRuns) -> None:
    app = app_with(runs, asking(runs))
    clock = runs.clock
    assert isinstance(clock, Clock)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clock.go_on(30)
        screen_of(app).rows.tick()

        assert row(app, "settle").endswith("goes on in 56.0s")
