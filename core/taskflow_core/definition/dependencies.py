"""What a task depends on, as people write it in Python."""

from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

import taskflow_core.definition.checking as checking
from taskflow_core.definition.steps import Step
from taskflow_core.errors import DefinitionError
from taskflow_core.readiness import Condition

CONDITIONS: tuple[Condition, ...] = get_args(Condition)

_ONE: tuple[type[Any], ...] = (str, Step, Mapping)
Edge = str | Step | Mapping[str, object]
"""A task, or its name; or `{task: one of these, when: a Condition}`."""


class Needs:
    """What a task depends on, each once, and what has to be so of each.

    Args:
        owner: The name of the task.
        depends_on: Tasks, names of tasks, or mappings of these with a condition; one or several.

    Raises:
        DefinitionError: there is something else among them; so with `add`.
    """

    __slots__ = ("_owner", "_when", "steps")

    def __init__(self, owner: str, depends_on: object) -> None:
        self._owner = owner
        self.steps: dict[str, str | Step] = {}
        """The tasks as they were given, by name."""
        self._when: dict[str, Condition] | None = None
        self.add(depends_on)

    def add(self, depends_on: object) -> None:
        """Depend on more."""
        for other in _several(depends_on):
            if isinstance(other, str):
                self.steps[other] = other
            elif isinstance(other, Step):
                self.steps[other.step_name] = other
            elif isinstance(other, Mapping):
                self._add_edge(cast("Mapping[object, object]", other))
            else:
                raise _no_dependency(self._owner, other)

    @property
    def conditions(self) -> tuple[Condition | None, ...]:
        """What has to be so of each; empty where nothing else is said of any."""
        when = self._when
        return () if when is None else tuple([when.get(name) for name in self.steps])

    @property
    def edges(self) -> list[Edge]:
        """All of it, as it can be given to another task."""
        when = self._when
        if when is None:
            return [*self.steps.values()]
        return [
            {"task": step, "when": when[name]} if name in when else step
            for name, step in self.steps.items()
        ]

    def _add_edge(self, edge: Mapping[object, object]) -> None:
        key = f"a dependency of task {self._owner!r}"
        said = checking.known(key, edge, ("task", "when"))
        step = said.get("task")
        if not isinstance(step, str | Step):
            raise DefinitionError(f"{key} names no task", hint="Write {'task': …, 'when': …}.")
        name = step if isinstance(step, str) else step.step_name
        self.steps[name] = step
        if "when" not in said:
            return
        self._when = self._when or {}
        condition = checking.choice(f"{key}: when", said["when"], CONDITIONS)
        if self._when.setdefault(name, condition) != condition:
            message = f"task {self._owner!r} waits for {name!r} in two ways"
            raise DefinitionError(message, hint="Keep one condition.")


def _several(depends_on: object) -> Iterable[object]:
    if isinstance(depends_on, _ONE) or not isinstance(depends_on, Iterable):
        return (depends_on,)
    return cast("Iterable[object]", depends_on)


def _no_dependency(owner: str, other: object) -> DefinitionError:
    name = getattr(other, "__name__", None) if callable(other) else None
    return DefinitionError(
        f"task {owner!r} cannot depend on a {type(other).__name__}",
        hint=f"Make {name} a task: put @task above it." if name else "Name tasks, or pass them.",
    )
