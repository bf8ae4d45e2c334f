"""Checks the functions of a trusted YAML or JSON file, all in one helper process."""

from collections.abc import Container, Sequence

import msgspec

from taskflow_core.loader.ask import HelperError
from taskflow_core.loader.report import Report
from taskflow_core.loader.task_reader import TaskDraft
from taskflow_core.loader.wire import Ask, FindFunctions, Looked, Wanted


def check_functions(
    drafts: Sequence[TaskDraft], params: Sequence[str], report: Report, ask: Ask
) -> None:
    """Report functions that cannot be called as their tasks say, and note what they take.

    Args:
        drafts: The tasks.
        params: The names of the flow's parameters.
        report: Of the flow file.
        ask: Answers what only the flow's code can say.
    """
    checked = [draft for draft in drafts if draft.function_at or draft.rollback_at]
    if not checked:
        return
    services = {draft.spec.name for draft in drafts if draft.spec.service is not None}
    wanted = tuple([_wanted(draft, tuple(params), services) for draft in checked])
    try:
        answer = ask(FindFunctions(str(report.source.path.parent), wanted))
    except HelperError as error:
        report.error(error.slug, str(error), None, error.hint)
        return
    for draft, looked in zip(checked, answer.looked, strict=True):
        _note(draft, looked, report)


def _wanted(draft: TaskDraft, params: tuple[str, ...], services: Container[str]) -> Wanted:
    spec = draft.spec
    return Wanted(
        name=spec.name,
        function=spec.function if draft.function_at else None,
        rollback=spec.rollback.function if spec.rollback and draft.rollback_at else None,
        args=spec.args,
        kwargs=spec.kwargs,
        upstream=tuple([name for name in dict.fromkeys(spec.depends_on) if name not in services]),
        params=params,
        executor=spec.options.executor,
        mapped=spec.foreach is not None,
        bind=draft.whole,
    )


def _note(draft: TaskDraft, looked: Looked, report: Report) -> None:
    if draft.function_at is not None:
        draft.looked = looked
    for finding in looked.findings:
        report.error(finding.slug, finding.message, draft.function_at, finding.hint)
    for finding in looked.rollback:
        report.error(finding.slug, finding.message, draft.rollback_at, finding.hint)
    if looked.takes_context:
        draft.spec = msgspec.structs.replace(draft.spec, takes_context=True)
