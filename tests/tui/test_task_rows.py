"""The rows of a run: what they say, and how they are moved through."""

from pathlib import Path

import pytest
from textual import on
from textual.app import App, ComposeResult

import taskflow_core.events as ev
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus
from taskflow_tui.widgets.row_list import RowList
from taskflow_tui.widgets.task_rows import TaskRows
from tests.tui.fakes import Clock, FakeRun, plan_of
from tests.tui.scenes import failed, half_way, patched_up, reused, runs_in, started


class Host(App[None]):
    """An app with nothing but the widget under test."""

    def __init__(self, run: FakeRun | None = None, plan: Plan | None = None) -> None:
        super().__init__()
        self.opened: list[int] = []
        self._run = run
        self._state = run.state if run else RunState(plan)
        self.rows = TaskRows(clock=run.clock if run else Clock())

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_mount(self) -> None:
        if self._run is not None:
            self._run.poll()
            self.rows.status = self._run.status
        self.rows.run = self._state
        self.rows.focus()

    @on(RowList.Opened)
    def hear(self, message: RowList.Opened) -> None:
        self.opened.append(message.row)

    def shown(self) -> list[str]:
        return [self.rows.render_line(y).text.rstrip() for y in range(self.rows.size.height)]


def row(app: Host, name: str) -> str:
    return next(line for line in app.shown() if f" {name} " in f"{line} ")


async def test_a_row_has_sign_name_time_and_attempt(tmp_path: Path) -> None:
    app = Host(half_way(runs_in(tmp_path)))
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_fx").split()[-4:] == ["┝─✔", "fetch_fx", "8.6s", "2/3"]
        assert row(app, "train_apac").split()[-4:] == ["╰─┿─▶", "train_apac", "9.6s", "2/3"]
        assert row(app, "eval").endswith("needs train_eu, train_us, train_apac")


async def test_a_failure_says_why_and_what_it_blocks(tmp_path: Path) -> None:
    app = Host(failed(runs_in(tmp_path)))
    async with app.run_test(size=(100, 16)):
        assert "✖ train_apac" in row(app, "train_apac")
        assert "3/3  exit 137 (killed by SIGKILL" in row(app, "train_apac")
        assert row(app, "publish").endswith("blocked by train_apac")


async def test_a_row_says_why_a_task_is_reused_or_had_to_run(tmp_path: Path) -> None:
    app = Host(reused(runs_in(tmp_path)))
    async with app.run_test(size=(140, 16)):
        assert "≡ fetch_orders" in row(app, "fetch_orders")
        assert row(app, "fetch_orders").endswith("cached: nothing changed since run 7kq2, 3h ago")
        assert row(app, "fetch_users").endswith(
            "had to run: argument `day`: 'monday' → 'tuesday'; not kept: the disk is full"
        )


async def test_before_the_run_a_row_says_what_it_would_run() -> None:
    app = Host(plan=plan_of({"fetch_a": ()}))
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_a").endswith("python flows/fetch.py fetch_a")


async def test_running_tasks_of_a_dead_runner_have_no_running_time(tmp_path: Path) -> None:
    run = half_way(runs_in(tmp_path))
    run.owner_is_dead = True
    app = Host(run)
    async with app.run_test(size=(100, 16)):
        assert run.status is RunStatus.INTERRUPTED
        wanted = ["├─┬─?", "train_eu", "1/3", "cut", "off:", "the", "runner", "died"]
        assert row(app, "train_eu").split() == wanted


async def test_hostile_names_come_out_as_typed() -> None:
    names = ["a [task] b", "[/]", "\x1b[2Jx", "[@click=app.quit]z"]
    tasks = [TaskSpec(name=name, command="[bold]$(rm)\x1b]52;c;eA==\x07") for name in names]
    app = Host(plan=Plan(name="f", tasks=tasks))
    async with app.run_test(size=(100, 16)):
        text = "\n".join(app.shown())

    assert "· a [task] b " in text
    assert "· [/] " in text
    assert "· ␛[2Jx" in text
    assert "[@click=app.quit]z" in text
    assert "[bold]$(rm)␛]52;c;eA==␇" in text


async def test_keys_move_the_cursor_and_stop_at_the_ends() -> None:
    app = Host(plan=plan_of({f"t{number}": () for number in range(100)}))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("up", "j", "j", "down", "k")
        assert app.rows.cursor == 2
        await pilot.press("G", "down")
        assert app.rows.cursor == 99
        assert "t99" in app.shown()[-1]
        await pilot.press("ctrl+u")
        assert app.rows.cursor == 94
        await pilot.press("home")
        assert app.rows.cursor == 0


