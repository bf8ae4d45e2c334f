"""What changes the course of a run: running again, ending by hand, more or fewer at once."""

import json
from functools import partial
from typing import Any

from textual import work
from textual.content import Content

from taskflow_core.actions import Parallelism, Rerun, Retry, Rollback, Skip, Succeed
from taskflow_core.forecast import Forecast
from taskflow_core.statuses import RunStatus
from taskflow_tui.planned import plan_facts
from taskflow_tui.screens import questions
from taskflow_tui.screens.ask import facts
from taskflow_tui.screens.asking import Asking
from taskflow_tui.screens.entry import EntryScreen
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.typed import app_of


class Interventions(Asking):
    """Interventions in a run, for a screen with a feed and rows of tasks."""

    def action_rerun(self) -> None:
        """Run the task under the cursor again, alone, though it has succeeded."""
        name = self.spot.name
        shown = safe_text(name)
        self.act_if_wanted(
            Retry(tasks=(name,)), f"Run {shown} again?", "run it again", f"running {shown} again"
        )

    def action_rerun_from(self) -> None:
        name = self.spot.name
        shown = safe_text(name)
        action = Rerun(tasks=(name,), from_here=True)
        title, yes = f"Run {shown} and all behind it again?", "run them again"
        self.act_if_wanted(action, title, yes, f"running again from {shown}")

    @work(exclusive=True, group="command")
    async def action_end_by_hand(self) -> None:
        """Skip the task under the cursor, or take a value for its result."""
        name, run = self.spot.name, self.feed.run
        skipped = await self.forecast(Skip(tasks=(name,)))
        if run is None or skipped is None:
            return
        shown = safe_text(name)
        answer = await self.answer_to(questions.end_by_hand(shown, skipped))
        if answer == questions.SKIP:
            self.act(Skip(tasks=(name,)), said=f"skipping {shown}")
        elif answer == questions.SUCCEED:
            succeeded = await self.forecast(Succeed(task=name))
            text = None if succeeded is None else await self._value_for(shown, succeeded)
            if text is not None:
                value: Any = json.loads(text)
                request = partial(self.session.succeed, run, name, value)
                self.ask(request, f"taking your value as the result of {shown}")

    async def _value_for(self, shown: str, forecast: Forecast) -> str | None:
        body = Content.assemble(
            facts(plan_facts(forecast, questions.NAMED)),
            "\n\nWhat it would have returned, as JSON; tasks behind it get this:",
        )
        title = f"Take {shown} as succeeded"
        entry = EntryScreen(title, body, value="null", check=wrong_json)
        return await app_of(self).push_screen_wait(entry)

    @work(exclusive=True, group="command")
    async def action_roll_back(self) -> None:
        """Undo the run, or everything down to the task under the cursor."""
        name, state = self.spot.name, self.feed.state
        whole, down = await self.forecast(Rollback()), None
        if whole is None:
            return
        if name and state.state is not RunStatus.ROLLBACK_FAILED:
            down = await self.forecast(Rollback(to=name))
        if down is not None and set(down.reverted) == set(whole.reverted):
            down = None
        answer = await self.answer_to(questions.roll_back(state, name, whole, down))
        match answer:
            case questions.YES:
                self.act(Rollback(), said="undoing what the run did")
            case questions.TASK:
                self.act(Rollback(to=name), said=f"undoing all down to {safe_text(name)}")
            case questions.SKIP:
                self.act(Rollback(skip=(name,)), said=f"{safe_text(name)} counts as undone")
            case _:
                pass

    @work(exclusive=True, group="command")
    async def action_parallelism(self) -> None:
        """Ask for another number of tasks that run at once."""
        now = self.feed.state.max_parallel
        body = Content("How many tasks may run at once from now on? What runs goes on.")
        entry = EntryScreen("At once", body, value=str(now or ""), check=wrong_number)
        text = await app_of(self).push_screen_wait(entry)
        if text is not None and int(text) != now:
            self.act(Parallelism(max_parallel=int(text)), said=f"at most {int(text)} at once now")


def wrong_json(text: str) -> str:
    """Return what is wrong with a text that should be JSON; empty if nothing is."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}; a text needs quotes"
    return ""


def wrong_number(text: str) -> str:
    """Return what is wrong with a text that should be a number from 1; empty if nothing is."""
    is_number = text.strip().isdecimal() and text.isascii()
    return "" if is_number and int(text) > 0 else "a number from 1"
