"""What users write: tasks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, overload

import taskflow_core.definition.checking as checking
from taskflow_core.definition.dependencies import by_name
from taskflow_core.definition.fitting import check_fits
from taskflow_core.definition.inner_flows import Inner, given_of, inner_of
from taskflow_core.definition.keys import (
    Approve,
    Command,
    Dependencies,
    Function,
    InnerFlow,
    Mapped,
    OptionKeys,
    Rollback,
    TaskKeys,
    Waiting,
)
from taskflow_core.definition.mapping_keys import foreach_of
from taskflow_core.definition.rollback_keys import undoing_of
from taskflow_core.definition.steps import Step
from taskflow_core.definition.task_bodies import (
    check_one,
    command_of,
    first_line,
    is_function,
    name_of,
)
from taskflow_core.definition.task_settings import NO_SETTINGS, Settings, settings_of
from taskflow_core.definition.waiting_keys import approval_of, wait_of
from taskflow_core.errors import DefinitionError
from taskflow_core.names import check_name
from taskflow_core.specs import Kind

P = ParamSpec("P")
R = TypeVar("R")


_NOTHING: dict[str, Any] = {}
"""What most tasks have of the keys that few have."""


class Task(Step):
    """One step of a flow: a callable, the dotted name of one, a command, a script, or another flow.

    Or it waits: for what a person says, for a moment, or for a file.

    `a >> b` lets `b` run after `a`; see `Step`. A task may be in several flows; once one of them
    was planned, what it depends on no longer changes.

    Args:
        func: What to call. Outside a `@flow` function, calling the task calls it.
        name: Defaults to the callable's name.
        depends_on: Tasks, or names of tasks, that must end first; one or several.
        description: One line for people; by default the first one of the docstring.
        function: The dotted name of the callable, instead of `func`.
        command: A line for `sh -c`, or a list that is run as it is, instead of `func`.
        script: Several lines for the `shell`, instead of `func`.
        flow: A flow, or the path of a flow file: its tasks are run as `name/child`.
        approve: What a person is asked: a question, or `{"prompt": …, "fields": {name: type}}`.
        wait: What it waits for: `{"for": "30s"}`, `{"until": "18:30"}` or `{"file": path}`.
        params: Values for the parameters of the `flow`; texts may hold expressions.
        foreach: It is run once for each item of a list, see `keys.TaskKeys`.
        max_parallel: How many of the tasks inside of it may run at once.
        args: Positional arguments for the callable.
        kwargs: Named arguments for the callable.
        rollback: What undoes it: a callable, the dotted name of one, or `{"command": …}`.
        options: How it is run: see `keys.OptionKeys`.

    Raises:
        DefinitionError: the arguments contradict each other, or one is not what it should be.
    """

    subflow: Inner | None = None
    """The flow that it is, or the path of its file."""
    given: dict[str, Any] = _NOTHING
    """The values for the parameters of that."""
    more: dict[str, Any] = _NOTHING
    """Fields of its `TaskSpec` that few tasks have; checked."""
    _rare: dict[str, Any] = _NOTHING
    """The arguments that these were made from."""

    def __init__(  # noqa: PLR0913  what a task is, each by its name in the flow file
        self,
        func: Function | str | None = None,
        *,
        name: str | None = None,
        depends_on: Dependencies = (),
        description: str | None = None,
        function: str | None = None,
        command: Command | None = None,
        script: str | None = None,
        flow: InnerFlow | None = None,
        approve: Approve | None = None,
        wait: Waiting | None = None,
        params: Mapping[str, Any] | None = None,
        foreach: Mapped | None = None,
        max_parallel: int | None = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        rollback: Rollback | None = None,
        **options: Unpack[OptionKeys],
    ) -> None:
        if isinstance(func, str):
            func, function = None, func
        check_one(name, func, function, command, script, flow, approve, wait)
        self.name = check_name(name or name_of(func, function, flow))
        self.func = func
        self.function = function
        self.command = (
            command if command is None else command_of(f"command of task {self.name!r}", command)
        )
        self.script = script
        self.kind: Kind = (
            "command" if command is not None else "function" if script is None else "script"
        )
        self._needs = by_name(self.name, depends_on)
        self.description = description or first_line(func)
        self.args = tuple(args)
        self.kwargs = dict(kwargs) if kwargs else {}
        self._rollback = rollback
        self.undoing = None if rollback is None else undoing_of(self.name, rollback)
        """What undoes it; checked."""
        self._options = options
        self.settings: Settings = NO_SETTINGS
        """How it is run, as far as it says; checked."""
        self.planned_by: str | None = None
        """The flow that was planned with it; None as long as it can still change."""
        is_whole = flow is not None or approve is not None or wait is not None
        if is_whole or foreach is not None or params is not None or max_parallel is not None:
            rare = (flow, approve, wait, params, foreach, max_parallel)
            self._read(dict(zip(_RARE, rare, strict=True)))
        if options or args or self._rare or not is_function(func):
            self._check(args)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, as if it were no task; in a `@flow`, put it into the flow.

        There the value stands for the result: pass it to other tasks.

        Raises:
            DefinitionError: the task is no callable, or names its function by a string.
        """
        tracer = TRACER.get()
        if tracer is not None:
            return tracer.call(self, args, kwargs)
        if self.func is None:
            raise DefinitionError(f"task {self.name!r} has no callable to call")
        return self.func(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Task({self.name!r})"

    @property
    def executor(self) -> str | None:
        """What runs it; None if it does not say."""
        return self.settings.get("executor")

    @property
    def rollback_func(self) -> Function | None:
        """What is called to undo it; None if that is nothing, a dotted name or a command."""
        return None if self.undoing is None else self.undoing.func

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The names of the tasks it depends on, each once."""
        return tuple(self._needs)

    @property
    def upstream(self) -> tuple[str | Step, ...]:
        """What it depends on, as it was given: by name, or itself."""
        return tuple(self._needs.values())

    @property
    def step_name(self) -> str:
        return self.name

    def run_after(self, steps: Iterable[Step]) -> None:
        if self.planned_by is not None:
            raise DefinitionError(
                f"flow {self.planned_by!r} was planned with task {self.name!r}, "
                "so it no longer changes",
                hint="Say what depends on what before the flow is run or drawn.",
            )
        tracer = TRACER.get()
        if tracer is not None and not tracer.has_made(self):
            raise DefinitionError(
                f"inside a @flow function, {self.name!r} gets its place by being called",
                hint="Connect what the calls return: first() >> second().",
            )
        self._needs |= by_name(self.name, steps)

    def with_options(self, **changes: Unpack[TaskKeys]) -> "Task":
        """Return another task that does the same, with other keys; this one stays as it is."""
        keys: dict[str, Any] = {
            "func": self.func,
            "function": self.function,
            "command": self.command,
            "script": self.script,
            **self._rare,
            "name": self.name,
            "depends_on": self.upstream,
            "description": self.description,
            "args": self.args,
            "kwargs": self.kwargs,
            "rollback": self._rollback,
            **self._options,
        }
        if "retry" in changes or "retries" in changes:
            keys.update(retry=None, retries=None)
        keys.update(changes)
        return Task(**keys)

    def named(self, name: str) -> "Task":
        """Return the same task under another name."""
        return self.with_options(name=name)

    def _read(self, said: dict[str, Any]) -> None:
        """Read what only few tasks say."""
        self._rare = {key: value for key, value in said.items() if value is not None}
        self.more = {}
        for key, value in self._rare.items():
            what = f"{key} of task {self.name!r}"
            match key:
                case "flow":
                    self.kind, self.subflow = "flow", inner_of(what, value)
                case "approve":
                    self.kind, self.more["approval"] = "approve", approval_of(self.name, value)
                case "wait":
                    self.kind, self.more["wait"] = "wait", wait_of(self.name, value)
                case "params":
                    self.given, steps = given_of(what, value)
                    self._needs |= by_name(self.name, steps)
                case "foreach":
                    self.more["foreach"] = foreach_of(self.name, value)
                    self._needs |= by_name(self.name, [value] if isinstance(value, Step) else ())
                case _:
                    self.more["max_parallel"] = checking.count(what, value)

    def _check(self, args: Sequence[Any]) -> None:
        """Read the options, and refuse what does not go together."""
        owner = f"task {self.name!r}"
        if self._options:
            self.settings = settings_of(self._options, owner=owner)
        if self.script is not None:
            checking.text(f"script of {owner}", self.script)
        if self.func is not None and not is_function(self.func):
            raise checking.wrong(f"func of {owner}", "a function", self.func)
        if isinstance(args, str | bytes):
            raise DefinitionError(f"args of {owner} must be a list", hint="Write args=[…].")
        more = {"args": self.args, "kwargs": self.kwargs, "rollback": self.undoing}
        said = {key: value for key, value in more.items() if value}
        check_fits(owner, self.kind, {**self.settings, **self._rare, **said})


_RARE = ("flow", "approve", "wait", "params", "foreach", "max_parallel")


class Tracer(Protocol):
    """Notes the calls of tasks inside a `@flow` function."""

    def call(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Put a task into the flow and return what stands for its result."""
        ...

    def has_made(self, task: Task) -> bool:
        """Say whether it came into the flow by a call."""
        ...


TRACER: ContextVar[Tracer | None] = ContextVar("taskflow_tracer", default=None)
"""What notes the calls of tasks; None outside of `@flow` functions."""


@overload
def task(func: Callable[P, R], /) -> Task: ...
@overload
def task(**keys: Unpack[TaskKeys]) -> Callable[[Function], Task]: ...
def task(func: Function | None = None, /, **keys: Unpack[TaskKeys]) -> Any:
    """Make a function a task: `@task`, or `@task(retries=3, …)` with any argument of `Task`."""
    if func is not None:
        return Task(func, **keys)

    def decorate(decorated: Function) -> Task:
        return Task(decorated, **keys)

    return decorate
