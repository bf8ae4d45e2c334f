"""Tasks inside of tasks: sub-flows and mapped tasks, their children, and the edges through them.

A *container* stands for its children: it opens when it would start, and ends when they all have.
Children of a sub-flow are named `parent/child`, those of a mapped task `parent[0]`, `parent[1]`, …
A mapped sub-flow has copies of the sub-flow as its children, named like those of a mapped task.
"""

import copy
from collections.abc import Sequence

import msgspec

from taskflow_core.graph import successors_of
from taskflow_core.specs import TaskSpec

COPY = "[]"
"""What stands for the number of the copy in the names of the tasks of a mapped sub-flow."""


class Nesting:
    """Which tasks are inside of which, and all edges between tasks, by number.

    Args:
        tasks: Of a plan; `grow` appends to them.
        templates: Of the plan.
        index: The number of each task by name; `grow` adds to it.
    """

    def __init__(
        self, tasks: list[TaskSpec], templates: Sequence[TaskSpec], index: dict[str, int]
    ) -> None:
        self._tasks = tasks
        self._templates = templates
        self._index = index
        self.written = len(tasks)
        """How many tasks the flow was written with."""
        self.needs = [self._needs_of(spec) for spec in tasks]
        """For each task the tasks it names in `depends_on`, each once, in that order."""
        self.feeds = self.needs
        """Of these for each task those that have a result: services have none."""
        if any(spec.service is not None for spec in (*tasks, *templates)):
            self.feeds = [self._with_result(needed) for needed in self.needs]
        self.parents: list[int | None] = [
            None if spec.parent is None else index[spec.parent] for spec in tasks
        ]
        """For each task the container that it is in."""
        self.children: dict[int, list[int]] = {}
        """For each container that has any the tasks in it, in order."""
        self.codes = list(range(len(tasks)))
        """For each task where its code is: the number of a task that the flow was written with,
        or beyond these the place of one in `templates`. Copies share theirs."""
        self.needed_by = successors_of(self.needs)
        """For each task those that wait for it themselves, not through their container."""
        self.upstream = self.needs
        """For each task those that end before it, such that no other task is in between."""
        self.downstream = self.needed_by
        self.is_nested = any(s.foreach is not None or s.subflow is not None for s in tasks)
        """Some task has children, or will have."""
        if self.is_nested:
            self._nest()

    def copy(self, tasks: list[TaskSpec], index: dict[str, int]) -> "Nesting":
        """Return the nesting of a copy of the tasks, which goes its own way from here."""
        other = copy.copy(self)
        other._tasks, other._index = tasks, index  # noqa: SLF001  it is one of us
        is_same = self.feeds is self.needs
        other.needs, other.parents, other.codes = [*self.needs], [*self.parents], [*self.codes]
        other.feeds = other.needs if is_same else [*self.feeds]
        other.children = {number: [*inside] for number, inside in self.children.items()}
        other.needed_by = [[*waiting] for waiting in self.needed_by]
        other.upstream = [*self.upstream]
        other.downstream = [[*after] for after in self.downstream]
        return other

    def scope(self, number: int) -> int | None:
        """Return the sub-flow that a task is in; None for the flow itself.

        What the task names is looked for there, and the parameters are the sub-flow's.
        """
        at = self.parents[number]
        while at is not None:
            spec = self._tasks[at]
            if spec.subflow is not None and spec.foreach is None:
                return at
            at = self.parents[at]
        return None

    def local_name(self, number: int) -> str:
        """Return what a task is called in the sub-flow that it is in."""
        name, scope = self._tasks[number].name, self.scope(number)
        return name if scope is None else name.removeprefix(f"{self._tasks[scope].name}/")

    def same_flow(self, number: int, others: Sequence[int]) -> list[int]:
        """Return those of `others` that are in the same sub-flow as a task, without copies."""
        if not self.is_nested:
            return list(others)
        scope = self.scope(number)
        return [n for n in others if not self.is_copy(n) and self.scope(n) == scope]

    def place(self, number: int) -> int:
        """Return the place of a child of a mapped task among its children."""
        return int(self._tasks[number].name.rpartition("[")[2].removesuffix("]"))

    def code(self, number: int) -> TaskSpec:
        """Return the task of the flow, or the template, whose code a task runs."""
        code = self.codes[number]
        return self._tasks[code] if code < self.written else self._templates[code - self.written]

    def mapped_around(self, number: int) -> int:
        """Return the mapped task that brought a task into the plan which was added to it."""
        at = self.parents[number]
        while at is not None and self._tasks[at].foreach is None:
            at = self.parents[at]
        assert at is not None, "only mapped tasks add tasks"
        return at

    def is_copy(self, number: int) -> bool:
        """Say whether a task is a child of a mapped one."""
        parent = self.parents[number]
        return parent is not None and self._tasks[parent].foreach is not None

    def limits(self, number: int) -> tuple[int, ...]:
        """Return the containers of a task that say how many of their tasks run at once."""
        found: list[int] = []
        at = self.parents[number]
        while at is not None:
            if self._tasks[at].max_parallel is not None:
                found.append(at)
            at = self.parents[at]
        return tuple(found)

    def around(self, number: int) -> list[int]:
        """Return the containers that a task is in, the innermost first."""
        found: list[int] = []
        at = self.parents[number]
        while at is not None:
            found.append(at)
            at = self.parents[at]
        return found

    def within(self, number: int) -> list[int]:
        """Return every task inside of a container, near and far, each after its container."""
        found = list(self.children.get(number, ()))
        for other in found:
            found += self.children.get(other, ())
        return found

    def grow(self, number: int, count: int) -> list[int]:
        """Let a mapped task have at least `count` children, and return all tasks that are new."""
        first, spec = len(self._tasks), self._tasks[number]
        for place in range(len(self.children.get(number, ())), count):
            child = _child(spec, place)
            self._append(child, self.codes[number])
            if spec.subflow is not None:
                pattern = self.code(number).name + COPY
                for code, template in self._body(pattern):
                    self._append(_placed(template, pattern, child.name), code)
        new = list(range(first, len(self._tasks)))
        for added in new:
            self.needs.append(self._needs_of(self._tasks[added]))
            if self.feeds is not self.needs:
                self.feeds.append(self._with_result(self.needs[added]))
            self.needed_by.append([])
            self.downstream.append([])
        for added in new:  # they may need those behind them
            self._connect(added)
        for container in [*new, number]:
            self._come_after_children(container, new)
        return new

    # --- in detail -----------------------------------------------------------------------

    def _needs_of(self, spec: TaskSpec) -> tuple[int, ...]:
        return tuple(dict.fromkeys(map(self._index.__getitem__, spec.depends_on)))

    def _with_result(self, needed: tuple[int, ...]) -> tuple[int, ...]:
        return tuple([other for other in needed if self._tasks[other].service is None])

    def _nest(self) -> None:
        """Draw the edges through the containers that the flow was written with."""
        for number, parent in enumerate(self.parents):
            if parent is not None:
                self.children.setdefault(parent, []).append(number)
        self.upstream = [self._entry(number) for number in range(len(self.needs))]
        for number in self.children:
            self.upstream[number] = self._last_of(number)
        self.downstream = successors_of(self.upstream)

    def _entry(self, number: int) -> tuple[int, ...]:
        """Return the tasks that have to end before a task can begin, through its containers."""
        at: int | None = number
        while at is not None:
            if self.needs[at]:
                return self.needs[at]
            at = self.parents[at]
        return ()

    def _last_of(self, number: int) -> tuple[int, ...]:
        """Return the children of a container that no other one of them needs."""
        inside = self.children[number]
        if self._tasks[number].foreach is not None:
            return tuple(inside)
        needed = {other for child in inside for other in self.needs[child]}
        return tuple([child for child in inside if child not in needed])

    def _body(self, pattern: str) -> list[tuple[int, TaskSpec]]:
        """Return the tasks that each copy of a mapped sub-flow has, with where their code is."""
        begin = pattern + "/"
        return [
            (code, template)
            for code, template in enumerate(self._templates, self.written)
            if template.name.startswith(begin) and COPY not in template.name[len(begin) :]
        ]

    def _append(self, spec: TaskSpec, code: int) -> None:
        number, parent = len(self._tasks), self._index[spec.parent or ""]
        self._tasks.append(spec)
        self._index[spec.name] = number
        self.codes.append(code)
        self.parents.append(parent)
        self.children.setdefault(parent, []).append(number)

    def _connect(self, number: int) -> None:
        """Draw the edges to a new task, as if it had no children."""
        if not self.is_copy(number):
            for other in self.needs[number]:
                self.needed_by[other].append(number)
        self.upstream.append(self._entry(number))
        for other in self.upstream[number]:
            self.downstream[other].append(number)

    def _come_after_children(self, number: int, new: Sequence[int]) -> None:
        """Let a container come after those of its children that are new."""
        last = [child for child in self.children.get(number, ()) if child >= new[0]] if new else []
        if not last:
            return
        if self._tasks[number].foreach is None:
            ends = set(self._last_of(number))
            last = [child for child in last if child in ends]
        self.upstream[number] = (*self.upstream[number], *last)
        for child in last:
            self.downstream[child].append(number)


def _child(spec: TaskSpec, place: int) -> TaskSpec:
    """Return one child of a mapped task; what decides when that starts is done with."""
    options = spec.options
    if options.trigger_rule != "all_success":
        options = msgspec.structs.replace(options, trigger_rule="all_success")
    return msgspec.structs.replace(
        spec,
        name=f"{spec.name}[{place}]",
        parent=spec.name,
        foreach=None,
        max_parallel=None if spec.subflow is None else spec.subflow.max_parallel,
        when=None,
        options=options,
    )


def _placed(template: TaskSpec, pattern: str, name: str) -> TaskSpec:
    """Return a task of a mapped sub-flow as it is in the copy called `name`."""
    cut = len(pattern)
    return msgspec.structs.replace(
        template,
        name=name + template.name[cut:],
        parent=name + (template.parent or "")[cut:],
        depends_on=tuple([name + other[cut:] for other in template.depends_on]),
    )
