"""How tests drive the app."""

from textual.pilot import Pilot

from taskflow_tui.app import TaskFlowApp
from taskflow_tui.screens.ask import AskScreen


async def settle(pilot: Pilot[None]) -> None:
    """Wait until all that was asked for is done and shown."""
    workers = pilot.app.workers
    for _ in range(3):
        if not isinstance(pilot.app.screen, AskScreen):
            await workers.wait_for_complete()  # pyright: ignore[reportUnknownMemberType]
        await pilot.pause()


def toasts(app: TaskFlowApp) -> list[str]:
    """Return the messages that are on the screen for a while."""
    notifications = app._notifications  # pyright: ignore[reportPrivateUsage]
    return [notification.message for notification in notifications]
