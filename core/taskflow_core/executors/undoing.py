"""What a rollback function is given: the task's result, or why there is none, then its arguments.

Of the task's own arguments it gets those that it has parameters for, by their names.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from taskflow_core.arguments import Binding
from taskflow_core.arguments.signatures import Shape, shape_of
from taskflow_core.context import Context
from taskflow_core.errors import ArgumentsError, TaskFailedError, TaskflowError
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.inputs import Inputs, context_of, inputs_of
from taskflow_core.outcomes import Job


class Known(NamedTuple):
    """The arguments that a task was given, by name."""

    arguments: Mapping[str, Any]
    why: str | None = None
    """Why there are none, if its function cannot be loaded."""


class RollbackCall:
    """How a rollback function is called.

    Args:
        func: The function. A builtin that does not say what it takes gets the result alone.
        task: The name of the task that it undoes.

    Raises:
        ArgumentsError: it has no parameter for the task's result.
    """

    def __init__(self, func: Callable[..., Any], task: str) -> None:
        self.func = func
        self._task = task
        self._shape = shape = _shape(func, task)
        self._first = _first(shape)
        """The parameter that the result goes to; None if `*args` takes it."""
        if self._first is None and shape.spread is None:
            raise ArgumentsError(
                task,
                f"the rollback of {task!r} has no parameter for the task's result: {self._shown}",
                hint="Give it one before all others; it is filled by position.",
            )
        self.takes_context = bool(shape.context)
        """It asks for the context."""
        apart = {self._first, *shape.context}
        self._others = [p for p in shape.parameters if p.name not in apart]
        self.takes_arguments = bool(self._others) or shape.spread_named is not None
        """It asks for arguments of the task."""

    def fill(
        self, first: object, context: Context | None, known: Known
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments for the call.

        Args:
            first: The task's result, or the `TaskFailedError` that stands for it.
            context: What a parameter for the context gets.
            known: The task's own arguments.

        Raises:
            ArgumentsError: one of its parameters stays empty.
        """
        given: dict[str, Any] = dict.fromkeys(self._shape.context, context)
        for parameter in self._others:
            value = self._value(parameter, known.arguments)
            if value is not inspect.Parameter.empty:
                given[parameter.name] = value
        self._check(given, known)
        names = _placed(self._shape, self._first)
        placed = [first if name == self._first else given.pop(name) for name in names]
        if self._first is None:
            placed.append(first)
        if self._shape.spread_named is not None:
            taken = {p.name for p in self._shape.parameters} | self._shape.fixed
            given |= {n: value for n, value in known.arguments.items() if n not in taken}
        return placed, given

    @property
    def _shown(self) -> str:
        name = getattr(self.func, "__name__", type(self.func).__name__)
        return f"{name}{self._shape.signature}"

    def _value(self, parameter: inspect.Parameter, arguments: Mapping[str, Any]) -> Any:
        """Return what a parameter gets; what a partial brings along stays as it is."""
        if parameter.name in arguments and parameter.name not in self._shape.fixed:
            return arguments[parameter.name]
        # By position nothing can be left out.
        is_placed = parameter.kind is parameter.POSITIONAL_ONLY
        return parameter.default if is_placed else parameter.empty

    def _check(self, given: Mapping[str, Any], known: Known) -> None:
        required = [p.name for p in self._others if p.default is p.empty]
        missing = [repr(name) for name in required if name not in given]
        if missing:
            why = f" – {known.why}" if known.why else ""
            raise ArgumentsError(
                self._task,
                f"nothing fills {', '.join(missing)} of the rollback of {self._task!r}: "
                f"{self._shown}{why}",
                hint=f"The task has the arguments: {', '.join(known.arguments) or 'none'}.",
            )


def rollback_call(place: Workplace, job: Job) -> RollbackCall:
    """Return how the rollback function of a task is called in this process.

    Raises:
        TaskflowError: there is none, or it has no parameter for the result.
    """
    func = place.code.rollback(job.number)
    if func is None:
        raise TaskflowError(f"the rollback of {job.task!r} is no function")
    return RollbackCall(func, job.task)


def undo_inputs(
    place: Workplace, job: Job, call: RollbackCall, is_cancelled: Callable[[], bool]
) -> Inputs:
    """Return what a rollback function is given in this process.

    Raises:
        TaskflowError: the result, or an argument that it asks for, cannot be had; or nothing
            fills one of its parameters.
    """
    context = None
    if call.takes_context:
        context = context_of(place, job, place.sight.context(job.number), is_cancelled)
    known = known_arguments(place, job) if call.takes_arguments else Known({})
    args, kwargs = call.fill(_outcome(place, job), context, known)
    return Inputs(args, kwargs, context)


def known_arguments(place: Workplace, job: Job) -> Known:
    """Return the arguments of a task; its function is loaded in this process for that.

    Raises:
        TaskflowError: the function is there, but an argument cannot be had.
    """
    if place.spec(job).kind != "function":
        return Known({})
    try:
        func, binding = place.code.function(job.number)
    except TaskflowError as error:
        return Known({}, unloadable(error))
    inputs = inputs_of(place, job, (func, binding), lambda: False)
    return Known(by_name(func, binding, inputs.args, inputs.kwargs))


def unloadable(error: BaseException) -> str:
    """Return why nothing is known of the arguments of a task whose function is gone."""
    return f"its arguments are unknown, as the task's own function cannot be loaded: {error}"


def by_name(
    func: Callable[..., Any], binding: Binding, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call of a task by their names, with the defaults it left alone."""
    shape = shape_of(func)
    parameters = shape.parameters if shape is not None else ()
    found = {p.name: p.default for p in parameters if p.default is not p.empty} | dict(kwargs)
    names = {p.name for p in parameters}
    placed = zip(binding.labels, args, strict=True)
    found |= {name: value for name, value in placed if name in names}  # not those of `*args`
    context = shape.context if shape is not None else frozenset[str]()
    return {name: value for name, value in found.items() if name not in context}


def _outcome(place: Workplace, job: Job) -> Any:
    failure = place.sight.failure(job.number)
    return place.results.get(job.number) if failure is None else TaskFailedError(job.task, *failure)


def _shape(func: Callable[..., Any], task: str) -> Shape:
    try:
        return shape_of(func) or _RESULT_ALONE
    except ValueError as error:
        message = f"the rollback of {task!r} brings arguments along that {error} does not take"
        hint = "Correct the partial, or the method."
        raise ArgumentsError(task, message, hint=hint) from None


def _first(shape: Shape) -> str | None:
    placed = [p.name for p in shape.parameters if p.kind is not p.KEYWORD_ONLY]
    return next((name for name in placed if name not in shape.context), None)


def _placed(shape: Shape, first: str | None) -> list[str]:
    """Return the parameters that are given by position: up to the first, and what must be."""
    names = [p.name for p in shape.parameters if p.kind is not p.KEYWORD_ONLY]
    must_be = sum(p.kind is p.POSITIONAL_ONLY for p in shape.parameters)
    return names[: max(must_be, len(names) if first is None else names.index(first) + 1)]


_RESULT = inspect.Parameter("result", inspect.Parameter.POSITIONAL_ONLY)
_NONE: frozenset[str] = frozenset()
_RESULT_ALONE = Shape(
    inspect.Signature([_RESULT]), (_RESULT,), None, None, _NONE, _NONE, is_spread=False
)
"""What a builtin takes that does not say."""
