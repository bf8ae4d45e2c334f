"""What there is to say about one task of a run, in words."""

from collections.abc import Mapping
from typing import cast

from taskflow_core.events import Preview
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import Progress, RunState, TaskState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.formatting import duration, named
from taskflow_tui.service_facts import STOPPED, is_there, needed, standing
from taskflow_tui.stops import held
from taskflow_tui.tallies import Tally
from taskflow_tui.task_definition import work
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.waiting_facts import answer_said, item_of, progress_of, waits_for


def elapsed(task: TaskState, now: float) -> float | None:
    """Return the seconds that the task's attempts took together, None before the first began.

    Attempts from before it was run again do not count.
    """
    spans = [
        (attempt.ended_at if attempt.ended_at is not None else now) - attempt.started_at
        for attempt in task.attempts
        if attempt.started_at is not None and attempt.epoch == task.epoch
    ]
    return sum(spans) if spans else None


def tries(task: TaskState, spec: TaskSpec) -> str:
    """Return `2/3`: the number of the newest attempt, and how many there may be."""
    last = task.last
    if last is None:
        return ""
    allowed = max(1 + spec.options.retry.retries, last.attempt)
    return f"{last.attempt}/{allowed}"


def upstreams_missing(state: RunState, number: int) -> list[str]:
    """Return the names of the tasks that task `number` still waits for."""
    plan, at = state.plan, _who_needs(state.plan, number)
    return [
        needed(plan, at, other)
        for other in plan.nesting.needs[at]
        if not is_there(state, at, other)
    ]


def _who_needs(plan: Plan, number: int) -> int:
    """Return a task, or the container that it is in if only that needs other tasks."""
    nesting, at = plan.nesting, number
    while nesting.is_copy(at) or not nesting.needs[at]:
        parent = nesting.parents[at]
        if parent is None:
            return at
        at = parent
    return at


def note(
    state: RunState, number: int, status: RunStatus, now: float, tally: Tally | None = None
) -> str:
    """Return why the task is as it is, on one line; empty where its sign says it all.

    Args:
        state: Of the run.
        number: The task.
        status: Of the run, as its reader sees it.
        now: Unix seconds.
        tally: What is known of its children, for a container.
    """
    task = state.tasks[number]
    why = _why(state, number, status, now)
    if tally is not None and task.expansion is not None:
        opened = progress_of(tally)
        return opened if task.state is TaskStatus.WAITING or not why else f"{opened} – {why}"
    return why or item_of(state, number) or answer_said(state.plan.tasks[number], task)


def _why(state: RunState, number: int, status: RunStatus, now: float) -> str:
    task = state.tasks[number]
    match task.state:
        case TaskStatus.PENDING:
            started = status is not RunStatus.CREATED
            return _needs(state, number) if started else work(state.plan.tasks[number])
        case TaskStatus.READY | TaskStatus.QUEUED:
            return _waits(status)
        case TaskStatus.HELD:
            return _held(task)
        case TaskStatus.RUNNING | TaskStatus.RETRY_WAIT | TaskStatus.WAITING:
            said = _under_way(task, status, now)
            return said or standing(state.plan.tasks[number], task)
        case TaskStatus.ROLLING_BACK | TaskStatus.ROLLED_BACK | TaskStatus.ROLLBACK_FAILED:
            return undone(task, status, now)
        case _:
            return _ending(task)


def _waits(status: RunStatus) -> str:
    """Return why a task that could start does not."""
    match status:
        case RunStatus.PAUSED:
            return "waits: the run is paused"
        case RunStatus.INTERRUPTED:
            return "cut off: the runner died"
        case RunStatus.CANCELLING:
            return "stopping"
        case _:
            return "" if status.is_settled else "waits for a slot"


def _held(task: TaskState) -> str:
    error = failure(task) if task.held in {"on_failure", "on_retry"} else ""
    return f"{held(task)} – {error}" if error else held(task)


def _under_way(task: TaskState, status: RunStatus, now: float) -> str:
    last = task.last
    if task.state is TaskStatus.RUNNING:
        return _running(task, status)
    if status is RunStatus.INTERRUPTED:
        return "cut off: the runner died"
    if task.state is TaskStatus.WAITING:
        return waits_for(task, now)
    wait = duration(max((task.due_at or now) - now, 0.0))
    return f"again in {wait}" + (f" – {first_line(last.error)}" if last else "")


