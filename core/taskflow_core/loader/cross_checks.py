"""What can be seen only when all of a flow file is read: names in expressions, pools, leftovers."""

from collections.abc import Collection, Iterator

from taskflow_core.errors import UnknownPoolError
from taskflow_core.expressions import Reference
from taskflow_core.expressions.values import mapped
from taskflow_core.lifetimes import FlowLifetimes, has_lifetimes
from taskflow_core.loader.expressions_reader import Written
from taskflow_core.loader.flow_reader import FlowDraft
from taskflow_core.loader.report import Report
from taskflow_core.name_checks import Item, Known, Use, check_names


def check_across(draft: FlowDraft, report: Report) -> None:
    """Report names that can have no value where they stand, missing pools, and the like."""
    _check_expressions(draft, report)
    _check_pools(draft, report)
    if has_lifetimes(task.spec for task in draft.tasks):
        _check_lifetimes(draft, report)


def warn_of_unused(draft: FlowDraft, report: Report) -> None:
    """Warn of parameters and pools that no task uses, if nothing else is wrong."""
    if report.errors:
        return
    for pool in draft.pools.keys() - {task.spec.options.pool for task in draft.tasks}:
        message, at = f"no task uses pool {pool!r}", draft.at("pools", pool)
        report.warning("unused-pool", message, at, f"Add `pool: {pool}` to the tasks it is for.")
    used = _used_params(draft)
    for name in draft.params if used is not None else ():
        if mapped(name) not in (used or ()):
            message, at = f"nothing uses parameter {name!r}", draft.at("params", name)
            hint = f"Write ${{{{ params.{mapped(name)} }}}} where it belongs, or drop it."
            report.warning("unused-param", message, at, hint)


def _check_expressions(draft: FlowDraft, report: Report) -> None:
    found = [*_written(draft)]
    names = [task.spec.name for task in draft.graph.tasks]
    specs = [task.spec for task in draft.graph.tasks]
    services = [spec.name for spec in specs if spec.service is not None]
    known = Known(draft.names("params"), names, draft.graph.upstream, services)
    uses = [use for _, use in found]
    for (written, _), faults in zip(found, check_names(uses, known), strict=True):
        for fault in faults:
            report.error(fault.slug, fault.message, written.place.span(fault.offset), fault.hint)


def _written(draft: FlowDraft) -> Iterator[tuple[Written, Use]]:
    """Yield the texts that name something, each with where it stands."""
    for written in draft.expressions:
        yield written, Use(written.references, None, written.sees_itself)
    for number, task in enumerate(draft.graph.tasks):
        is_mapped = task.spec.foreach is not None
        for written in task.expressions:
            item: Item = ("each" if written.sees_item else "once") if is_mapped else "none"
            yield written, Use(written.references, number, written.sees_itself, item)
    for handler in draft.handlers:
        for written in handler.expressions:
            yield written, Use(written.references, None, in_handler=True)


def _check_pools(draft: FlowDraft, report: Report) -> None:
    known = draft.names("pools")
    reported = False
    for task in draft.tasks:
        pool = task.spec.options.pool
        if pool is None or pool in known or (task.pool_at is None and reported):
            continue
        reported = reported or task.pool_at is None
        at = task.pool_at or draft.pool_at
        error = UnknownPoolError(task.spec.name, pool, known=())
        hint = report.near(pool, known) or error.hint
        report.error("unknown-pool", f"there is no pool {pool!r}", at, hint)


def _check_lifetimes(draft: FlowDraft, report: Report) -> None:
    """Report conditions that say nothing, and services that could never start, or end."""
    tasks, upstream = draft.graph.tasks, draft.graph.upstream
    for fault in FlowLifetimes([task.spec for task in tasks], upstream).faults(draft.pools):
        at = tasks[fault.task].at
        if fault.upstream is not None and not tasks[fault.upstream].whole:
            continue  # what is wrong there may be why
        if fault.upstream is not None:
            name = tasks[fault.upstream].spec.name
            at = next(edge.at for edge in tasks[fault.task].edges if edge.name == name)
        report.error(fault.slug, str(fault.error), at, fault.error.hint)


def _used_params(draft: FlowDraft) -> Collection[str] | None:
    """Return the parameters that are used, with mapped names; None if that is not known."""
    used: set[str] = set()
    for task in (*draft.tasks, *draft.handlers):
        if task.spec.kind == "function":
            if task.looked is None or task.looked.takes_context:
                return None
            used.update(map(mapped, task.looked.params))
        cache = task.spec.cache
        used.update(map(mapped, () if cache is None else cache.key))  # by their bare names
    for reference in _references(draft):
        if reference.root == "params":
            if not reference.path:
                return None
            used.add(mapped(str(reference.path[0])))
    return used


def _references(draft: FlowDraft) -> Iterator[Reference]:
    for written, _ in _written(draft):
        yield from written.references
