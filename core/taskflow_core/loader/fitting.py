"""Keys of a task that do not go with what it does."""

from taskflow_core.definition.fitting import (
    LIMIT_HINT,
    LIMITS,
    MEANINGLESS,
    NO_SERVICE,
    SERVICE_EXECUTOR,
    WITH_SERVICE,
    may_limit,
)
from taskflow_core.loader.report import Report
from taskflow_core.loader.tree import MapNode, Scalar


def check_fitting(task: MapNode, kind: str, report: Report) -> None:
    """Report the keys of a task that say nothing about its kind."""
    unfit = MEANINGLESS[kind]
    for key, field in task.fields.items():
        if key in unfit:
            message = f"`{key}` does not go with `{kind}`: {unfit[key]}"
            report.error("conflict", message, field.key, "Drop it.")
    if "service" in task.fields and "service" not in unfit:
        _check_service(task, report)
    limit = task.fields.get("max_parallel")
    if limit is not None and "max_parallel" not in unfit and not may_limit(kind, task.fields):
        message = f"`max_parallel` does not go with `{kind}`: {LIMITS}"
        report.error("conflict", message, limit.key, LIMIT_HINT)


def _check_service(task: MapNode, report: Report) -> None:
    """Report the keys of a service that a service cannot have."""
    for key, field in task.fields.items():
        if key in WITH_SERVICE:
            message = f"`{key}` does not go with `service`: {WITH_SERVICE[key]}"
            report.error("conflict", message, field.key, "Drop it.")
    executor = task.fields.get("executor")
    value = executor.value if executor is not None and "function" in task.fields else None
    if isinstance(value, Scalar) and value.value != SERVICE_EXECUTOR:
        message = f"a service cannot have the executor {value.value!r}: {NO_SERVICE}"
        report.error("conflict", message, value.span, f"Use `{SERVICE_EXECUTOR}`.")
