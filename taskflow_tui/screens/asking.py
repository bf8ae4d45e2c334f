"""How a screen asks something of its run. Every call that may block runs in a thread."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from textual import work
from textual.screen import Screen

from taskflow_core.actions import Action
from taskflow_core.forecast import Forecast
from taskflow_tui.offers import Spot
from taskflow_tui.run_feed import RunFeed
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import AskScreen, Question
from taskflow_tui.screens.complaints import complain
from taskflow_tui.session import Session
from taskflow_tui.typed import app_of
from taskflow_tui.widgets.task_rows import TaskRows


class Asking(Screen[None]):
    """A screen with a feed and rows of tasks."""

    session: Session
    feed: RunFeed
    rows: TaskRows

    @property
    def spot(self) -> Spot:
        """The run, and the task under the cursor."""
        feed = self.feed
        return Spot(feed.state, feed.status, self.rows.task_number, feed.run is not None)

    @abstractmethod
    def stops_changed(self) -> None:
        """Show that the breakpoints of the plan have changed."""

    def act(self, *actions: Action, said: str = "") -> None:
        """Ask the run for `actions`, and then show the message `said`."""
        if run := self.feed.run:
            self.ask(lambda: [self.session.act(run, action) for action in actions], said)

    @work(group="ask")
    async def ask(self, request: Callable[[], object], said: str) -> None:
        """Carry out `request` in a thread, and say so."""
        try:
            await asyncio.to_thread(request)
        except Exception as error:  # noqa: BLE001  a request that fails ends no app
            complain(self, error)
        else:
            if said:
                self.notify(said[:1].upper() + said[1:], markup=False)

    async def answer_to(self, question: Question) -> str:
        """Ask the person and return the answer."""
        return await app_of(self).push_screen_wait(AskScreen(question))

    async def forecast(self, action: Action) -> Forecast | None:
        """Return what `action` would lead to; None, with a message, if the run refuses it."""
        if (run := self.feed.run) is None:
            return None
        try:
            return await asyncio.to_thread(self.session.plan, run, action)
        except Exception as error:  # noqa: BLE001
            complain(self, error)
            return None

    @work(exclusive=True, group="command")
    async def act_if_wanted(self, action: Action, title: str, yes: str, said: str) -> None:
        """Show what `action` would lead to, and carry it out if the person says yes.

        Args:
            action: What to do.
            title: The question.
            yes: What the answer that does it is called.
            said: The message afterwards.
        """
        forecast = await self.forecast(action)
        if forecast is None:
            return
        if await self.answer_to(questions.planned(title, forecast, yes)) == questions.YES:
            self.act(action, said=said)
