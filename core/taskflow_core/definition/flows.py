"""What users write: flows."""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, get_args, overload

import taskflow_core.definition.checking as checking
from taskflow_core.bus import EventBus, Subscriber, Subscription
from taskflow_core.definition.flow_settings import flow_settings_of, params_of
from taskflow_core.definition.handler_keys import Handling
from taskflow_core.definition.keys import FlowKeys, Function, TaskKeys
from taskflow_core.definition.nested import Flows, Planned, planned
from taskflow_core.definition.steps import Step
from taskflow_core.definition.tasks import TRACER, Task
from taskflow_core.errors import ArgumentsError, DefinitionError, UnknownTaskError
from taskflow_core.export.digraph import to_networkx
from taskflow_core.expression_checks import expression_problems
from taskflow_core.garbage import collection_paused
from taskflow_core.handling import handler_plan
from taskflow_core.memory_code import MemoryCode
from taskflow_core.plan import Functions, Plan
from taskflow_core.policies import Order
from taskflow_core.session.awaiting import awaited
from taskflow_core.session.handle import RunHandle
from taskflow_core.session.result import RunResult
from taskflow_core.session.starting import Journaling, begin

if TYPE_CHECKING:
    import networkx as nx

    from taskflow_core.analysis import CriticalPath


class RunKeys(TypedDict, total=False):
    """What can be said of one run."""

    params: Mapping[str, Any] | None
    """Values for the flow's parameters; the others have their defaults."""
    bus: EventBus | None
    """Where the run's events go, besides the flow's own subscribers."""
    journal: Journaling
    """True records the run in the state directory; a path is another such."""
    max_parallel: int | None
    """Overrides the flow's own."""
    order: Order | None
    """Overrides the flow's own."""
    fresh: bool
    """Tasks run whatever the cache holds; what succeeds is kept all the same."""


