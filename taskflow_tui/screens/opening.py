"""Opening flows and runs: reading them in a thread, asking first where that runs code."""

import asyncio
from pathlib import Path

from textual import work
from textual.app import App

from taskflow_core.errors import FlowFileError, NotTrustedError
from taskflow_core.plan import Plan
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.complaints import complain
from taskflow_tui.screens.home import HomeScreen
from taskflow_tui.screens.problems import ProblemsScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.session import Session


class FlowOpener(App[None]):
    """Shows a flow file or a run on a screen of its own, for the app."""

    session: Session

    async def push_run_screen(self, screen: RunScreen) -> None:
        """Show `screen`."""
        raise NotImplementedError

    @work(group="open")
    async def show_flow(self, target: str, *, launch: bool = False) -> None:
        """Show the plan of the flow file `target`, or what is wrong with it."""
        path = Path(target.partition(".py:")[0] + ".py" if ".py:" in target else target)
        screen = RunScreen(self.session, path.name)
        await self.push_run_screen(screen)
        try:
            plan = await self._plan(target, path)
        except FlowFileError as error:
            await self._show_instead(ProblemsScreen(path, error.problems, self.session.glyphs))
        except Exception as error:  # noqa: BLE001  a flow that cannot be read ends no app
            await self._give_up(path, error)
        else:
            await self._show_plan(screen, plan, path, launch=launch)

    @work(group="open")
    async def show_run(self, ref: str) -> None:
        """Show the run `ref`."""
        screen = RunScreen(self.session, ref)
        await self.push_run_screen(screen)
        try:
            reader = await asyncio.to_thread(self.session.open, ref)
        except Exception as error:  # noqa: BLE001
            await self._give_up(Path(), error)
        else:
            screen.show_run(reader)

    async def _show_plan(
        self, screen: RunScreen, plan: Plan | None, path: Path, *, launch: bool
    ) -> None:
        if plan is None:
            await self._give_up(path, None)
            return
        screen.show_plan(plan)
        if launch:
            screen.action_launch()

    async def _plan(self, target: str, path: Path) -> Plan | None:
        """Return the plan; None if the file may not be imported."""
        folder = _folder(path)
        trusted = await asyncio.to_thread(self.session.trusts, folder)
        try:
            loaded = await asyncio.to_thread(self.session.load, target, trusted=trusted)
        except NotTrustedError:
            question = AskScreen(questions.trust_python(path))
            if await self.push_screen_wait(question) != questions.YES:
                return None
            await asyncio.to_thread(self.session.trust, folder)
            loaded = await asyncio.to_thread(self.session.load, target, trusted=True)
        return loaded.plan

    async def _give_up(self, path: Path, error: Exception | None) -> None:
        """Leave the empty run screen for the one before, or for the home screen."""
        if len(self.screen_stack) > 2:
            await self.pop_screen()
        else:
            await self._show_instead(HomeScreen(self.session, _folder(path)))
        if error is not None:
            complain(self.screen, error)

    async def _show_instead(self, screen: HomeScreen | ProblemsScreen) -> None:
        await self.switch_screen(screen)  # pyright: ignore[reportUnknownMemberType]


def _folder(path: Path) -> Path:
    path = path.absolute()
    return path if path.is_dir() else path.parent
