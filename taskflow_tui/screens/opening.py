"""Opening flows and runs: reading them in a thread, asking first where that runs code."""

import asyncio
from pathlib import Path

from textual import on, work
from textual.app import App
from textual.screen import Screen

from taskflow_core.errors import FlowFileError, NotTrustedError
from taskflow_core.plan import Plan
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.complaints import complain
from taskflow_tui.screens.home import HomeScreen
from taskflow_tui.screens.problems import ProblemsScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.screens.source import Source
from taskflow_tui.session import Session


class FlowOpener(App[None]):
    """Fills run screens with a flow file or a run, for the app."""

    session: Session
    ground: int = 1
    """How many screens lie on each other when there is none to go back to."""

    @on(RunScreen.Ready)
    def _fill(self, message: RunScreen.Ready) -> None:
        if message.screen.source.run is not None:
            self._fill_with_run(message.screen, message.screen.source.run)
        else:
            self._fill_with_flow(message.screen, message.screen.source)

    @work(group="open")
    async def _fill_with_flow(self, screen: RunScreen, source: Source) -> None:
        """Show the plan of a flow file on `screen`, or instead what is wrong with it."""
        try:
            plan = await self._plan(source)
        except FlowFileError as error:
            problems = ProblemsScreen(source.path, error.problems, self.session.glyphs)
            await self.show_instead(problems)
        except Exception as error:  # noqa: BLE001  a flow that cannot be read ends no app
            await self._give_up(source.path, error)
        else:
            await self._show_plan(screen, plan)

    @work(group="open")
    async def _fill_with_run(self, screen: RunScreen, ref: str) -> None:
        try:
            reader = await asyncio.to_thread(self.session.open, ref)
        except Exception as error:  # noqa: BLE001
            await self._give_up(Path(), error)
        else:
            screen.show_run(reader)

    async def _show_plan(self, screen: RunScreen, plan: Plan | None) -> None:
        if plan is None:
            await self._give_up(screen.source.path, None)
            return
        screen.show_plan(plan)
        if screen.source.launch:
            screen.action_launch()

    async def _plan(self, source: Source) -> Plan | None:
        """Return the plan; None if the file may not be imported."""
        folder, flow = _folder(source.path), source.flow or ""
        trusted = await asyncio.to_thread(self.session.trusts, folder)
        try:
            loaded = await asyncio.to_thread(self.session.load, flow, trusted=trusted)
        except NotTrustedError:
            question = AskScreen(questions.trust_python(source.path))
            if await self.push_screen_wait(question) != questions.YES:
                return None
            await asyncio.to_thread(self.session.trust, folder)
            loaded = await asyncio.to_thread(self.session.load, flow, trusted=True)
        return loaded.plan

    async def _give_up(self, path: Path, error: Exception | None) -> None:
        """Leave the empty run screen for the one before, or for the home screen."""
        if len(self.screen_stack) > self.ground:
            await self.pop_screen()
        else:
            await self.show_instead(HomeScreen(self.session, _folder(path)))
        if error is not None:
            complain(self.screen, error)

    async def show_instead(self, screen: Screen[None]) -> None:
        """Put `screen` in the place of the one on top."""
        if len(self.screen_stack) > 1:
            await self.switch_screen(screen)  # pyright: ignore[reportUnknownMemberType]
        else:  # Textual cannot replace its first screen: leave it below, out of reach.
            self.ground = 2
            await self.push_screen(screen)


def _folder(path: Path) -> Path:
    path = path.absolute()
    return path if path.is_dir() else path.parent
