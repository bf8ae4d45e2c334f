"""Which event may happen to what: the transitions of SEMANTICS.md, pair by pair.

A pair outside these tables is a mistake of the scheduler; one inside that no random run ever
meets is a gap in the simulation, and is named in its report.
"""

from taskflow_core.statuses import RunStatus, TaskStatus

_TASK = {
    "TaskReady": "PENDING RETRY_WAIT",
    "TaskHeld": "READY QUEUED RUNNING WAITING",
    "TaskReleased": "HELD",
    "TaskBlocked": "PENDING",
    "TaskUnblocked": "READY HELD RETRY_WAIT WAITING UPSTREAM_FAILED SKIPPED CANCELLED FAILED",
    "TaskExpanded": "READY PENDING",
    "TaskWaiting": "READY",
    "TaskAnswered": "WAITING",
    "TaskRemoved": "PENDING",
    "TaskSucceeded": "RUNNING HELD WAITING PENDING READY RETRY_WAIT FAILED UPSTREAM_FAILED SKIPPED "
    "CANCELLED",
    "TaskFailed": "PENDING READY QUEUED RUNNING HELD WAITING",
    "TaskSkipped": "PENDING READY HELD RUNNING RETRY_WAIT WAITING FAILED UPSTREAM_FAILED SKIPPED "
    "CANCELLED",
    "TaskCancelled": "PENDING READY HELD QUEUED RUNNING RETRY_WAIT WAITING",
    "EpochOpened": "HELD SUCCEEDED FAILED UPSTREAM_FAILED SKIPPED CANCELLED",
    "TaskStale": "SUCCEEDED",
    "AttemptQueued": "READY",
    "AttemptStarted": "READY QUEUED",
    "AttemptProgressed": "QUEUED RUNNING",
    "ContextWritten": "RUNNING",
    "AttemptStopping": "QUEUED RUNNING",
    "AttemptSucceeded": "RUNNING",
    "AttemptFailed": "QUEUED RUNNING",
    "AttemptTimedOut": "RUNNING",
    "AttemptCancelled": "QUEUED RUNNING",
    "AttemptCrashed": "QUEUED RUNNING",
    "AttemptLost": "QUEUED RUNNING",
    "RetryScheduled": "QUEUED RUNNING HELD",
}
_UNSETTLED = "RUNNING PAUSED STALLED CANCELLING"
_SETTLED = "SUCCEEDED PARTIAL FAILED CANCELLED"
_RUN = {
    "RunStarted": f"CREATED {_UNSETTLED} {_SETTLED}",
    "RunPaused": "RUNNING PAUSED STALLED",
    "RunResumed": "PAUSED STALLED",
    "RunStalled": "RUNNING",
    "RunSettled": "RUNNING PAUSED CANCELLING",
    "CancelRequested": _UNSETTLED,
    "RetryRequested": "RUNNING PAUSED",
    "ActionRequested": _UNSETTLED,
    "StepRequested": "PAUSED",
    "BreakpointSet": _UNSETTLED,
    "BreakpointCleared": _UNSETTLED,
    "ParallelismChanged": _UNSETTLED,
}

Pair = tuple[str, str]
"""A state, of a task or of the run, and the kind of event that happens in it."""

TASK_PAIRS: frozenset[Pair] = frozenset(
    (TaskStatus(state), kind) for kind, states in _TASK.items() for state in states.split()
)
RUN_PAIRS: frozenset[Pair] = frozenset(
    (RunStatus(state), kind) for kind, states in _RUN.items() for state in states.split()
)


def unhit(task_pairs: set[Pair], run_pairs: set[Pair]) -> list[str]:
    """Return the legal pairs that did not occur, for people."""
    tasks = [f"task {state} × {kind}" for state, kind in TASK_PAIRS - task_pairs]
    runs = [f"run {state} × {kind}" for state, kind in RUN_PAIRS - run_pairs]
    return sorted(tasks) + sorted(runs)
