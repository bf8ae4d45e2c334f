"""What the keys of the run screen do."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import taskflow_core.events as ev
import taskflow_tui
from taskflow_core.actions import Cancel, Pause, Resume, Retry
from taskflow_core.errors import FlowFileError, NotTrustedError, Problem, RefusedError
from taskflow_core.statuses import RunStatus
from taskflow_tui.app import TaskFlowApp
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.help import HelpScreen
from taskflow_tui.screens.home import HomeScreen
from taskflow_tui.screens.problems import ProblemsScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.widgets.problem_rows import ProblemRows
from tests.tui.fakes import Clock, FakeRuns, nightly_etl
from tests.tui.piloting import app_with, asked, footer, header, left, screen_of, settle, toasts
from tests.tui.scenes import failed, half_way, runs_in, started

SIZE = (100, 30)


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return runs_in(pipelines)


async def test_a_flow_opens_with_its_plan_and_nothing_started(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert "nightly-etl   ○ NOT STARTED" in header(app)
        assert "r launch" in footer(app)
        assert "cancel" not in footer(app)
        assert runs.asked == []


async def test_r_launches_and_then_shows_the_run(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl")]
        assert "r-214   ▶ RUNNING 0:00" in header(app)
        assert "launch" not in footer(app)


async def test_the_header_says_which_handlers_failed(runs: FakeRuns) -> None:
    run = failed(runs)
    for handler, error in (("failure", "exit code 1"), ("always", None)):
        run.add(ev.HandlerStarted, handler=handler, executor="shell")
        run.add(ev.HandlerFinished, handler=handler, ok=error is None, error=error)
    app = app_with(runs, run)
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)

        assert "FAILED" in header(app)
        assert "handler:failure failed" in header(app)
        assert "handler:always" not in header(app)


async def test_run_starts_at_once(runs: FakeRuns) -> None:
    target = str(runs.folder / "nightly-etl.yaml")
    app = TaskFlowApp(target, run=True, api=runs, clock=runs.clock, ascii=False)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl")]


async def test_an_untrusted_folder_is_asked_about_once(runs: FakeRuns) -> None:
    runs.trusted.clear()
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await asked(pilot)
        assert isinstance(app.screen, AskScreen)

        await pilot.press("enter")
        await settle(pilot)
        assert (runs.asked, runs.trusted) == ([], set())

        await pilot.press("r")
        await asked(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert runs.asked == [("start", "nightly-etl")]
        assert runs.trusted == {runs.folder}


async def test_trust_skips_the_question(runs: FakeRuns) -> None:
    runs.trusted.clear()
    app = app_with(runs, trusted=True)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl")]


async def test_a_python_flow_is_not_loaded_before_the_answer(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.trusted.clear()
    (runs.folder / "flow.py").write_text("Flow('x')")
    loads: list[bool] = []

    def load(path: str, *, trusted: bool) -> object:
        loads.append(trusted)
        if not trusted:
            raise NotTrustedError("a Python flow runs code")
        return type("Loaded", (), {"plan": nightly_etl(runs.folder)})

    monkeypatch.setattr(runs, "load", load)
    app = TaskFlowApp(str(runs.folder / "flow.py"), api=runs, clock=runs.clock, ascii=False)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot)
        assert isinstance(app.screen, AskScreen)
        assert loads == [False]

        await pilot.press("y")
        await settle(pilot)
        assert loads == [False, True]
        assert "NOT STARTED" in header(app)


async def test_declining_a_python_flow_leads_home(runs: FakeRuns) -> None:
    (runs.folder / "flow.py").write_text("Flow('x')")
    runs.flows["flow.py"] = NotTrustedError("a Python flow runs code")
    app = TaskFlowApp(str(runs.folder / "flow.py"), api=runs, clock=runs.clock, ascii=False)
    async with app.run_test(size=SIZE) as pilot:
        await asked(pilot)
        await pilot.press("escape")
        await settle(pilot)

        assert isinstance(app.screen, HomeScreen)


async def test_a_refused_launch_says_why(runs: FakeRuns) -> None:
    runs.refusal = RefusedError("no room for [another] run", hint="Wait a little.")
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)

        assert toasts(app) == ["no room for [another] run\nWait a little."]
        assert "NOT STARTED" in header(app)


async def test_r_retries_the_failed_task_under_the_cursor(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen_of(app).rows.select_task(8)
        await pilot.pause()
        assert "r retry task" in footer(app)
        await pilot.press("r")
        await settle(pilot)

        assert runs.asked == [("r-214", Retry(tasks=("train_apac",)))]
        assert toasts(app) == ["Retrying train_apac"]


async def test_elsewhere_r_retries_all_that_failed(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "r retry failed" in footer(app)
        await pilot.press("r")
        await settle(pilot)

        assert runs.asked == [("r-214", Retry())]
        assert toasts(app) == ["Retrying 1 failed task: train_apac"]


async def test_where_nothing_failed_r_says_so(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("G", "r")
        await settle(pilot)

        assert runs.asked == []
        assert toasts(app) == ["Nothing to retry: publish has not run yet: it waits for report."]


async def test_the_attempts_of_a_task_are_shown_side_by_side(runs: FakeRuns) -> None:
    run = failed(runs)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen = screen_of(app)
        screen.rows.select_task(8)
        await pilot.pause()
        assert screen.log_view.heading == "Log train_apac  #1 ✖  #2 ✖  [#3 ✖]"

        await pilot.press("<")
        assert screen.log_view.heading == "Log train_apac  #1 ✖  [#2 ✖]  #3 ✖"
        path = screen.log_view.subject.path
        assert path is not None
        assert path.name == "8-0-2.log"

        await pilot.press(">")
        assert "[#3 ✖]" in screen.log_view.heading


async def test_attempts_of_another_epoch_are_set_apart(runs: FakeRuns) -> None:
    run = failed(runs)
    run.start()
    again = {"task": "train_eu", "epoch": 1}
    run.add(ev.EpochOpened, **again, by="ann", reason="rerun", changes={})
    run.add(ev.TaskReady, **again)
    run.add(ev.AttemptStarted, **again, attempt=1, executor="x", pid=7, arguments=None)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen = screen_of(app)
        screen.rows.select_task(6)
        await pilot.pause()

        assert screen.log_view.heading == "Log train_eu  #1 ✔  [again #1 ▶]"


async def test_a_new_attempt_is_followed(runs: FakeRuns) -> None:
    run = half_way(runs)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        screen = screen_of(app)
        screen.rows.select_task(8)
        run.fail("train_apac", "again", attempt=2, again_in=0)
        run.begin("train_apac", attempt=3)
        screen.look()
        await pilot.pause()

        assert "[#3 ▶]" in screen.log_view.heading


async def test_p_pauses_and_resumes(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("p")
        await settle(pilot)
        screen_of(app).look()
        await pilot.pause()
        assert "‖ PAUSED" in header(app)
        assert "c continue" in footer(app)

        await pilot.press("p")
        await settle(pilot)
        assert runs.asked == [("r-214", Pause()), ("r-214", Resume())]


async def test_x_asks_before_it_cancels(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await asked(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert runs.asked == []

        await pilot.press("x")
        await asked(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert runs.asked == [("r-214", Cancel())]


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+q", "ctrl+c"])
async def test_leaving_a_live_run_asks_and_stays_by_default(runs: FakeRuns, key: str) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press(key)
        await asked(pilot)
        assert isinstance(app.screen, AskScreen)
        await pilot.press("enter")
        await settle(pilot)

        assert isinstance(app.screen, RunScreen)
        assert app.is_running


async def test_detaching_leaves_the_run_alone_and_says_how_to_come_back(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await asked(pilot)
        await pilot.press("d")
        await left(pilot)

    assert runs.asked == []
    assert app.return_code == 0
    assert app.summary().splitlines()[0] == "nightly-etl  run r-214  RUNNING"
    assert "taskflow-tui attach r-214" in app.summary()


async def test_cancel_and_quit_cancels_first(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await asked(pilot)
        await pilot.press("c")
        await left(pilot)

    assert runs.asked == [("r-214", Cancel())]


async def test_a_settled_run_is_left_without_a_question(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("q")
        await left(pilot)

    assert not app.is_running
    assert "failed  train_apac: exit 137" in app.summary()
    assert len(app.summary().splitlines()) <= 15


async def test_the_death_of_the_runner_is_shown(runs: FakeRuns) -> None:
    run = half_way(runs)
    app = app_with(runs, run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        run.owner_is_dead = True
        for _ in range(10):
            screen_of(app).look()
        await pilot.pause()

        assert "? INTERRUPTED" in header(app)
        assert "pause" not in footer(app)
        assert "r go on" in footer(app)
        await pilot.press("r")
        await settle(pilot)
        assert runs.asked == [("r-214", Retry())]


async def test_a_filter_is_typed_kept_and_cleared(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"train")
        assert screen_of(app).rows.row_count == 3
        await pilot.press("enter", "j")
        assert screen_of(app).rows.row_count == 3
        await pilot.press("escape")
        assert screen_of(app).rows.row_count == 12
        assert isinstance(app.screen, RunScreen)


async def test_enter_shows_the_log_alone_and_escape_the_tasks_again(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert screen_of(app).log_view.size.height > 20
        await pilot.press("q")
        await pilot.pause()

        assert screen_of(app).rows.has_focus


async def test_help_lists_the_live_keys(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        titles = {what for group in app.screen.groups for _, what in group.keys}
        await pilot.press("q")

        assert {"Retry all that failed", "Filter tasks by name", "Quit"} <= titles
        assert "Cancel the run" not in titles


def test_every_binding_has_an_id() -> None:
    names = [
        module.name for module in pkgutil.walk_packages(taskflow_tui.__path__, "taskflow_tui.")
    ]
    kinds = [
        kind
        for name in names
        if not name.endswith(".__main__")
        for kind in vars(importlib.import_module(name)).values()
        if isinstance(kind, type) and kind.__module__ == name
    ]
    bindings = [binding for kind in kinds for binding in vars(kind).get("BINDINGS", ())]

    assert len(bindings) > 40
    assert [binding for binding in bindings if not binding.id] == []


async def test_nothing_is_painted_while_nothing_happens(runs: FakeRuns) -> None:
    app = app_with(runs, failed(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        painted: list[object] = []
        app._display = lambda *_: painted.append(1)  # type: ignore[method-assign]
        await pilot.pause(1.3)

    assert painted == []


async def test_footer_keys_can_be_clicked(runs: FakeRuns) -> None:
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.click("KeyFooter", offset=(footer(app).index("launch"), 0))
        await settle(pilot)

        assert runs.asked == [("start", "nightly-etl")]


async def test_dialog_buttons_can_be_clicked(runs: FakeRuns) -> None:
    app = app_with(runs, half_way(runs))
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await asked(pilot)
        await pilot.click(list(app.screen.query("AnswerButton"))[1])
        await settle(pilot)

        assert runs.asked == [("r-214", Cancel())]


async def test_a_run_that_is_not_there_leads_home_with_a_word(
    runs: FakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs.folder)
    app = app_with(runs, "nobody")
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)

        assert isinstance(app.screen, HomeScreen)
        assert toasts(app) == ["no run is called 'nobody'\n`ls` lists them."]


async def test_a_running_time_goes_on(runs: FakeRuns) -> None:
    run = started(runs)
    run.begin("fetch_orders")
    app = app_with(runs, run)
    clock = runs.clock
    assert isinstance(clock, Clock)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clock.go_on(61)
        assert "1m01s" in screen_of(app).rows.render_line(1).text
        assert "▶ RUNNING 1:01" in header(app)
        run.succeed("fetch_orders")
        run.settle(RunStatus.SUCCEEDED)
        screen_of(app).look()
        clock.go_on(60)
        await pilot.pause()
        assert "✔ SUCCEEDED 1:01" in header(app)


async def test_a_broken_flow_shows_its_problems_and_can_be_read_again(runs: FakeRuns) -> None:
    problem = Problem(file="f", slug="x", message="no [tasks] here", line=1, column=2)
    runs.flows["nightly-etl.yaml"] = FlowFileError([problem])
    app = app_with(runs)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, ProblemsScreen)
        assert "no [tasks] here" in app.screen.query_one(ProblemRows).render_line(0).text

        runs.flows["nightly-etl.yaml"] = nightly_etl(runs.folder)
        await pilot.press("r")
        await settle(pilot)
        assert "NOT STARTED" in header(app)
        assert "q quit" in footer(app)
