"""What the keys of the run screen ask of the run. Every call that may block runs in a thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from textual import work
from textual.screen import Screen

from taskflow_core.plan import Plan
from taskflow_core.statuses import RunStatus
from taskflow_tui.api import RunReader
from taskflow_tui.retrying import NoRetry, Retry, retry_choice
from taskflow_tui.run_feed import RunFeed
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import AskScreen
from taskflow_tui.screens.complaints import complain
from taskflow_tui.session import Session, folder_of
from taskflow_tui.typed import app_of
from taskflow_tui.widgets.task_rows import TaskRows

_RETRIES = frozenset({"retry_task", "retry_failed", "go_on", "say_why_no_retry"})
_WHILE = {
    "pause": frozenset({RunStatus.RUNNING}),
    "resume": frozenset({RunStatus.PAUSED}),
    "cancel": frozenset({RunStatus.CREATED, RunStatus.RUNNING, RunStatus.PAUSED}),
    "kill": frozenset({RunStatus.CANCELLING}),
}
"""The states of a live run in which it can be asked for something."""


class RunCommands(Screen[None]):
    """Launch, retry, pause, resume and cancel, for a screen with a feed and rows of tasks."""

    session: Session
    feed: RunFeed
    rows: TaskRows
    word: str

    def allows(self, action: str) -> bool:
        """Say whether the command `action` makes sense now."""
        live, status = self.feed.is_live, self.feed.status
        if action == "launch":
            return self.feed.run is None and self.word == "NOT STARTED"
        if action in _RETRIES:
            return self.feed.run is not None and action == self._retry_action()
        if action in _WHILE:
            return live and status in _WHILE[action]
        if action == "attempt":
            number = self.rows.task_number
            return number is not None and len(self.feed.state.tasks[number].attempts) > 1
        return True

    def _retry_action(self) -> str:
        choice = self._retry_choice()
        if isinstance(choice, NoRetry):
            cut_off = self.feed.status is RunStatus.INTERRUPTED
            return "go_on" if cut_off else "say_why_no_retry"
        return "retry_failed" if choice.tasks is None else "retry_task"

    def _retry_choice(self) -> Retry | NoRetry:
        if self.feed.status is RunStatus.CANCELLING:
            return NoRetry("the run is being cancelled")
        return retry_choice(self.feed.state, self.rows.task_number)

    # --- launching ---------------------------------------------------------------------

    def action_launch(self) -> None:
        self._launch(self.feed.state.plan)

    @work(exclusive=True, group="command")
    async def _launch(self, plan: Plan) -> None:
        if not await self._may_run(plan):
            return
        self.say("STARTING")
        try:
            reader = await asyncio.to_thread(self.session.start, plan)
        except Exception as error:  # noqa: BLE001  a request that fails ends no app
            self.say("NOT STARTED")
            complain(self, error)
        else:
            self.show_run(reader)

    async def _may_run(self, plan: Plan) -> bool:
        if plan.source is None:
            return True
        folder = folder_of(plan.source)
        if await asyncio.to_thread(self.session.trusts, folder):
            return True
        question = AskScreen(questions.trust_plan(plan, folder))
        if await app_of(self).push_screen_wait(question) != questions.YES:
            return False
        await asyncio.to_thread(self.session.trust, folder)
        return True

    def say(self, word: str) -> None:
        """Show `word` as the state of the run."""
        raise NotImplementedError

    def show_run(self, reader: RunReader) -> None:
        """Show the run that was launched."""
        raise NotImplementedError

    # --- the others --------------------------------------------------------------------

    def action_retry_task(self) -> None:
        self._retry()

    def action_retry_failed(self) -> None:
        self._retry()

    def action_go_on(self) -> None:
        """Bring an interrupted run back to life: what was cut off runs again."""
        if run := self.feed.run:
            self._ask(lambda: self.session.retry(run, None), "the run goes on")

    def action_say_why_no_retry(self) -> None:
        choice = self._retry_choice()
        if isinstance(choice, NoRetry):
            self.notify(f"Nothing to retry: {choice.why}.", markup=False)

    def _retry(self) -> None:
        choice, run = self._retry_choice(), self.feed.run
        if isinstance(choice, Retry) and run is not None:
            self._ask(lambda: self.session.retry(run, choice.tasks), choice.said)

    def action_pause(self) -> None:
        if run := self.feed.run:
            self._ask(lambda: self.session.pause(run), "Paused: what runs goes on.")

    def action_resume(self) -> None:
        if run := self.feed.run:
            self._ask(lambda: self.session.resume(run), "")

    @work(exclusive=True, group="command")
    async def action_cancel(self) -> None:
        run, question = self.feed.run, questions.cancel_run(self.feed.state)
        if run and await app_of(self).push_screen_wait(AskScreen(question)) == questions.YES:
            self._ask(lambda: self.session.cancel(run), "")

    @work(exclusive=True, group="command")
    async def action_kill(self) -> None:
        run, question = self.feed.run, questions.kill_run(self.feed.state)
        if run and await app_of(self).push_screen_wait(AskScreen(question)) == questions.YES:
            self._ask(lambda: self.session.cancel(run), "")

    async def cancel_run(self) -> None:
        """Cancel the run without asking, as part of leaving."""
        if run := self.feed.run:
            with suppress(Exception):
                await asyncio.to_thread(self.session.cancel, run)

    @work(group="ask")
    async def _ask(self, request: Callable[[], object], said: str) -> None:
        """Carry out `request` in a thread, and say so."""
        try:
            await asyncio.to_thread(request)
        except Exception as error:  # noqa: BLE001
            complain(self, error)
        else:
            if said:
                self.notify(said[:1].upper() + said[1:], markup=False)
