"""Where the tasks of a plan were written, and what is there: their file, names and parameters.

A task of a sub-flow knows what that one has, and nothing of the flow around it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from taskflow_core.nesting import COPY
from taskflow_core.params import Param
from taskflow_core.plan import Plan
from taskflow_core.specs import SubFlow, TaskSpec


class Origin(NamedTuple):
    """Where a task was written."""

    file: str | None
    """The flow file, absolute; None for a flow made in memory."""
    flow_name: str | None
    """Which flow of a Python file."""
    name: str
    """What it is called in that file: `sub/child`, if `sub` is a flow made there too."""
    params: Mapping[str, Param]
    """What its flow, or sub-flow, can be told."""
    needs: tuple[str, ...]
    """What it depends on, each once, as its flow calls it."""

    @property
    def folder(self) -> str | None:
        """The folder of the flow file, where its modules are looked for first."""
        return None if self.file is None else str(Path(self.file).parent)


class Origins:
    """Knows of each task of a plan, and of each template, where it was written.

    Args:
        plan: It may have grown since; what it grew by was written where its container was.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._templates = {spec.name: spec for spec in plan.templates}

    def of(self, spec: TaskSpec) -> Origin:
        """Return where a task that the plan was made with, or a template, was written."""
        plan, parent = self._plan, spec.parent
        needs = tuple(dict.fromkeys(spec.depends_on))
        if parent is None:
            return Origin(plan.source, plan.flow_name, spec.name, plan.params, needs)
        scopes = [*self._around(spec)]
        file, flow_name, cut = plan.source, plan.flow_name, 0
        for scope, subflow in scopes:
            if subflow.source is not None:
                file, flow_name, cut = subflow.source, subflow.flow_name, len(scope) + 1
                break
        return Origin(
            file,
            flow_name,
            spec.name[cut:].replace(COPY, ""),
            scopes[0][1].params,
            tuple([name[len(parent) + 1 :] for name in needs]),
        )

    def _around(self, spec: TaskSpec) -> Iterator[tuple[str, SubFlow]]:
        """Yield the sub-flows that a task is in, and what is before its name for each."""
        at = spec.parent
        while at is not None:
            name = at.removesuffix(COPY)
            container = self._templates.get(name) or self._plan.tasks[self._plan.index[name]]
            assert container.subflow is not None, "children are written in sub-flows only"
            yield at, container.subflow
            at = container.parent
