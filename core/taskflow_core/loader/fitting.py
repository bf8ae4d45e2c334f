"""Keys of a task that do not go with what it does."""

from taskflow_core.definition.fitting import MEANINGLESS
from taskflow_core.loader.report import Report
from taskflow_core.loader.tree import MapNode

_HAVE_CHILDREN = ("foreach", "flow")


def check_fitting(task: MapNode, kind: str, report: Report) -> None:
    """Report the keys of a task that say nothing about its kind."""
    unfit = MEANINGLESS[kind]
    for key, field in task.fields.items():
        if key in unfit:
            message = f"`{key}` does not go with `{kind}`: {unfit[key]}"
            report.error("conflict", message, field.key, "Drop it.")
    limit = task.fields.get("max_parallel")
    if limit is not None and "max_parallel" not in unfit and not _has_children(task):
        message = "`max_parallel` is for tasks with `foreach` or `flow`"
        hint = "A single task runs once; `pool` limits several tasks together."
        report.error("conflict", message, limit.key, hint)


def _has_children(task: MapNode) -> bool:
    return any(key in task.fields for key in _HAVE_CHILDREN)
