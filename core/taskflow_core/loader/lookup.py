"""Checks the functions of a trusted YAML or JSON file, all in one helper process."""

import msgspec

from taskflow_core.loader.ask import HelperError, ask
from taskflow_core.loader.report import Report
from taskflow_core.loader.task_reader import TaskDraft
from taskflow_core.loader.wire import FindFunctions, Looked, Wanted


def check_functions(drafts: list[TaskDraft], report: Report) -> None:
    """Report functions that cannot be called as their tasks say, and note who takes the context."""
    checked = [draft for draft in drafts if draft.function_at is not None]
    if not checked:
        return
    wanted = tuple([_wanted(draft) for draft in checked])
    try:
        answer = ask(FindFunctions(str(report.source.path.parent), wanted))
    except HelperError as error:
        report.error(error.slug, str(error), None, error.hint)
        return
    for draft, looked in zip(checked, answer.looked, strict=True):
        _note(draft, looked, report)


def _wanted(draft: TaskDraft) -> Wanted:
    spec = draft.spec
    upstream = tuple(dict.fromkeys(spec.depends_on))
    return Wanted(
        spec.name, spec.function or "", spec.args, spec.kwargs, upstream, bind=draft.whole
    )


def _note(draft: TaskDraft, looked: Looked, report: Report) -> None:
    if looked.finding is not None:
        finding = looked.finding
        report.error(finding.slug, finding.message, draft.function_at, finding.hint)
    elif looked.takes_context:
        draft.spec = msgspec.structs.replace(draft.spec, takes_context=True)
