"""Who runs after whom: `>>` and `<<` between tasks, and between their results in a `@flow`."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

Steps = TypeVar("Steps", bound="Step | Sequence[Step]")


class Step(ABC):
    """A task, or the result of one inside a `@flow` function: what others can run after.

    `a >> b` lets `b` run after `a`, `a << b` lets `a` run after `b`. Either side may be a list
    (or a tuple) of steps, but not both. The value is the right-hand side, so that
    `a >> b >> [c, d]` goes on.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def step_name(self) -> str:
        """The name of the task."""

    @abstractmethod
    def run_after(self, steps: Iterable["Step"]) -> None:
        """Let it run after `steps`.

        Raises:
            DefinitionError: it can no longer change.
        """

    def __rshift__(self, other: Steps) -> Steps:
        later = _steps(other)
        if later is None:
            return NotImplemented
        for step in later:
            step.run_after([self])
        return other

    def __lshift__(self, other: Steps) -> Steps:
        earlier = _steps(other)
        if earlier is None:
            return NotImplemented
        self.run_after(earlier)
        return other

    def __rrshift__(self, other: Sequence["Step"]) -> "Step":
        earlier = _steps(other)
        if earlier is None:
            return NotImplemented
        self.run_after(earlier)
        return self

    def __rlshift__(self, other: Sequence["Step"]) -> "Step":
        later = _steps(other)
        if later is None:
            return NotImplemented
        for step in later:
            step.run_after([self])
        return self


def _steps(value: object) -> list[Step] | None:
    """Return one step or several as a list; None if it is anything else."""
    if isinstance(value, Step):
        return [value]
    if not isinstance(value, list | tuple):
        return None
    items = cast("Sequence[object]", value)
    steps = [item for item in items if isinstance(item, Step)]
    return steps if len(steps) == len(items) else None
