"""What a task depends on, as people write it in Python."""

from collections.abc import Iterable
from typing import cast

from taskflow_core.definition.steps import Step
from taskflow_core.errors import DefinitionError


def by_name(owner: str, depends_on: object) -> dict[str, str | Step]:
    """Return what a task depends on as it was given, by name, each once.

    Args:
        owner: The name of the task.
        depends_on: Tasks or names of tasks; one or several.

    Raises:
        DefinitionError: there is something else among them.
    """
    found: dict[str, str | Step] = {}
    is_one = isinstance(depends_on, str | Step) or not isinstance(depends_on, Iterable)
    for other in cast("Iterable[object]", (depends_on,) if is_one else depends_on):
        if isinstance(other, str):
            found[other] = other
        elif isinstance(other, Step):
            found[other.step_name] = other
        else:
            raise _no_dependency(owner, other)
    return found


def _no_dependency(owner: str, other: object) -> DefinitionError:
    name = getattr(other, "__name__", None) if callable(other) else None
    return DefinitionError(
        f"task {owner!r} cannot depend on a {type(other).__name__}",
        hint=f"Make {name} a task: put @task above it." if name else "Name tasks, or pass them.",
    )
