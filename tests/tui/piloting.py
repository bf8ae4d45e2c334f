"""How tests drive the app."""

from collections.abc import Callable

from textual.pilot import Pilot

from taskflow_tui.app import TaskFlowApp
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.entry import EntryScreen


async def settle(pilot: Pilot[None]) -> None:
    """Wait until all that was asked for is done and shown."""
    workers = pilot.app.workers
    for _ in range(3):
        if not isinstance(pilot.app.screen, AskScreen | EntryScreen):
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


async def left(pilot: Pilot[None]) -> None:
    """Wait until the app has ended."""
    await _until(pilot, lambda: not pilot.app.is_running)


async def _until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    for _ in range(400):
        if there():
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen within 4 s")
