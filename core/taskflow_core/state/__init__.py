"""What is so: the state of a run, folded from its events.

Everything that shows, resumes or replays a run folds the same events with `RunState.apply`.
Nothing here decides, reads a clock or does I/O.
"""

from taskflow_core.state import (
    attempt_folds,
    rollback_folds,
    run_folds,
    service_folds,
    task_folds,
    waiting_folds,
)
from taskflow_core.state.model import (
    CHILDREN,
    RUN_FOLDS,
    TASK_FOLDS,
    Attempt,
    Breakpoint,
    CacheCheck,
    Expansion,
    Handled,
    IllegalTransitionError,
    Progress,
    RunState,
    TaskState,
    Waiting,
    Written,
)
from taskflow_core.state.service_folds import HEALTHY, NOT_READY, is_so

FOLDS = (run_folds, task_folds, waiting_folds, attempt_folds, service_folds, rollback_folds)
"""The modules that fill the tables: they have to be imported, whoever folds."""

__all__ = [
    "CHILDREN",
    "FOLDS",
    "HEALTHY",
    "NOT_READY",
    "RUN_FOLDS",
    "TASK_FOLDS",
    "Attempt",
    "Breakpoint",
    "CacheCheck",
    "Expansion",
    "Handled",
    "IllegalTransitionError",
    "Progress",
    "RunState",
    "TaskState",
    "Waiting",
    "Written",
    "is_so",
]
