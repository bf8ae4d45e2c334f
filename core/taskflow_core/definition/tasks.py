"""What users write: tasks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, Unpack, cast, overload

import taskflow_core.definition.checking as checking
from taskflow_core.definition.keys import (
    Command,
    Dependencies,
    Function,
    OptionKeys,
    Rollback,
    TaskKeys,
)
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
from taskflow_core.errors import DefinitionError
from taskflow_core.names import check_name

P = ParamSpec("P")
R = TypeVar("R")


class Task(Step):
    """One step of a flow: a callable, the dotted name of one, a command, or a script.

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
        args: Positional arguments for the callable.
        kwargs: Named arguments for the callable.
        rollback: What undoes it: a callable, the dotted name of one, or `{"command": …}`.
        options: How it is run: see `keys.OptionKeys`.

    Raises:
        DefinitionError: the arguments contradict each other, or one is not what it should be.
    """

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
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        rollback: Rollback | None = None,
        **options: Unpack[OptionKeys],
    ) -> None:
        if isinstance(func, str):
            func, function = None, func
        check_one(name, func, function, command, script)
        self.name = check_name(name or name_of(func, function))
        self.func = func
        self.function = function
        self.command = (
            command if command is None else command_of(f"command of task {self.name!r}", command)
        )
        self.script = script
        self.kind: Literal["function", "command", "script"] = (
            "command" if command is not None else "function" if script is None else "script"
        )
        self._needs = _by_name(self.name, depends_on)
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
        if options or args or not is_function(func):
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
        self._needs |= _by_name(self.name, steps)

    def with_options(self, **changes: Unpack[TaskKeys]) -> "Task":
        """Return another task that does the same, with other keys; this one stays as it is."""
        keys: dict[str, Any] = {
            "func": self.func,
            "function": self.function,
            "command": self.command,
            "script": self.script,
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
        for key, reason in _MEANINGLESS[self.kind].items():
            if key in self.settings:
                raise DefinitionError(f"{owner} has {key}: {reason}", hint="Drop it.")
        self._check_executor(owner)

    def _check_executor(self, owner: str) -> None:
        executor = self.executor
        if self.kind == "function" and executor == "shell":
            raise DefinitionError(f"{owner} is a function, which the shell cannot run")
        if self.kind != "function" and executor not in {None, "shell"}:
            message = f"{owner} has an executor, but a {self.kind} is a process of its own"
            raise DefinitionError(message, hint="Drop it.")
        if self.kind != "function" and (self.args or self.kwargs):
            message = f"{owner} has args or kwargs, but a {self.kind} is no function"
            raise DefinitionError(message, hint="Write them into it.")


_MEANINGLESS: dict[str, dict[str, str]] = {
    "function": {
        "success_exit_codes": "that is for commands and scripts",
        "output": "that is for commands and scripts",
        "shell": "that is for scripts",
    },
    "command": {"shell": "that is for scripts; `sh` runs a command line"},
    "script": {},
}
"""The options that say nothing about a kind of task, and why."""


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


def _by_name(owner: str, depends_on: object) -> dict[str, str | Step]:
    found: dict[str, str | Step] = {}
    is_one = isinstance(depends_on, str | Step) or not isinstance(depends_on, Iterable)
    for other in cast("Iterable[object]", (depends_on,) if is_one else depends_on):
        if isinstance(other, str):
            found[other] = other
        elif isinstance(other, Step):
            found[other.step_name] = other
        else:
            raise _no_dependency(owner, other)
    return found


def _no_dependency(owner: str, other: object) -> DefinitionError:
    name = getattr(other, "__name__", None) if callable(other) else None
    return DefinitionError(
        f"task {owner!r} cannot depend on a {type(other).__name__}",
        hint=f"Make {name} a task: put @task above it." if name else "Name tasks, or pass them.",
    )
