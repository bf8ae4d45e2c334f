"""How tests drive the app."""

from collections.abc import Callable

from textual.pilot import Pilot

from taskflow_tui.app import TaskFlowApp
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.entry import EntryScreen
from taskflow_tui.screens.form import FormScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.widgets.key_footer import KeyFooter
from tests.tui.fakes import FakeRun, FakeRuns


def app_with(
    runs: FakeRuns, run: FakeRun | str | None = None, *, trusted: bool = False
) -> TaskFlowApp:
    """Return the app with the flow of the mock-ups, or with a run of it."""
    target = str(runs.folder / "nightly-etl.yaml")
    ref = run.run if isinstance(run, FakeRun) else run
    return TaskFlowApp(target, ref=ref, api=runs, clock=runs.clock, ascii=False, trusted=trusted)


def screen_of(app: TaskFlowApp) -> RunScreen:
    """Return the screen of the run that is shown."""
    screen = app.screen
    assert isinstance(screen, RunScreen)
    return screen


def footer(app: TaskFlowApp) -> str:
    """Return what the line of keys says."""
    return app.screen.query_one(KeyFooter).render_line(0).text


def header(app: TaskFlowApp) -> str:
    """Return what the line on top says."""
    return screen_of(app).header.render_line(0).text


def row(app: TaskFlowApp, task: str) -> str:
    """Return what the row of a task says."""
    rows = screen_of(app).rows
    lines = (rows.render_line(y).text.rstrip() for y in range(rows.size.height))
    return next(line for line in lines if f" {task} " in f"{line} ")


def dialog(app: TaskFlowApp) -> str:
    """Return what the question on the screen says."""
    assert isinstance(app.screen, AskScreen | FormScreen)
    return "\n".join(str(part.render()) for part in app.screen.query("Static"))


async def settle(pilot: Pilot[None]) -> None:
    """Wait until all that was asked for is done and shown."""
    workers = pilot.app.workers
    for _ in range(3):
        if not isinstance(pilot.app.screen, AskScreen | EntryScreen | FormScreen):
            await workers.wait_for_complete()  # pyright: ignore[reportUnknownMemberType]
        await pilot.pause()


def toasts(app: TaskFlowApp) -> list[str]:
    """Return the messages that are on the screen for a while."""
    notifications = app._notifications  # pyright: ignore[reportPrivateUsage]
    return [notification.message for notification in notifications]


async def asked(pilot: Pilot[None]) -> None:
    """Wait until a question is on the screen."""
    await _until(pilot, lambda: isinstance(pilot.app.screen, AskScreen))


async def entered(pilot: Pilot[None]) -> None:
    """Wait until a line to type in is on the screen."""
    await _until(pilot, lambda: isinstance(pilot.app.screen, EntryScreen))


async def formed(pilot: Pilot[None]) -> None:
    """Wait until a form to fill in is on the screen."""
    await _until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))


async def left(pilot: Pilot[None]) -> None:
    """Wait until the app has ended."""
    await _until(pilot, lambda: not pilot.app.is_running)


async def _until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    for _ in range(400):
        if there():
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen within 4 s")