def undone(task: TaskState, status: RunStatus, now: float) -> str:
    """Return how undoing the task goes, or went; empty for a task that nobody undid."""
    last = task.undo[-1] if task.undo else None
    error = first_line(last.error if last else None)
    match task.state:
        case TaskStatus.ROLLING_BACK if status is RunStatus.INTERRUPTED:
            return "cut off while it was undone: the runner died"
        case TaskStatus.ROLLING_BACK if task.due_at is not None:
            wait = duration(max(task.due_at - now, 0.0))
            return f"undone again in {wait}" + (f" – {error}" if error else "")
        case TaskStatus.ROLLING_BACK:
            return "being undone"
        case TaskStatus.ROLLED_BACK:
            return _how_undone(task.reason or "")
        case TaskStatus.ROLLBACK_FAILED:
            return f"not undone – {error or first_line(task.reason)}"
        case _:
            return ""


def _how_undone(how: str) -> str:
    who, colon, name = how.partition(": ")
    if colon and who == "skipped":
        return safe_text(f"not undone: skipped by {name}")
    return "undone" if how == "executed" else safe_text(how.replace("_", " "))


def _ending(task: TaskState) -> str:
    match task.state:
        case TaskStatus.UPSTREAM_FAILED:
            return f"blocked by {safe_text(task.reason or 'a task upstream')}"
        case TaskStatus.FAILED:
            return failure(task)
        case TaskStatus.SUCCEEDED:
            return freshness(task)
        case _:
            return why_not_run(task.reason)


def why_not_run(reason: str | None) -> str:
    """Return in words why a task was skipped or cancelled: `by ann` for `operator: ann`."""
    who, colon, name = (reason or "").partition(": ")
    if colon and who == "operator":
        return safe_text(f"by {name}")
    return safe_text((reason or "").replace("_", " "))


def freshness(task: TaskState) -> str:
    """Return what is special about the result of a task; empty for most."""
    if task.state is not TaskStatus.SUCCEEDED:
        return ""
    if task.stale is not None:
        return f"stale: {safe_text(task.stale)} was run again"
    if task.reason == "injected":
        return "a person said what its result is"
    if task.reason == "stopped":
        return STOPPED
    return changed(task.changes) or looked_up(task)


def looked_up(task: TaskState) -> str:
    """Return what came of looking up whether the task had to run; empty if nobody did."""
    check = task.cache
    if check is None:
        return ""
    if check.hit:
        return safe_text(f"cached: {check.reason}")
    not_kept = f"; not kept: {check.not_kept}" if check.not_kept else ""
    return safe_text(f"had to run: {check.reason}{not_kept}")


def changed(changes: Mapping[str, Preview] | None) -> str:
    """Return the arguments that a person changed, as `with rows=5, path='x'`; empty without."""
    pairs = [f"{name}={_shown(value)}" for name, value in (changes or {}).items()]
    return safe_text(f"with {named(pairs, 3)}") if pairs else ""


def _shown(preview: Preview) -> str:
    if isinstance(preview, dict) and "value" in preview:
        return repr(cast("dict[str, object]", preview)["value"])
    return "…"


def failure(task: TaskState) -> str:
    """Return the reason why the task failed, on one line."""
    last = task.last
    return first_line((last.error if last else None) or task.reason)


def first_line(text: str | None) -> str:
    """Return the first line of `text` with something on it."""
    lines = (text or "").strip().splitlines()
    return safe_text(lines[0]) if lines else ""


def _needs(state: RunState, number: int) -> str:
    missing = upstreams_missing(state, number)
    needs = f"needs {named(missing, 3)}" if missing else ""
    if state.plan.tasks[number].name in state.holds:
        return f"will be held; {needs}".removesuffix("; ")
    return needs


def _running(task: TaskState, status: RunStatus) -> str:
    last = task.last
    if status is RunStatus.INTERRUPTED:
        return "cut off: the runner died"
    if last is not None and last.state is AttemptStatus.STOPPING:
        return "stopping"
    if last is not None and last.state is AttemptStatus.KILLING:
        return "being killed"
    if task.progress is not None:
        return _progress(task.progress)
    return changed(task.changes) or looked_up(task)


def _progress(progress: Progress) -> str:
    of = "" if progress.total is None else f"/{progress.total:g}"
    return f"{progress.done:g}{of} {first_line(progress.message)}".rstrip()
