"""The app: which screen is shown, what all of them share, and how it is left."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from taskflow_core.errors import TaskflowError
from taskflow_core.state import RunState
from taskflow_tui import glyphs
from taskflow_tui.api import RunsApi
from taskflow_tui.leaving import run_summary
from taskflow_tui.plain_scrollbar import PlainScrollBar
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.help import HelpScreen, live_keys
from taskflow_tui.screens.home import HomeScreen
from taskflow_tui.screens.opening import FlowOpener
from taskflow_tui.screens.problems import ProblemsScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.screens.source import Source
from taskflow_tui.session import Session
from taskflow_tui.signals import heed_signals
from taskflow_tui.theme import DARK, OUTPUT, VARIABLES

ASCII_KEYS = {"↑": "up", "↓": "down", "←": "left", "→": "right", "⇥": "tab"}
"""How keys are called where their signs cannot be shown."""


class TaskFlowApp(FlowOpener):
    """Shows a flow, a run, or the home screen of a folder."""

    TITLE = "taskflow"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = [  # noqa: RUF012  Textual reads them from the class
        "styles/app.tcss",
        "styles/run.tcss",
        "styles/home.tcss",
        "styles/dialogs.tcss",
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (60, "-medium"),
        (100, "-normal"),
        (140, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "question_mark,f1", "help", "help", key_display="?", id="app.help", tooltip="These keys"
        ),
        Binding(
            "q,escape", "back", "back", key_display="q", id="app.back", tooltip="One screen back"
        ),
        Binding("q,escape", "leave", "quit", key_display="q", id="app.back", tooltip="Quit"),
        Binding("ctrl+q", "quit", "Quit from anywhere", show=False, priority=True, id="app.quit"),
        Binding("ctrl+c", "quit", "Quit from anywhere", show=False, id="app.interrupt"),
        Binding("shift+tab", "app.focus_previous", "Previous pane", show=False, id="app.previous"),
    ]

    def __init__(  # noqa: PLR0913  the options of the command line
        self,
        target: str | None = None,
        *,
        ref: str | None = None,
        run: bool = False,
        trusted: bool = False,
        state_dir: Path | None = None,
        ascii: bool | None = None,  # noqa: A002  the option's name
        api: RunsApi | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare the app.

        Args:
            target: A flow file (`file.py:name` for one of several flows), or a folder; None
                means the current folder.
            ref: A run to open instead.
            run: Start the flow at once.
            trusted: Never ask before code of a flow runs.
            state_dir: Where runs are recorded.
            ascii: Use ASCII signs; None means where the terminal needs them.
            api: Stands in for `taskflow_core.runs`.
            clock: Tells the time in Unix seconds.
        """
        super().__init__()
        signs = glyphs.choose(ascii)
        self.session = Session(
            find_api=_runs if api is None else lambda: api,
            clock=clock,
            glyphs=signs,
            state_dir=state_dir,
            trusted=trusted,
        )
        self._folder = Path(target or ".")
        is_home = ref is None and self._folder.is_dir()
        self._source = None if is_home else Source(target, ref, launch=run)
        self._last: RunScreen | None = None
        self._seen: list[RunScreen] = []
        """Every run screen so far: a run goes on when its screen is left."""
        self.set_class(signs.is_ascii, "-ascii")
        ScrollBar.renderer = PlainScrollBar if signs.is_ascii else ScrollBarRender
        self.ansi_theme_dark = OUTPUT
        self.register_theme(DARK)
        # Set before the first style sheet is parsed; a watched change would parse them all again.
        self.set_reactive(App.theme, DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())

    @classmethod
    def open_run(
        cls,
        ref: str,
        *,
        state_dir: Path | None = None,
        ascii: bool | None = None,  # noqa: A002
    ) -> "TaskFlowApp":
        """Return an app that opens the run `ref`: an id, a prefix of one, or `@last`."""
        return cls(ref=ref, state_dir=state_dir, ascii=ascii)

    def summary(self) -> str:
        """Return what to print on the normal screen after the app; empty without a run."""
        screen = self._last
        if screen is None or screen.feed.run is None:
            return ""
        try:
            reader = self.session.open(screen.feed.run)  # what was asked for last counts, too
        except TaskflowError:
            return run_summary(screen.feed.state, screen.feed.status)
        text = run_summary(reader.state, reader.status)
        reader.close()
        return text

    def get_key_display(self, binding: Binding) -> str:
        shown = super().get_key_display(binding)
        spelt = {"⏎": "enter"} | (ASCII_KEYS if self.session.glyphs.is_ascii else {})
        return spelt.get(shown, shown)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return VARIABLES

    # --- coming and going --------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        if self._source is None:
            return HomeScreen(self.session, self._folder.resolve())
        return self._run_screen(self._source)

    def on_mount(self) -> None:
        heed_signals(self._exit_by_signal)

    def _exit_by_signal(self, code: int) -> None:
        self.exit(return_code=code)

    def _run_screen(self, source: Source) -> RunScreen:
        """Return a new run screen, remembered for the summary."""
        self._last = RunScreen(self.session, source)
        self._seen.append(self._last)
        return self._last

    async def action_back(self) -> None:
        """Go one screen back."""
        await self.pop_screen()

    async def action_leave(self) -> None:
        """Leave the first screen: quit."""
        await self.action_quit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "back":
                return self._is_deep
            case "leave":
                return not self._is_deep
            case _:
                return super().check_action(action, parameters)

    async def action_quit(self) -> None:
        """Quit, after asking if a run is live."""
        if isinstance(self.screen, AskScreen):
            return
        self._quit()

    @work(exclusive=True, group="quit")
    async def _quit(self) -> None:
        live = await asyncio.to_thread(self._live_runs)
        if live:
            answer = await self.push_screen_wait(AskScreen(questions.leave(live)))
            if answer == questions.SAFE:
                return
            if answer == questions.CANCEL:
                await asyncio.gather(*(screen.cancel_run() for screen in self._seen))
        self.exit()

    def _live_runs(self) -> list[RunState]:
        """Return the states of the live runs that were on the screen, opened afresh."""
        states: list[RunState] = []
        for run in dict.fromkeys(screen.feed.run for screen in self._seen if screen.feed.run):
            with suppress(TaskflowError):
                reader = self.session.open(run)
                if reader.status.is_live:
                    states.append(reader.state)
                reader.close()
        return states

    @property
    def _is_deep(self) -> bool:
        """There is a screen to go back to; dialogs do not count."""
        above = self.screen_stack[self.ground :]
        return bool(above) and not isinstance(above[0], ModalScreen)

    # --- what screens ask for ----------------------------------------------------------

    async def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen | AskScreen):
            await self.push_screen(HelpScreen(live_keys(self.screen)))

    @on(HomeScreen.FlowChosen)
    async def _open_flow(self, message: HomeScreen.FlowChosen) -> None:
        await self.push_screen(self._run_screen(Source(flow=str(message.path))))

    @on(HomeScreen.RunChosen)
    async def _open_run(self, message: HomeScreen.RunChosen) -> None:
        await self.push_screen(self._run_screen(Source(run=message.run)))

    @on(ProblemsScreen.LoadAgain)
    async def _load_again(self, message: ProblemsScreen.LoadAgain) -> None:
        await self.show_instead(self._run_screen(Source(flow=str(message.path))))


def _runs() -> RunsApi:
    from taskflow_core import runs

    return runs
