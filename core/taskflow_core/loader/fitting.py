"""Keys of a task that do not go with what it does."""

from taskflow_core.definition.fitting import LIMIT_HINT, LIMITS, MEANINGLESS, may_limit
from taskflow_core.loader.report import Report
from taskflow_core.loader.tree import MapNode


def check_fitting(task: MapNode, kind: str, report: Report) -> None:
    """Report the keys of a task that say nothing about its kind."""
    unfit = MEANINGLESS[kind]
    for key, field in task.fields.items():
        if key in unfit:
            message = f"`{key}` does not go with `{kind}`: {unfit[key]}"
            report.error("conflict", message, field.key, "Drop it.")
    limit = task.fields.get("max_parallel")
    if limit is not None and "max_parallel" not in unfit and not may_limit(kind, task.fields):
        message = f"`max_parallel` does not go with `{kind}`: {LIMITS}"
        report.error("conflict", message, limit.key, LIMIT_HINT)
