"""One flow of a flow file, as far as the file could be read."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

from taskflow_core.errors import Problem
from taskflow_core.inlining import Body, container, inlined
from taskflow_core.loader.flow_reader import FlowDraft
from taskflow_core.loader.report import Report
from taskflow_core.loader.task_reader import TaskDraft
from taskflow_core.params import Param
from taskflow_core.plan import Plan, SubFlow, TaskSpec


class FlowFile(ABC):
    """A flow that others may have as a sub-flow."""

    height = 1
    """How many flows are inside of each other at most, itself included."""
    size = 0
    """How many tasks it has with those of its sub-flows."""

    @property
    @abstractmethod
    def problems(self) -> Collection[Problem]:
        """Everything found in the file."""

    @property
    @abstractmethod
    def params(self) -> Mapping[str, Param] | None:
        """What it can be told, without what is wrong; None if that could not be read."""

    @property
    def broken(self) -> Collection[str]:
        """The names of parameters with something wrong."""
        return ()

    @abstractmethod
    def subflow(self, given: dict[str, Any]) -> SubFlow:
        """Return what it is as a sub-flow that is given these values; nothing is wrong with it."""

    @abstractmethod
    def body(self) -> Body[None]:
        """Return its tasks and those of its sub-flows; nothing is wrong with any of them."""


class PythonFlow(FlowFile):
    """A flow of a Python file.

    Args:
        plan: The flow's; None if it could not be had.
        problems: What is wrong with the file.
    """

    def __init__(self, plan: Plan | None, problems: Collection[Problem]) -> None:
        self.plan = plan
        """The flow's; None if it could not be had."""
        self._problems = problems
        if plan is not None:
            names = [spec.name for spec in (*plan.tasks, *plan.templates)]
            self.size = len(names)
            self.height = 1 + max((name.count("/") for name in names), default=0)

    @property
    def problems(self) -> Collection[Problem]:
        return self._problems

    @property
    def params(self) -> Mapping[str, Param] | None:
        return None if self.plan is None else self.plan.params

    def subflow(self, given: dict[str, Any]) -> SubFlow:
        plan = self._required
        return SubFlow(
            name=plan.name,
            source=plan.source,
            flow_name=plan.flow_name,
            params=plan.params,
            given=given,
            max_parallel=plan.max_parallel,
        )

    def body(self) -> Body[None]:
        plan = self._required
        return Body(plan.tasks, plan.templates, plan.pools, [None] * self.size)

    @property
    def _required(self) -> Plan:
        assert self.plan is not None, "nothing is wrong with it"
        return self.plan


class DataFlow(FlowFile):
    """The flow of a YAML or JSON file.

    Args:
        report: Of the file.
        draft: What it says; None if that could not be read.
    """

    def __init__(self, report: Report, draft: FlowDraft | None) -> None:
        self.report = report
        self.draft = draft
        self.inner: dict[int, FlowFile] = {}
        """The flows that tasks are, by the place of the task."""
        self.size = 0 if draft is None else len(draft.tasks)

    @property
    def problems(self) -> Collection[Problem]:
        return self.report.problems

    @property
    def params(self) -> Mapping[str, Param] | None:
        return None if self.draft is None else self.draft.params

    @property
    def broken(self) -> Collection[str]:
        return () if self.draft is None else self.draft.names("params")

    def plan(self) -> Plan:
        """Return the plan of the flow; nothing is wrong with it, nor with its sub-flows."""
        return self._required.plan(self._source, self.body())

    def subflow(self, given: dict[str, Any]) -> SubFlow:
        draft = self._required
        return SubFlow(
            name=draft.fields["name"],
            source=self._source,
            params=draft.params,
            given=given,
            max_parallel=draft.fields["max_parallel"],
        )

    def body(self) -> Body[None]:
        return self._body

    @cached_property
    def _body(self) -> Body[None]:
        draft = self._required
        specs = [self._spec(number, task) for number, task in enumerate(draft.tasks)]
        inner = {number: flow.body() for number, flow in self.inner.items()}
        return inlined(specs, [None] * len(specs), draft.pools, inner)

    def _spec(self, number: int, task: TaskDraft) -> TaskSpec:
        inner = self.inner.get(number)
        if inner is None or task.subflow is None:
            return task.spec
        return container(task.spec, inner.subflow(task.subflow.given))

    @property
    def _source(self) -> str:
        return str(self.report.source.path)

    @property
    def _required(self) -> FlowDraft:
        assert self.draft is not None, "nothing is wrong with it"
        return self.draft
