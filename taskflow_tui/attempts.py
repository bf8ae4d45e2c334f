"""Everything that was tried at a task: to do it, and to undo it."""

from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from taskflow_core.state import Attempt, TaskState


class Tried(NamedTuple):
    """An attempt at a task."""

    attempt: Attempt
    undoes: bool = False
    """It was made to undo the task; such attempts have numbers of their own."""


class Outputs(Protocol):
    """Knows where output is."""

    def output_path(self, task: str, attempt: Attempt) -> Path: ...


def all_tried(task: TaskState) -> list[Tried]:
    """Return the attempts at a task, and those to undo it, oldest first."""
    executions = [Tried(attempt) for attempt in task.attempts]
    if not task.undo:
        return executions
    return sorted([*executions, *(Tried(undo, undoes=True) for undo in task.undo)], key=_age)


def output_of(reader: Outputs, task: str, tried: Tried) -> Path:
    """Return where the output of an attempt is: it may not exist."""
    attempt = tried.attempt
    if tried.undoes:  # filed as `Job.key` has it, apart from the executions
        attempt = msgspec.structs.replace(attempt, attempt=-attempt.attempt)
    return reader.output_path(task, attempt)


def _age(tried: Tried) -> tuple[int, float]:
    began = tried.attempt.started_at
    return tried.attempt.epoch, float("inf") if began is None else began
