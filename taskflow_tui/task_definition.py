"""What a flow says about one task, in words."""

from taskflow_core.plan import Plan, RollbackSpec, TaskSpec
from taskflow_tui.formatting import duration, named
from taskflow_tui.service_facts import needed, serving
from taskflow_tui.terminal_text import safe_text
from taskflow_tui.waiting_facts import asks, mapped_over, waiting_work


def work(spec: TaskSpec) -> str:
    """Return what the task does: a command line, the name of a function, what it waits for."""
    mapped = mapped_over(spec)
    return f"{_doing(spec)} for each of {mapped}" if mapped else _doing(spec)


def _doing(spec: TaskSpec) -> str:
    if waits := waiting_work(spec):
        return waits
    if spec.script is not None:
        return safe_text(next(iter(spec.script.strip().splitlines()), ""))
    if spec.command is not None:
        line = spec.command if isinstance(spec.command, str) else " ".join(spec.command)
        return safe_text(line.strip())
    return safe_text(spec.function or "a Python function of the flow")


def undoing(rollback: RollbackSpec) -> str:
    """Return what undoes a task: a command line, or the dotted name of a function."""
    if rollback.command is not None:
        command = rollback.command
        line = command if isinstance(command, str) else " ".join(command)
        return safe_text(line.strip())
    return safe_text(rollback.function or "a Python function of the flow")


def definition(plan: Plan, number: int) -> list[tuple[str, str]]:
    """Return what the flow says about the task, as pairs of a label and a text."""
    spec = plan.tasks[number]
    options = spec.options
    facts = [("about", safe_text(spec.description or "")), (spec.kind, work(spec))]
    facts += [(f"field {name}", text) for name, text in asks(spec)]
    facts.append(("needs", named([needed(plan, number, n) for n in plan.nesting.needs[number]], 6)))
    below = [safe_text(plan.tasks[other].name) for other in plan.nesting.needed_by[number]]
    facts.append(("feeds", named(below, 6)))
    if options.retry.retries:
        facts.append(("retries", _retries(spec)))
    if options.timeout is not None:
        facts.append(("timeout", duration(options.timeout)))
    if spec.rollback is not None:
        facts.append(("undone by", undoing(spec.rollback)))
    facts += serving(spec)
    facts += _files(spec)
    if spec.needs_slot:
        facts += [("in", safe_text(options.cwd or "")), ("runs as", options.executor)]
    if spec.max_parallel is not None:
        facts.append(("at once", f"{spec.max_parallel:,}"))
    return [(label, text) for label, text in facts if text]


def _files(spec: TaskSpec) -> list[tuple[str, str]]:
    """Return what decides whether the task has to run."""
    facts: list[tuple[str, str]] = []
    if spec.cache is not None:
        key = [safe_text(name) for name in spec.cache.key]
        good = "" if spec.cache.ttl is None else f"for {duration(spec.cache.ttl)}"
        facts.append(("cached", ", ".join(filter(None, [good, named(key, 6)])) or "yes"))
    facts.append(("reads", named([safe_text(name) for name in spec.inputs], 6)))
    facts.append(("makes", named([safe_text(name) for name in spec.outputs], 6)))
    return facts


def _retries(spec: TaskSpec) -> str:
    policy = spec.options.retry
    delay = policy.delay[0] if isinstance(policy.delay, tuple) and policy.delay else policy.delay
    wait = f", {duration(delay)} apart" if isinstance(delay, float | int) and delay else ""
    grow = f", {policy.backoff}" if wait and policy.backoff != "fixed" else ""
    return f"{policy.retries}{wait}{grow}"
