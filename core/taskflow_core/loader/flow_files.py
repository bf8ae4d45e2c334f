"""A flow file and the files of its sub-flows, each read once, with all that is wrong in them."""

import os
from pathlib import Path

from taskflow_core.errors import FlowFileError, Problem
from taskflow_core.expressions import has_expressions
from taskflow_core.flow_module import split_path
from taskflow_core.inlining import (
    AROUND,
    NestingError,
    check_count,
    check_depth,
    check_may_enter,
)
from taskflow_core.loader.ask import ask
from taskflow_core.loader.cross_checks import check_across, warn_of_unused
from taskflow_core.loader.flow_file import DataFlow, FlowFile, PythonFlow
from taskflow_core.loader.flow_reader import FlowDraft, read_flow
from taskflow_core.loader.python_file import NOT_TRUSTED, not_trusted, read_python
from taskflow_core.loader.report import Report, check_characters
from taskflow_core.loader.source import (
    Source,
    flow_file,
    read_source,
)
from taskflow_core.loader.subflow_reader import SubFlowRef
from taskflow_core.loader.tree import Node
from taskflow_core.loader.wire import Ask
from taskflow_core.params import given_problems

ONLY_OUTSIDE = ("on_failure", "order", "timeout", "handlers")
"""Keys of a flow that only a run of the flow itself goes by."""


class FlowFiles:
    """Reads flow files.

    Args:
        trusted: Code of their folders may be run.
        ask: Answers what only that code can say.
    """

    def __init__(self, *, trusted: bool, ask: Ask = ask) -> None:
        self._trusted = trusted
        self._ask = ask
        self._known: dict[tuple[str, str | None], FlowFile] = {}
        """By path and name of the flow."""
        self._around = [*AROUND.get()]
        """The files that are being read, each for the one before it."""
        self.found: list[FlowFile] = []
        """Every flow, in the order in which they are named first."""

    def read(self, file: str) -> DataFlow:
        """Return the flow of a YAML or JSON file, after reading the files of its sub-flows.

        Args:
            file: As the person named it.

        Raises:
            FlowFileError: there is no text in it that could be read.
        """
        report = Report(read_source(file))
        flow = DataFlow(report, _draft(report))
        self.found.append(flow)
        if flow.draft is not None:
            self._around.append(str(report.source.path))
            for number, task in enumerate(flow.draft.tasks):
                if task.subflow is not None:
                    self._add(flow, number, task.subflow)
            self._around.pop()
            self._check(flow.draft, report)
        return flow

    def problems(self) -> list[Problem]:
        """Return everything that is wrong with the files, one file after the other."""
        return [problem for flow in self.found for problem in flow.problems]

    def _check(self, draft: FlowDraft, report: Report) -> None:
        check_across(draft, report)
        if self._trusted:
            from taskflow_core.loader.lookup import check_functions

            wanted = [*draft.tasks, *draft.handlers]
            check_functions(wanted, [*draft.params], report, self._ask)
        warn_of_unused(draft, report)
        if self._around:
            _warn_inside(draft, report)

    def _add(self, flow: DataFlow, number: int, ref: SubFlowRef) -> None:
        """Read the flow that a task is, and report at the task what does not fit."""
        inner = self._inner(ref, flow.report)
        if inner is None:
            return
        flow.inner[number] = inner
        try:
            check_depth(len(self._around) + inner.height)
            check_count(flow.size + inner.size)
        except NestingError as error:
            flow.report.error(error.slug, str(error), ref.at, error.hint)
        else:
            flow.size += inner.size
            flow.height = max(flow.height, 1 + inner.height)
        _check_given(ref, inner, flow.report)

    def _inner(self, ref: SubFlowRef, report: Report) -> FlowFile | None:
        """Return the flow that a task names; None after reporting that there is none."""
        shown, flow_name = split_path(_shown(ref.path, report.source))
        try:
            real = flow_file(shown)
            check_may_enter(_id(real, flow_name), self._around)
        except FlowFileError as error:
            (problem,) = error.problems
            report.error(problem.slug, problem.message, ref.at, problem.hint)
            return None
        except NestingError as error:
            report.error(error.slug, str(error), ref.at, error.hint)
            return None
        return self._read_once(shown, real, flow_name, ref, report)

    def _read_once(
        self, shown: str, real: Path, flow_name: str | None, ref: SubFlowRef, report: Report
    ) -> FlowFile | None:
        key = (str(real), flow_name)
        if key in self._known:
            return self._known[key]
        if not shown.lower().endswith(".py"):
            return self._known.setdefault(key, self._data(shown))
        if self._trusted:
            return self._known.setdefault(key, self._python(shown, real, flow_name))
        refused = not_trusted(shown)
        report.error(NOT_TRUSTED, str(refused), ref.at, refused.hint)
        return None

    def _data(self, file: str) -> FlowFile:
        try:
            return self.read(file)
        except FlowFileError as error:
            unread = PythonFlow(None, error.problems)
            self.found.append(unread)
            return unread

    def _python(self, file: str, real: Path, flow_name: str | None) -> FlowFile:
        flow = read_python(file, real, flow_name, tuple(self._around), self._ask)
        self.found.append(flow)
        return flow


def _draft(report: Report) -> FlowDraft | None:
    """Return what a file says; None if nothing more could be read, which has been reported."""
    try:
        check_characters(report)
        return read_flow(_tree(report), report)
    except FlowFileError:
        return None


def _tree(report: Report) -> Node:
    """Return what is in the file; each notation is imported only if it is used."""
    if report.source.file.lower().endswith(".json"):
        from taskflow_core.loader.json_reader import read_json

        return read_json(report)
    from taskflow_core.loader.yaml_reader import read_yaml

    return read_yaml(report)


def _shown(path: str, source: Source) -> str:
    """Return the path of a sub-flow's file: as seen from where the outer one was named.

    That one may have been named by a link in another folder.
    """
    folder = os.path.dirname(source.file)  # noqa: PTH120  text, as the person wrote it
    real = source.path.parent
    is_there = Path(folder).resolve() == real
    return os.path.join(folder if is_there else str(real), path)  # noqa: PTH118


def _id(real: Path, flow_name: str | None) -> str:
    return str(real) if flow_name is None else f"{real}:{flow_name}"


def _check_given(ref: SubFlowRef, inner: FlowFile, report: Report) -> None:
    if inner.params is None:
        return
    for problem in given_problems(inner.params, ref.given, has_expressions, inner.broken):
        at, field = ref.at, ref.given_at.get(problem.name)
        if field is not None:
            at = field.key if problem.kind == "unknown" else field.value.span
        report.error(f"{problem.kind}-param", problem.message, at, problem.hint)


def _warn_inside(draft: FlowDraft, report: Report) -> None:
    for key in ONLY_OUTSIDE:
        if key in draft.top.fields:
            message = f"`{key}` has no effect where this flow is a part of another"
            hint = "There the outer flow decides."
            report.warning("only-outside", message, draft.top.fields[key].key, hint)
