"""Takes the pictures of the README and the docs, from the real app on a real run.

    python docs/take_pictures.py

Writes docs/pictures/*.svg. Needs nothing but the package itself.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from taskflow_core.statuses import TaskStatus
from taskflow_tui.app import TaskFlowApp
from taskflow_tui.screens.run import RunScreen

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = (112, 32)

WEB_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""A picture asks the network for nothing: the reader's own monospace font serves."""


async def take(name: str, flow: str, keys: list[str], ready: Callable[[RunScreen], bool]) -> None:
    """Run `flow` in the app, press `keys`, and save the screen once it is `ready`."""
    with tempfile.TemporaryDirectory() as state:
        path = str(ROOT / "sample_flows" / flow)
        app = TaskFlowApp(path, run=True, trusted=True, state_dir=Path(state), ascii=False)
        async with app.run_test(size=SIZE) as pilot:
            while not isinstance(app.screen, RunScreen) or not ready(app.screen):
                await pilot.pause(0.05)
            for key in keys:
                await pilot.press(key)
            await pilot.pause(0.3)
            picture = WEB_FONT.sub("", app.export_screenshot(title=f"taskflow-tui {flow}"))
            (PICTURES / f"{name}.svg").write_text(picture)


def counts(status: TaskStatus, least: int) -> Callable[[RunScreen], bool]:
    """Return the question whether at least so many tasks are in `status`."""
    return lambda screen: screen.feed.state.counts[status] >= least


async def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    await take("running", "stdlib_census.yaml", ["j", "j", "j"], counts(TaskStatus.SUCCEEDED, 5))


if __name__ == "__main__":
    asyncio.run(main())
