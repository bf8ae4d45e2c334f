"""What there is to say about one task of a run, in words."""

from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.state import Attempt, RunState, TaskState
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from taskflow_tui.formatting import duration, named
from taskflow_tui.terminal_text import safe_text


def elapsed(task: TaskState, now: float) -> float | None:
    """Return the seconds that the task's attempts took together, None before the first began."""
    spans = [
        (attempt.ended_at if attempt.ended_at is not None else now) - attempt.started_at
        for attempt in task.attempts
        if attempt.started_at is not None
    ]
    return sum(spans) if spans else None


def tries(task: TaskState, spec: TaskSpec) -> str:
    """Return `2/3`: the number of the newest attempt, and how many there may be."""
    last = task.last
    if last is None:
        return ""
    allowed = max(1 + spec.options.retry.retries, last.attempt)
    return f"{last.attempt}/{allowed}"


def work(spec: TaskSpec) -> str:
    """Return what the task runs: a command line, or the dotted name of a function."""
    if spec.command is not None:
        line = spec.command if isinstance(spec.command, str) else " ".join(spec.command)
        return safe_text(line.strip())
    return safe_text(spec.function or "a Python function of the flow")


def upstreams_missing(state: RunState, number: int) -> list[str]:
    """Return the names of the tasks that task `number` still waits for."""
    plan = state.plan
    return [
        safe_text(plan.tasks[other].name)
        for other in plan.upstream[number]
        if state.tasks[other].state not in {TaskStatus.SUCCEEDED, TaskStatus.SKIPPED}
    ]


_WAITS = {
    RunStatus.PAUSED: "waits: the run is paused",
    RunStatus.INTERRUPTED: "cut off: the runner died",
    RunStatus.CANCELLING: "stopping",
}
"""Why a task that could start does not."""


def note(state: RunState, number: int, status: RunStatus, now: float) -> str:
    """Return why the task is as it is, on one line; empty where its sign says it all."""
    task = state.tasks[number]
    match task.state:
        case TaskStatus.PENDING:
            started = status is not RunStatus.CREATED
            return _needs(state, number) if started else work(state.plan.tasks[number])
        case TaskStatus.READY | TaskStatus.QUEUED:
            return _WAITS.get(status, "" if status.is_settled else "waits for a slot")
        case TaskStatus.RUNNING | TaskStatus.RETRY_WAIT:
            return _under_way(task, status, now)
        case _:
            return _ending(task)


def _under_way(task: TaskState, status: RunStatus, now: float) -> str:
    last = task.last
    if task.state is TaskStatus.RUNNING:
        return _running(last, status)
    if status is RunStatus.INTERRUPTED:
        return "cut off: the runner died"
    wait = duration(max((task.due_at or now) - now, 0.0))
    return f"again in {wait}" + (f" – {first_line(last.error)}" if last else "")


def _ending(task: TaskState) -> str:
    match task.state:
        case TaskStatus.UPSTREAM_FAILED:
            return f"blocked by {safe_text(task.reason or 'a task upstream')}"
        case TaskStatus.FAILED:
            return failure(task)
        case TaskStatus.SUCCEEDED:
            return ""
        case _:
            return safe_text(task.reason or "")


def failure(task: TaskState) -> str:
    """Return the reason why the task failed, on one line."""
    last = task.last
    return first_line((last.error if last else None) or task.reason)


def first_line(text: str | None) -> str:
    """Return the first line of `text` with something on it."""
    lines = (text or "").strip().splitlines()
    return safe_text(lines[0]) if lines else ""


def definition(plan: Plan, number: int) -> list[tuple[str, str]]:
    """Return what the flow says about the task, as pairs of a label and a text."""
    spec = plan.tasks[number]
    options = spec.options
    facts = [("about", safe_text(spec.description or "")), (spec.kind, work(spec))]
    facts.append(("needs", named([safe_text(n) for n in dict.fromkeys(spec.depends_on)], 6)))
    below = [safe_text(plan.tasks[other].name) for other in plan.downstream[number]]
    facts.append(("feeds", named(below, 6)))
    if options.retry.retries:
        facts.append(("retries", _retries(spec)))
    if options.timeout is not None:
        facts.append(("timeout", duration(options.timeout)))
    facts.append(("in", safe_text(options.cwd or "")))
    facts.append(("runs as", options.executor))
    return [(label, text) for label, text in facts if text]


def _retries(spec: TaskSpec) -> str:
    policy = spec.options.retry
    delay = policy.delay[0] if isinstance(policy.delay, tuple) and policy.delay else policy.delay
    wait = f", {duration(delay)} apart" if isinstance(delay, float | int) and delay else ""
    grow = f", {policy.backoff}" if wait and policy.backoff != "fixed" else ""
    return f"{policy.retries}{wait}{grow}"


def _needs(state: RunState, number: int) -> str:
    missing = upstreams_missing(state, number)
    return f"needs {named(missing, 3)}" if missing else ""


def _running(last: Attempt | None, status: RunStatus) -> str:
    if status is RunStatus.INTERRUPTED:
        return "cut off: the runner died"
    if last is not None and last.state is AttemptStatus.STOPPING:
        return "stopping"
    if last is not None and last.state is AttemptStatus.KILLING:
        return "being killed"
    return ""
