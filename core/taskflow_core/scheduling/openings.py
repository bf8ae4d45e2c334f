"""What the scheduler has to ask about tasks that wait: answers need values, files and the clock."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from taskflow_core.durations import seconds
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.state import RunState


class Items(NamedTuple):
    """What a mapped task is mapped over."""

    size: int
    shown: Preview
    """The list, as the record has it."""


class Openings(Protocol):
    """Answers for one run. Every method may raise TaskflowError: the task then fails."""

    def items(self, number: int) -> Items:
        """Return what a mapped task is mapped over."""
        ...

    def grown(self, number: int, count: int) -> None:
        """Hear that a container has opened, and how many tasks the plan has now."""
        ...

    def params(self, number: int) -> dict[str, Any]:
        """Return the values of a sub-flow's parameters, as JSON."""
        ...

    def question(self, number: int) -> str:
        """Return what a task asks a person."""
        ...

    def answer(self, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Return what an answer says, checked and as JSON."""
        ...

    def moment(self, number: int, now: float) -> float:
        """Return when what a task waits for is, as Unix seconds; it is `now`."""
        ...

    def path(self, number: int) -> str:
        """Return the file that a task waits for, absolute."""
        ...

    def gathered(self, number: int, children: Sequence[int]) -> Preview:
        """Return what a container comes to, whose children have ended."""
        ...


class Assumed(Openings):
    """Answers for a run that is only rehearsed: what is known of its past, else the least."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    def items(self, number: int) -> Items:
        """Return the list as it was before, or as the flow has it; an empty one if it is open."""
        foreach = self._state.plan.tasks[number].foreach
        if foreach is not None and isinstance(foreach.items, list):
            return Items(len(foreach.items), {"value": None})
        return Items(len(self._state.plan.nesting.children.get(number, ())), {"value": None})

    def grown(self, number: int, count: int) -> None:
        del number, count

    def params(self, number: int) -> dict[str, Any]:
        del number
        return {}

    def question(self, number: int) -> str:
        approval = self._state.plan.tasks[number].approval
        return "" if approval is None else approval.prompt

    def answer(self, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        del number
        return fields

    def moment(self, number: int, now: float) -> float:
        wait = self._state.plan.tasks[number].wait
        try:
            return now + seconds((wait and wait.seconds) or 0.0)
        except ValueError as error:
            raise TaskflowError(str(error)) from error

    def path(self, number: int) -> str:
        wait = self._state.plan.tasks[number].wait
        return (wait and wait.file) or ""

    def gathered(self, number: int, children: Sequence[int]) -> Preview:
        del number, children
        return {"value": None}
