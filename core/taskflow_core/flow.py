"""What users write: tasks and flows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from taskflow_core.bus import EventBus, Subscriber, Subscription
from taskflow_core.durations import seconds
from taskflow_core.errors import DefinitionError
from taskflow_core.export.digraph import to_networkx
from taskflow_core.garbage import collection_paused
from taskflow_core.memory_code import MemoryCode
from taskflow_core.names import check_name
from taskflow_core.plan import DEFAULT_GRACE, Functions, Plan, TaskOptions, TaskSpec
from taskflow_core.policies import NO_RETRY, RetryPolicy
from taskflow_core.session import Journaling, RunHandle, RunResult, begin

if TYPE_CHECKING:
    import networkx as nx

P = ParamSpec("P")
R = TypeVar("R")


class Task:
    """One step of a flow: a callable, the dotted name of one, or a command.

    Args:
        func: What to call. Called like the task itself outside a flow.
        name: Defaults to the callable's name.
        depends_on: Tasks, or names of tasks, that must succeed first; one or several.
        description: One line for people.
        function: The dotted name of the callable, instead of `func`.
        command: A line for `sh -c`, or a list that is run as it is, instead of `func`.
        args: Positional arguments for the callable.
        kwargs: Named arguments for the callable.
        retries: Extra attempts; shorthand for `retry=RetryPolicy(retries=…)`.
        retry: When and how often to try again.
        timeout: Seconds (or "1m30s") one attempt may take.
        grace: Seconds between being told to stop and being killed.
        env: Variables added to the environment, for commands and worker processes.
        executor: `thread`, `process` or `shell`; by default what fits.

    Raises:
        DefinitionError: the arguments contradict each other.
    """

    def __init__(  # noqa: PLR0913  one argument for each key of the flow file
        self,
        func: Callable[..., Any] | str | None = None,
        *,
        name: str | None = None,
        depends_on: "Dependencies" = (),
        description: str | None = None,
        function: str | None = None,
        command: str | Sequence[str] | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        retries: int | None = None,
        retry: RetryPolicy | int | None = None,
        timeout: float | str | None = None,
        grace: float | str | None = None,
        env: Mapping[str, str] | None = None,
        executor: str | None = None,
    ) -> None:
        if isinstance(func, str):
            func, function = None, func
        if sum(what is not None for what in (func, function, command)) != 1:
            raise DefinitionError(
                f"task {name!r} needs exactly one of func, function and command",
                hint="Say what it should do, once.",
            )
        self.func = func
        self.function = function
        self.command = command if command is None or isinstance(command, str) else tuple(command)
        self.name = check_name(name or _name_of(func, function))
        self.depends_on = _names(depends_on)
        self.description = description or _first_line(func)
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        self.retry = _policy(self.name, retries, retry)
        self.timeout = None if timeout is None else seconds(timeout)
        self.grace = DEFAULT_GRACE if grace is None else seconds(grace)
        self.env = dict(env or {})
        self.executor = executor

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, as if it were no task.

        Raises:
            DefinitionError: the task is a command, or names its function by a string.
        """
        if self.func is None:
            raise DefinitionError(f"task {self.name!r} has no callable to call")
        return self.func(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Task({self.name!r})"

    def spec(self, options: TaskOptions) -> TaskSpec:
        """Return the task as a plan holds it."""
        return TaskSpec(
            name=self.name,
            kind="function" if self.command is None else "command",
            function=self.function,
            command=self.command,
            args=self.args,
            kwargs=self.kwargs,
            depends_on=self.depends_on,
            description=self.description,
            options=options,
        )


Dependencies = str | Task | Iterable[str | Task]
"""One task or several, themselves or by name."""


class Flow:
    """Tasks that depend on each other, and how to run them.

    Once it was planned, to be run or drawn, it no longer changes; it can be run any number of
    times, also at the same time.

    Args:
        name: For people, and for the list of runs.
        tasks: The first tasks; more come by `add_task` and `@flow.task`.
        description: One line for people.
        env: Variables for every task's environment.
        max_parallel: How many tasks may run at once; by default 32 in threads, and as many
            as there are processors and two more in processes.
    """

    def __init__(
        self,
        name: str = "flow",
        tasks: Iterable[Task] = (),
        *,
        description: str | None = None,
        env: Mapping[str, str] | None = None,
        max_parallel: int | None = None,
    ) -> None:
        self.name = name
        self._tasks = list(tasks)
        self.description = description
        self.env = dict(env or {})
        self.max_parallel = max_parallel
        self.source: str | None = None
        """The flow file this was loaded from, absolute."""
        self.bus = EventBus()
        self._plans: dict[tuple[str, str | None], Plan] = {}
        self._code: MemoryCode | None = None

    def __repr__(self) -> str:
        return f"Flow({self.name!r}, {len(self._tasks)} tasks)"

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks, in the order they were added."""
        return tuple(self._tasks)

    def add_task(self, task: Task) -> Task:
        """Add `task` and return it.

        Raises:
            DefinitionError: the flow was planned already.
        """
        if self._plans:
            raise DefinitionError(
                f"flow {self.name!r} was planned already, so it no longer changes",
                hint="Make another: Flow(name, tasks=[*flow.tasks, task]).",
            )
        self._tasks.append(task)
        return task

    def subscribe(
        self, callback: Subscriber, *, kinds: Iterable[str] | None = None
    ) -> Subscription:
        """Call `callback` with every event, or those of `kinds`, of every run of this flow."""
        return self.bus.subscribe(callback, kinds=kinds)

    def plan(self, *, executor: str = "thread", cwd: str | None = None) -> Plan:
        """Return what a run would do.

        Args:
            executor: What runs the functions of tasks that do not say.
            cwd: The folder they run in.

        Raises:
            DefinitionError: the tasks do not make a graph.
        """
        key = (executor, cwd)
        return self._plans.get(key) or self._plans.setdefault(key, self._new_plan(*key))

    def _new_plan(self, executor: str, cwd: str | None) -> Plan:
        with collection_paused():
            options = _Options(self.env, cwd, executor)
            return Plan.of(
                name=self.name,
                tasks=[task.spec(options.of(task)) for task in self._tasks],
                description=self.description,
                source=self.source,
                max_parallel=self.max_parallel,
            )

    def _runnable(self) -> MemoryCode:
        """Return the flow bound to its functions, once and for all."""
        if self._code is None:
            with collection_paused():
                self._code = MemoryCode(self.plan(), self.functions())
        return self._code

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Return the tasks as a NetworkX graph; edges lead from a task to its dependents.

        Raises:
            DefinitionError: the tasks do not make a graph.
        """
        return to_networkx(self.plan())

    def functions(self) -> Functions:
        """Return the callables of the tasks, in task order."""
        return [task.func for task in self._tasks]

    def start(
        self,
        *,
        bus: EventBus | None = None,
        journal: Journaling = None,
        max_parallel: int | None = None,
    ) -> RunHandle:
        """Start a run in this process and return at once.

        Args:
            bus: Where the run's events go, besides the flow's own subscribers.
            journal: True records the run in the state directory; a path is another such.
            max_parallel: Overrides the flow's own.

        Raises:
            DefinitionError: the tasks do not make a graph, or an argument cannot be filled.
        """
        return begin(
            self._runnable(),
            buses=[self.bus] if bus is None else [self.bus, bus],
            journal=journal,
            max_parallel=max_parallel,
        )

    def run(
        self,
        *,
        bus: EventBus | None = None,
        journal: Journaling = None,
        max_parallel: int | None = None,
    ) -> RunResult:
        """Run the flow in this process to its end and return the results by task name.

        A task that fails raises nothing here: see `RunResult.raise_for_failure`. Arguments and
        errors are those of `start`.
        """
        with self.start(bus=bus, journal=journal, max_parallel=max_parallel) as handle:
            return handle.wait()


class _Options:
    """The options of the tasks of one flow; tasks that are run alike share them."""

    def __init__(self, env: Mapping[str, str], cwd: str | None, executor: str) -> None:
        self._env = env
        self._cwd = cwd
        self._executor = executor
        self._shared: dict[tuple[object, ...], TaskOptions] = {}

    def of(self, task: Task) -> TaskOptions:
        """Return the options of `task`."""
        executor = task.executor or ("shell" if task.command is not None else self._executor)
        key = (executor, id(task.retry), task.timeout, task.grace, *task.env.items())
        return self._shared.get(key) or self._shared.setdefault(key, self._new(task, executor))

    def _new(self, task: Task, executor: str) -> TaskOptions:
        return TaskOptions(
            executor=executor,
            retry=task.retry,
            timeout=task.timeout,
            grace=task.grace,
            env={**self._env, **task.env},
            cwd=self._cwd,
        )


@overload
def task(func: Callable[P, R], /) -> Task: ...
@overload
def task(**options: Any) -> Callable[[Callable[..., Any]], Task]: ...
def task(func: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task: `@task`, or `@task(retries=3, …)` with any argument of `Task`."""
    if func is not None:
        return Task(func, **options)

    def decorate(decorated: Callable[..., Any]) -> Task:
        return Task(decorated, **options)

    return decorate


def _names(depends_on: Dependencies) -> tuple[str, ...]:
    if isinstance(depends_on, str | Task):
        depends_on = (depends_on,)
    return tuple(other if isinstance(other, str) else other.name for other in depends_on)


def _name_of(func: Callable[..., Any] | None, function: str | None) -> str:
    if func is None and function is None:
        raise DefinitionError("a command task needs a name", hint="Pass name=….")
    if func is None:
        return str(function).rpartition(".")[2]
    inner = getattr(func, "func", func)  # a functools.partial has no name of its own
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return str(name)


def _first_line(func: Callable[..., Any] | None) -> str | None:
    if func is None or isinstance(func, type) or not hasattr(func, "__name__"):
        return None
    text = (func.__doc__ or "").strip()
    return text.splitlines()[0] if text else None


def _policy(name: str, retries: int | None, retry: RetryPolicy | int | None) -> RetryPolicy:
    if retries is not None and retry is not None:
        raise DefinitionError(f"task {name!r} has both retries and retry", hint="Keep one.")
    if retries is not None:
        retry = retries
    if isinstance(retry, int):
        retry = RetryPolicy(retries=retry)
    return retry or NO_RETRY
