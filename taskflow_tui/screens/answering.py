"""Answering what a task asks: approving it, with what it wants to be told, or rejecting it."""

from functools import partial

from textual import work
from textual.content import Content

from taskflow_core.actions import Action, Reject
from taskflow_core.actions import Answer as Approve
from taskflow_core.plan import TaskSpec
from taskflow_tui.answers import default_text, fields_of, to_send, wrong_field
from taskflow_tui.screens import questions
from taskflow_tui.screens.asking import Asking
from taskflow_tui.screens.entry import EntryScreen
from taskflow_tui.screens.form import OTHER, YES, Field, FormScreen
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.typed import app_of
from taskflow_tui.waiting_facts import field_words


class Answering(Asking):
    """Answers to approvals, for a screen with a feed and rows of tasks."""

    def asked_by(self) -> int | None:
        """Return the task that `a` answers: the one under the cursor, or else the first."""
        asking, number = self.rows.tallies.asking, self.rows.task_number
        if not self.feed.is_live:
            return None
        return number if number in asking else next(iter(asking), None)

    @work(exclusive=True, group="command")
    async def action_answer(self) -> None:
        """Show what a task asks, and pass the answer on."""
        number = self.asked_by()
        if number is None:
            return
        spec, waiting = self.feed.state.plan.tasks[number], self.feed.state.tasks[number].waiting
        prompt = Content("\n".join(map(safe_text, (waiting.about if waiting else "").splitlines())))
        action = await self._answer_with(spec, prompt)
        if action is not None:
            done = "approved" if isinstance(action, Approve) else "rejected"
            self.act(action, said=f"{done} {safe_text(spec.name)}")

    async def _answer_with(self, spec: TaskSpec, prompt: Content) -> Action | None:
        answer, texts = questions.REJECT, dict[str, str]()
        title = f"{safe_text(spec.name)} asks"
        if fields_of(spec):
            form = FormScreen(title, prompt, _fields(spec), yes="approve", other="reject…")
            filled = await app_of(self).push_screen_wait(form)
            texts = filled.texts
            answer = {YES: questions.YES, OTHER: questions.REJECT}.get(
                filled.answer, questions.SAFE
            )
        else:
            answer = await self.answer_to(questions.approval(title, prompt))
        if answer == questions.YES:
            return Approve(task=spec.name, fields=to_send(texts))
        return await self._rejection(spec) if answer == questions.REJECT else None

    async def _rejection(self, spec: TaskSpec) -> Action | None:
        body = Content("Why? Empty is fine. The task fails, and what depends on it is blocked.")
        entry = EntryScreen(f"Reject {safe_text(spec.name)}", body, value="", check=lambda _: "")
        reason = await app_of(self).push_screen_wait(entry)
        return None if reason is None else Reject(task=spec.name, reason=reason.strip() or None)


def _fields(spec: TaskSpec) -> list[Field]:
    return [
        Field(name, field_words(param), default_text(param), partial(wrong_field, param))
        for name, param in fields_of(spec).items()
    ]