async def test_a_click_selects_and_a_double_click_opens() -> None:
    app = Host(plan=plan_of({f"t{number}": () for number in range(9)}))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.click(TaskRows, offset=(10, 4))
        assert (app.rows.cursor, app.opened) == (3, [])
        await pilot.click(TaskRows, offset=(10, 4), times=2)

    assert app.opened == [3]


async def test_a_filter_keeps_the_cursor_on_its_task() -> None:
    app = Host(plan=plan_of({"load_a": (), "scan_b": (), "load_c": ()}))
    async with app.run_test(size=(80, 12)) as pilot:
        app.rows.cursor = 2
        app.rows.filter_text = "LOAD"
        await pilot.pause()
        assert app.rows.row_count == 2
        assert app.rows.task_number == 2

        app.rows.filter_text = "nothing"
        await pilot.pause()
        assert app.rows.task_number is None


async def test_ten_thousand_rows_are_painted_as_quickly_as_ten() -> None:
    tasks = {f"t{number}": (f"t{number - 7}",) if number > 6 else () for number in range(10_000)}
    app = Host(plan=plan_of(tasks))
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("end")

        assert app.rows.cursor == 9999
        assert app.shown()[-1].startswith(" ▌")


async def test_names_are_cut_before_the_columns_are_pushed_out() -> None:
    app = Host(plan=plan_of({"x" * 120: ()}))
    async with app.run_test(size=(60, 12)):
        assert "…" in app.shown()[1]
        assert len(app.shown()[1]) <= 60


async def test_results_of_which_one_has_to_know_say_why(tmp_path: Path) -> None:
    app = Host(patched_up(runs_in(tmp_path)))
    async with app.run_test(size=(100, 16)):
        assert row(app, "eval").endswith("a person said what its result is")
        assert row(app, "report").endswith("stale: train_us was run again")
        assert row(app, "train_eu").split()[-1] == "1/3"


async def test_a_task_that_runs_again_counts_its_time_anew(tmp_path: Path) -> None:
    runs = runs_in(tmp_path)
    run = started(runs)
    clock = run.clock
    assert isinstance(clock, Clock)
    run.begin("fetch_fx")
    clock.go_on(9)
    run.succeed("fetch_fx")
    run.add(
        ev.EpochOpened,
        task="fetch_fx",
        epoch=1,
        by="ann",
        reason="rerun",
        changes={"day": {"value": "2026-11-24"}},
    )
    again = {"task": "fetch_fx", "epoch": 1}
    run.add(ev.TaskReady, **again)
    run.add(ev.AttemptStarted, **again, attempt=1, executor="process", pid=7, arguments=None)
    clock.go_on(2)
    app = Host(run)
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_fx").split()[-4:] == ["2.0s", "1/3", "with", "day='2026-11-24'"]


async def test_a_running_task_says_how_far_it_is(tmp_path: Path) -> None:
    run = started(runs_in(tmp_path))
    run.begin("fetch_fx")
    run.task(ev.AttemptProgressed, "fetch_fx", attempt=1, done=3.0, total=10.0, message="files")
    app = Host(run)
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_fx").endswith("3/10 files")


@pytest.mark.parametrize(
    ("reason", "stop", "said"),
    [
        ("operator: ann", None, "held by ann"),
        ("operator", None, "held by a person"),
        ("breakpoint", "before", "held: breakpoint before"),
        (
            "breakpoint: no name 'x'",
            "before",
            "held: breakpoint before; its condition: no name 'x'",
        ),
    ],
)
async def test_a_held_task_says_who_holds_it(
    tmp_path: Path, reason: str, stop: str | None, said: str
) -> None:
    run = started(runs_in(tmp_path))
    run.task(ev.TaskReady, "fetch_fx")
    run.task(ev.TaskHeld, "fetch_fx", reason=reason, breakpoint=stop)
    app = Host(run)
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_fx").endswith(said)


async def test_a_task_held_after_its_failure_says_both(tmp_path: Path) -> None:
    run = started(runs_in(tmp_path))
    run.begin("fetch_fx")
    run.task(ev.AttemptFailed, "fetch_fx", attempt=1, error="no route", traceback=None, exit_code=1)
    run.task(ev.TaskHeld, "fetch_fx", reason="breakpoint", breakpoint="on_failure")
    app = Host(run)
    async with app.run_test(size=(100, 16)):
        assert row(app, "fetch_fx").endswith("held: breakpoint on failure – no route")