class Flow(Flows):
    """Tasks that depend on each other, and how to run them.

    Once it was planned, to be run or drawn, it no longer changes, nor do its tasks; it can be run
    any number of times, also at the same time. Calling a flow runs it: `etl(day="2026-01-31")`.

    Args:
        name: For people, and for the list of runs.
        tasks: The first tasks; more come by `add_task` and `@flow.task`.
        params: What a run can be told, by name: the value it has otherwise, or a `Param`.
        keys: What else holds for it: see `keys.FlowKeys`.

    Raises:
        DefinitionError: one of these is not what it should be.
    """

    def __init__(
        self,
        name: str = "flow",
        tasks: Iterable[Task] = (),
        *,
        params: Mapping[str, Any] | None = None,
        **keys: Unpack[FlowKeys],
    ) -> None:
        self.name = checking.text("the name of a flow", name)
        self.settings = flow_settings_of(keys, owner=f"flow {name!r}")
        """What else holds for it; checked."""
        self.description = self.settings.description
        self.env = self.settings.env
        self.max_parallel = self.settings.max_parallel
        self.params = params_of(params or {}, owner=f"flow {name!r}")
        """What a run can be told."""
        self.source: str | None = None
        """The flow file this was loaded from, absolute."""
        self.bus = EventBus()
        self._tasks = [_checked(task) for task in tasks]
        self._lock = threading.RLock()
        self._plans: dict[tuple[str, str | None], Planned] = {}
        self._code: MemoryCode | None = None

    def __repr__(self) -> str:
        return f"Flow({self.name!r}, {len(self._tasks)} tasks)"

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks, in the order they were added."""
        return tuple(self._tasks)

    @property
    def handlers(self) -> tuple[Handling, ...]:
        """What is done once a run's outcome is decided."""
        return self.settings.handlers

    def add_task(self, task: Task) -> Task:
        """Add `task` and return it.

        Raises:
            DefinitionError: the flow was planned already.
        """
        with self._lock:
            if self.is_planned:
                raise DefinitionError(
                    f"flow {self.name!r} was planned already, so it no longer changes",
                    hint="Make another: Flow(name, tasks=[*flow.tasks, task]).",
                )
            self._tasks.append(_checked(task))
        return task

    @overload
    def task(self, func: Function, /) -> Task: ...
    @overload
    def task(self, /, **keys: Unpack[TaskKeys]) -> Callable[[Function], Task]: ...
    def task(self, func: Function | None = None, /, **keys: Unpack[TaskKeys]) -> Any:
        """Make a function a task of this flow: `@flow.task`, or `@flow.task(retries=3, …)`."""
        if func is not None:
            return self.add_task(Task(func, **keys))

        def decorate(decorated: Function) -> Task:
            return self.add_task(Task(decorated, **keys))

        return decorate

    def subscribe(
        self, callback: Subscriber, *, kinds: Iterable[str] | None = None
    ) -> Subscription:
        """Call `callback` with every event, or those of `kinds`, of every run of this flow."""
        return self.bus.subscribe(callback, kinds=kinds)

    def plan(self, *, executor: str = "thread", cwd: str | None = None) -> Plan:
        """Return what a run would do.

        Args:
            executor: What runs the functions of tasks that do not say. In place of `thread`, the
                event loop runs those that are `async def`.
            cwd: The folder of the flow; a `cwd` that is not absolute is looked for there.

        Raises:
            DefinitionError: the tasks do not make a graph.
            FlowFileError: the file of a sub-flow has problems.
        """
        return self.planned(executor=executor, cwd=cwd).plan

    def planned(self, *, executor: str = "thread", cwd: str | None = None) -> Planned:
        """Return what a run would do, and the tasks it was made from. Arguments: as for `plan`."""
        key = (executor, cwd)
        with self._lock:
            return self._plans.get(key) or self._plans.setdefault(key, self._new_plan(*key))

    def _new_plan(self, executor: str, cwd: str | None) -> Planned:
        with collection_paused():
            try:
                return planned(self, source=self.source, executor=executor, cwd=cwd)
            except UnknownTaskError as error:
                self._advise(error)
                raise

    def _advise(self, error: UnknownTaskError) -> None:
        """Say how to have a task that is depended on as an object, and is not in the flow."""
        for task in self.tasks:
            given = [step.step_name for step in task.upstream if isinstance(step, Step)]
            if task.name == error.task and error.name in given:
                error.hint = self._advice(error.name)

    def _advice(self, name: str) -> str:
        return f"Add it to the flow: tasks=[{name}, …]."

    def _runnable(self) -> MemoryCode:
        """Return the flow bound to its functions, once and for all."""
        with self._lock:
            if self._code is None:
                with collection_paused():
                    self._code = self._new_code()
            return self._code

    def _new_code(self) -> MemoryCode:
        made_from = self.planned().made_from
        rollbacks = [None if made is None else made.rollback_func for made in made_from]
        plan = self._checked_plan()
        return MemoryCode(plan, self.functions(), rollbacks, self._handler_code(plan))

    def _handler_code(self, plan: Plan) -> MemoryCode | None:
        if not plan.handlers:
            return None
        return MemoryCode(handler_plan(plan), [None, *(each.func for each in self.handlers)])

    def _checked_plan(self) -> Plan:
        plan = self.plan()
        if problems := expression_problems(plan):
            raise ArgumentsError.of(problems)
        return plan

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Return the tasks as a NetworkX graph; edges lead from a task to its dependents.

        Raises:
            DefinitionError: the tasks do not make a graph.
        """
        return to_networkx(self.plan())

    def to_mermaid(self) -> str:
        """Return the graph as Mermaid text. Errors are those of `to_networkx`."""
        from taskflow_core.export.mermaid import to_mermaid

        return to_mermaid(self.plan())

    def to_dot(self) -> str:
        """Return the graph in Graphviz' language. Errors are those of `to_networkx`."""
        from taskflow_core.export.dot import to_dot

        return to_dot(self.plan())

    def to_svg(self) -> str:
        """Return a picture of the graph as SVG. Errors are those of `to_networkx`."""
        from taskflow_core.export.svg import to_svg

        return to_svg(self.plan())

    def critical_path(self, durations: Mapping[str, float] | None = None) -> "CriticalPath":
        """Return the longest way through the flow.

        Args:
            durations: Seconds that tasks take, by name; by default every task counts as 1.

        Raises:
            DefinitionError: the tasks do not make a graph, or a duration is negative.
        """
        from taskflow_core.analysis import critical_path

        return critical_path(self.plan(), durations)

    def functions(self) -> Functions:
        """Return the callables of the tasks, in the order of the plan; templates come last."""
        return [None if made is None else made.func for made in self.planned().made_from]

    def start(self, **options: Unpack[RunKeys]) -> RunHandle:
        """Start a run in this process and return at once.

        Args:
            options: What holds for this run: see `RunKeys`.

        Raises:
            DefinitionError: the tasks do not make a graph, an argument cannot be filled, an option
                is wrong, or a parameter is missing, unknown or wrong.
        """
        if TRACER.get() is not None:
            raise DefinitionError(
                f"flow {self.name!r} cannot be run inside a @flow function",
                hint="Call its tasks there, or run it in a task.",
            )
        bus, order = options.get("bus"), options.get("order")
        return begin(
            self._runnable(),
            params=options.get("params"),
            buses=[self.bus] if bus is None else [self.bus, bus],
            journal=options.get("journal"),
            max_parallel=options.get("max_parallel"),
            order=None if order is None else checking.choice("order", order, get_args(Order)),
            fresh=options.get("fresh", False),
        )

    def run(self, **options: Unpack[RunKeys]) -> RunResult:
        """Run the flow in this process to its end and return the results by task name.

        A task that fails raises nothing here: see `RunResult.raise_for_failure`. Arguments and
        errors are those of `start`.
        """
        with self.start(**options) as handle:
            return handle.wait()

    async def run_async(self, **options: Unpack[RunKeys]) -> RunResult:
        """Like `run`, while the event loop goes on; cancelling it cancels the run."""
        return await awaited(partial(self.start, **options))

    def __call__(self, **params: Any) -> RunResult:
        """Run the flow with these parameters and return the results, as `run` does."""
        return self.run(params=params)


def _checked(task: object) -> Task:
    if isinstance(task, Task):
        return task
    hint = "Make it one: put @task above it, or write Task(…)." if callable(task) else None
    raise checking.wrong("a task of a flow", "a Task", task, hint=hint)
