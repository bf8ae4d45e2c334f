"""What the keys of the run screen ask for, from launching a run to cancelling it."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress

from textual import work

from taskflow_core.actions import Action, Cancel, Pause, Resume
from taskflow_core.actions import Retry as TryAgain
from taskflow_core.plan import Plan
from taskflow_core.statuses import SETTLED_TASKS, RunStatus, TaskStatus
from taskflow_tui.api import RunReader
from taskflow_tui.offers import ENDING, OFFERS, offers
from taskflow_tui.retrying import NoRetry, Retry, retry_choice
from taskflow_tui.screens import questions
from taskflow_tui.screens.answering import Answering
from taskflow_tui.screens.complaints import complain
from taskflow_tui.screens.debugging import Debugging
from taskflow_tui.screens.interventions import Interventions
from taskflow_tui.session import folder_of

_LAUNCHES = frozenset({"launch", "debug"})
_RETRIES = frozenset({"retry_task", "retry_failed", "rerun", "go_on", "say_why_no_retry"})


class RunCommands(Debugging, Interventions, Answering):
    """Everything that can be asked of a run, for a screen with a feed and rows of tasks."""

    word: str

    def allows(self, action: str) -> bool:
        """Say whether the command `action` makes sense now."""
        if action in _LAUNCHES:
            return self.feed.run is None and self.word == "NOT STARTED"
        if action in _RETRIES:
            return self.feed.run is not None and action == self._retry_action()
        if action == "answer":
            return self.asked_by() is not None
        return action not in OFFERS or offers(action, self.spot)

    def _retry_action(self) -> str:
        choice, task = self._retry_choice(), self.spot.task
        if isinstance(choice, Retry):
            return "retry_failed" if choice.tasks is None else "retry_task"
        if self.feed.status is RunStatus.INTERRUPTED:
            return "go_on"
        done = task is not None and task.state is TaskStatus.SUCCEEDED
        busy = self.feed.status in ENDING
        return "rerun" if done and not busy else "say_why_no_retry"

    def _retry_choice(self) -> Retry | NoRetry:
        if self.feed.status is RunStatus.CANCELLING:
            return NoRetry("the run is being cancelled")
        if self.feed.status is RunStatus.ROLLING_BACK:
            return NoRetry("the run is being rolled back")
        return retry_choice(self.feed.state, self.rows.task_number)

    # --- launching ---------------------------------------------------------------------

    def action_launch(self) -> None:
        self._launch(self.feed.state.plan, self.feed.stops_to_ask())

    def action_debug(self) -> None:
        """Launch the run, paused before its first task."""
        self._launch(self.feed.state.plan, [Pause(), *self.feed.stops_to_ask()])

    @work(exclusive=True, group="command")
    async def _launch(self, plan: Plan, actions: Sequence[Action]) -> None:
        if not await self._may_run(plan):
            return
        self.say("STARTING")
        try:
            reader = await asyncio.to_thread(self.session.start, plan, actions)
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
        if await self.answer_to(questions.trust_plan(plan, folder)) != questions.YES:
            return False
        await asyncio.to_thread(self.session.trust, folder)
        return True

    @abstractmethod
    def say(self, word: str) -> None:
        """Show `word` as the state of the run."""

    @abstractmethod
    def show_run(self, reader: RunReader) -> None:
        """Show the run that was launched."""

    # --- going on ----------------------------------------------------------------------

    def action_retry_task(self) -> None:
        self._retry()

    def action_retry_failed(self) -> None:
        self._retry()

    def action_go_on(self) -> None:
        """Bring an interrupted run back to life: what was cut off runs again."""
        self.act(TryAgain(), said="the run goes on")

    def action_say_why_no_retry(self) -> None:
        choice = self._retry_choice()
        if isinstance(choice, NoRetry):
            self.notify(f"Nothing to retry: {choice.why}.", markup=False)

    def _retry(self) -> None:
        choice = self._retry_choice()
        if isinstance(choice, Retry):
            names = None if choice.tasks is None else tuple(choice.tasks)
            self.act(TryAgain(tasks=names), said=choice.said)

    def action_pause(self) -> None:
        self.act(Pause(), said="Paused: what runs goes on.")

    def action_resume(self) -> None:
        self.act(Resume())

    # --- ending ------------------------------------------------------------------------

    @work(exclusive=True, group="command")
    async def action_cancel(self) -> None:
        """Ask whether to cancel the run, or only the task under the cursor."""
        name, task = self.spot.name, self.spot.task
        if self.feed.status is RunStatus.ROLLING_BACK:
            if await self.answer_to(questions.cancel_rollback(self.feed.state)) == questions.YES:
                self.act(Cancel())
            return
        alone = Cancel(tasks=(name,))
        is_choice = task is not None and task.state not in SETTLED_TASKS
        without = await self.forecast(alone) if is_choice else None
        answer = await self.answer_to(questions.cancel_run(self.feed.state, name, without))
        if answer != questions.SAFE:
            self.act(Cancel() if answer == questions.YES else alone)

    @work(exclusive=True, group="command")
    async def action_kill(self) -> None:
        if await self.answer_to(questions.kill_run(self.feed.state)) == questions.YES:
            self.act(Cancel())

    async def cancel_run(self) -> None:
        """Cancel the run without asking, as part of leaving."""
        if run := self.feed.run:
            with suppress(Exception):
                await asyncio.to_thread(self.session.act, run, Cancel())
