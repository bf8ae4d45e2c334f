"""The tasks that a flow was written with, and what each of them finds around it.

A task of a sub-flow knows the tasks and parameters of that one, and nothing of the flow around it.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from taskflow_core.graph import Adjacency
from taskflow_core.nesting import COPY
from taskflow_core.params import Param
from taskflow_core.specs import SubFlow, TaskSpec


class Home(NamedTuple):
    """Where the code of a task is."""

    source: str | None
    """The flow file, absolute; None for a flow made in memory."""
    flow_name: str | None
    """Which flow of a Python file."""
    task: str
    """What the task is called there: `sub/child` if `sub` is a flow made in the same file."""

    @property
    def folder(self) -> str | None:
        """The folder of the file, where modules are looked for first."""
        return None if self.source is None else str(Path(self.source).parent)


class Local(NamedTuple):
    """The tasks of one flow, or sub-flow, without those of others inside of it."""

    specs: list[TaskSpec]
    names: list[str]
    """What they are called there."""
    params: Mapping[str, Param]
    upstream: Adjacency
    """For each task those that it depends on, each once."""


class Written:
    """Knows the tasks of a plan that its flow was written with, then its templates, by number.

    Args:
        tasks: Of the plan; a run may append to them.
        count: How many of these the flow was written with.
        templates: Of the plan.
        index: The number of each task, by name.
    """

    def __init__(
        self,
        tasks: Sequence[TaskSpec],
        count: int,
        templates: Sequence[TaskSpec],
        index: Mapping[str, int],
    ) -> None:
        self._tasks = tasks
        self._count = count
        self._templates = templates
        self._index = index

    def __len__(self) -> int:
        return self._count + len(self._templates)

    def __iter__(self) -> Iterator[TaskSpec]:
        return map(self.spec, range(len(self)))

    def spec(self, number: int) -> TaskSpec:
        """Return a task, or a template."""
        return (
            self._tasks[number] if number < self._count else self._templates[number - self._count]
        )

    def upstream(self, number: int) -> list[str]:
        """Return the tasks that one depends on, each once, as its flow calls them."""
        spec = self.spec(number)
        cut = 0 if spec.parent is None else len(spec.parent) + 1
        return [name[cut:] for name in dict.fromkeys(spec.depends_on)]

    def feeds(self, number: int) -> list[str]:
        """Return those of `upstream` that have a result: services have none."""
        names = self.upstream(number)
        if not self._services:
            return names
        around = self.spec(number).parent
        begin = "" if around is None else f"{around}/"
        return [name for name in names if begin + name not in self._services]

    def params(self, number: int, of_flow: Mapping[str, Param]) -> Mapping[str, Param]:
        """Return the parameters of the sub-flow that a task is in; else those of the flow."""
        return next((flow.params for _, flow in self._around(number)), of_flow)

    def home(self, number: int, source: str | None, flow_name: str | None) -> Home:
        """Return where the code of a task is; the flow itself is in `source`."""
        cut = 0
        for name, subflow in self._around(number):
            if subflow.source is not None:
                source, flow_name, cut = subflow.source, subflow.flow_name, len(name) + 1
                break
        return Home(source, flow_name, self.spec(number).name[cut:].replace(COPY, ""))

    def flows(self, of_flow: Mapping[str, Param]) -> list[Local]:
        """Return each flow that the tasks are of, the outermost first.

        Args:
            of_flow: The parameters of that one.
        """
        inside: dict[str | None, list[int]] = {}
        for number, spec in enumerate(self):
            inside.setdefault(spec.parent, []).append(number)
        return [self._flow(numbers, of_flow) for numbers in inside.values()]

    def _flow(self, numbers: list[int], of_flow: Mapping[str, Param]) -> Local:
        specs = [self.spec(number) for number in numbers]
        cut = 0 if specs[0].parent is None else len(specs[0].parent) + 1
        names = [spec.name[cut:] for spec in specs]
        places = {name: place for place, name in enumerate(names)}
        upstream = [[places[name] for name in self.upstream(number)] for number in numbers]
        return Local(specs, names, self.params(numbers[0], of_flow), upstream)

    def _around(self, number: int) -> Iterator[tuple[str, SubFlow]]:
        """Yield the sub-flows that a task is in, from the inside out, and what they are called.

        That of one that is mapped ends in `[]`.
        """
        at = self.spec(number).parent
        while at is not None:
            name = at.removesuffix(COPY)
            found = self._by_name.get(name) or self._tasks[self._index[name]]
            assert found.subflow is not None, "tasks are written in sub-flows only"
            yield at, found.subflow
            at = found.parent

    @cached_property
    def _services(self) -> frozenset[str]:
        return frozenset(spec.name for spec in self if spec.service is not None)

    @cached_property
    def _by_name(self) -> dict[str, TaskSpec]:
        return {template.name: template for template in self._templates}
