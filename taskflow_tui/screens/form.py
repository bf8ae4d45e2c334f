"""A question that is answered by filling in fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from taskflow_tui.screens.ask import Answer, AnswerButton
from taskflow_tui.screens.entry import Check

YES, OTHER, LATER = "yes", "other", "later"


class Field(NamedTuple):
    """One line to fill in."""

    name: str
    about: str
    """What it may be."""
    value: str
    """What it holds at first."""
    check: Check


@dataclass(frozen=True)
class Filled:
    """What came of a form."""

    answer: str
    """YES, OTHER or LATER."""
    texts: dict[str, str]
    """What was typed, by the name of the field."""


class FormScreen(ModalScreen[Filled]):
    """Asks for texts; Enter gives them once they are all right, Escape leaves it for later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", "Not now", show=False, id="form.later"),
        Binding("ctrl+r", "other", "The other answer", show=False, id="form.other"),
        Binding("down", "app.focus_next", "Next field", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="form.previous"),
    ]

    def __init__(
        self, title: str, body: Content, fields: Sequence[Field], *, yes: str, other: str
    ) -> None:
        """Prepare the form.

        Args:
            title: What is asked.
            body: What there is to know before answering.
            fields: What is to be filled in.
            yes: What giving the answer is called.
            other: What the other answer is called, which needs no fields.
        """
        super().__init__()
        self._title = title
        self._body = body
        self._fields = fields
        self._inputs = [Input(field.value) for field in fields]
        self._answers = (
            Answer(YES, "enter", yes),
            Answer(OTHER, "ctrl+r", other),
            Answer(LATER, "esc", "not now"),
        )
        self._problem = Static("", id="problem")

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(self._title)
            with VerticalScroll(can_focus=False):
                yield Static(self._body)
                for field, line in zip(self._fields, self._inputs, strict=True):
                    line.cursor_blink = False
                    label = Content.assemble((field.name, "bold"), "  ", (field.about, "dim"))
                    yield Static(label, classes="label")
                    yield line
            yield self._problem
            with Horizontal(id="answers"):
                for answer in self._answers:
                    yield AnswerButton(answer)

    def on_mount(self) -> None:
        self._inputs[0].focus()

    @on(Input.Changed)
    def _look(self, message: Input.Changed) -> None:
        place = self._inputs.index(message.input)
        self._say(place if self._wrong(place) else self._first_wrong(typed=True))

    @on(Input.Submitted)
    def _take(self, message: Input.Submitted) -> None:
        message.stop()
        self._give()

    @on(AnswerButton.Chosen)
    def _choose(self, message: AnswerButton.Chosen) -> None:
        if message.answer.value == YES:
            self._give()
        else:
            self._end(message.answer.value)

    def action_other(self) -> None:
        self._end(OTHER)

    def action_later(self) -> None:
        self._end(LATER)

    def _give(self) -> None:
        """Give the answer, or go to the first field that is wrong."""
        wrong = self._first_wrong()
        if wrong is None:
            self._end(YES)
            return
        self._say(wrong)
        self._inputs[wrong].focus()

    def _say(self, place: int | None) -> None:
        said = "" if place is None else f"{self._fields[place].name} {self._wrong(place)}"
        self._problem.update(Content(said))

    def _wrong(self, place: int) -> str:
        return self._fields[place].check(self._inputs[place].value)

    def _first_wrong(self, *, typed: bool = False) -> int | None:
        """Return the place of the first wrong field; of those with something in them if `typed`."""
        places = (n for n, line in enumerate(self._inputs) if line.value or not typed)
        return next((place for place in places if self._wrong(place)), None)

    def _end(self, answer: str) -> None:
        lines = zip(self._fields, self._inputs, strict=True)
        _ = self.dismiss(Filled(answer, {field.name: line.value for field, line in lines}))
