"""A question with a few answers, each with its key; the safe one is the default."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static


@dataclass(frozen=True)
class Answer:
    """One answer: what it stands for, the key that gives it, and how it is called."""

    value: str
    key: str
    label: str


@dataclass(frozen=True)
class Question:
    """What is asked. The first answer is the safe one: Enter and Escape give it."""

    title: str
    body: Content
    answers: tuple[Answer, ...]


class AnswerButton(Static, can_focus=True):
    """One answer, to be clicked or chosen with Enter."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "choose", "Choose", show=False, id="ask.choose"),
    ]

    @dataclass
    class Chosen(Message):
        """This answer was given."""

        answer: Answer

    def __init__(self, answer: Answer) -> None:
        super().__init__(Content.assemble((answer.key, "bold underline"), " ", answer.label))
        self.answer = answer

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self.answer))

    def on_click(self) -> None:
        self.action_choose()


class AskScreen(ModalScreen[str]):
    """Asks `question` and returns the value of the answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "decline", "Safe answer", show=False, id="ask.decline"),
        Binding("right,down", "app.focus_next", "Next", show=False, id="ask.next"),
        Binding("pagedown", "scroll_body(1)", "Read on", show=False, id="ask.page-down"),
        Binding("pageup", "scroll_body(-1)", "Read back", show=False, id="ask.page-up"),
        Binding("left,up", "app.focus_previous", "Previous", show=False, id="ask.previous"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._question.title)
            with VerticalScroll(can_focus=False):
                yield Static(self._question.body)
            with Horizontal(id="answers"):
                for answer in self._question.answers:
                    yield AnswerButton(answer)

    def on_mount(self) -> None:
        self.query(AnswerButton).first().focus()

    def on_key(self, event: events.Key) -> None:
        for answer in self._question.answers:
            if event.character == answer.key:
                event.stop()
                _ = self.dismiss(answer.value)

    @on(AnswerButton.Chosen)
    def _take(self, message: AnswerButton.Chosen) -> None:
        _ = self.dismiss(message.answer.value)

    def action_scroll_body(self, pages: int) -> None:
        body = self.query_one(VerticalScroll)
        body.scroll_relative(y=pages * max(body.size.height - 1, 1), animate=False)

    def action_decline(self) -> None:
        _ = self.dismiss(self._question.answers[0].value)


def facts(pairs: Sequence[tuple[str, str]]) -> Content:
    """Return lines of a label and a text, the labels dim and aligned."""
    width = max((len(label) for label, _ in pairs), default=0)
    lines = [Content.assemble((f"{label:<{width}}  ", "dim"), text) for label, text in pairs]
    return Content("\n").join(lines)
