"""A function whose calls of tasks are a flow: `@flow`."""

import inspect
from collections.abc import Callable
from typing import Any, Unpack, overload

from taskflow_core.arguments.binding import ParamRef
from taskflow_core.calling import is_coroutine_callable
from taskflow_core.definition.building import trace
from taskflow_core.definition.flows import Flow
from taskflow_core.definition.keys import FlowKeys, Function
from taskflow_core.definition.placeholders import Placeholder
from taskflow_core.definition.signature_params import params_of_function
from taskflow_core.definition.task_bodies import first_line
from taskflow_core.definition.tasks import Task
from taskflow_core.errors import DefinitionError
from taskflow_core.session.result import RunResult


class FunctionFlow(Flow):
    """The flow that a function builds by calling tasks.

    The function is called once, when its tasks are first needed, with placeholders for its
    parameters. A task that is called in it gets into the flow and returns a placeholder for its
    result. Passing placeholders to tasks makes the edges; what would need their values, such as
    `if`, raises DefinitionError. The function's parameters are those of the flow: their
    annotations say the types, and those without a default have to be given to every run.

    Args:
        body: The function.
        name: By default the function's.
        keys: What else holds for the flow: see `keys.FlowKeys`.

    Raises:
        DefinitionError: the function is no plain one, or a key is not what it should be.
    """

    def __init__(
        self, body: Function, *, name: str | None = None, **keys: Unpack[FlowKeys]
    ) -> None:
        self._signature = _plain_signature(body)
        self._body = body
        self._is_built = False
        keys.setdefault("description", first_line(body))
        super().__init__(name or body.__name__, params=params_of_function(body), **keys)

    def __call__(self, *args: Any, **params: Any) -> RunResult:
        """Run the flow with these arguments and return the results, as `run` does."""
        return self.run(params=self._signature.bind_partial(*args, **params).arguments)

    def __repr__(self) -> str:
        return f"Flow({self.name!r}, built by {self._body.__qualname__})"

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its tasks, in the order in which the function calls them."""
        with self._lock:
            if not self._is_built:
                self._tasks = trace(self._body, {name: _stand_in(name) for name in self.params})
                self._is_built = True
            return super().tasks

    def add_task(self, task: Task) -> Task:
        """Refuse: its tasks are those that the function calls."""
        raise DefinitionError(
            f"flow {self.name!r} is built by a function", hint=f"Call {task.name} in the function."
        )

    def _advice(self, name: str) -> str:
        return f"Call {name} in the function too."


@overload
def flow(body: Function, /) -> FunctionFlow: ...
@overload
def flow(
    *, name: str | None = None, **keys: Unpack[FlowKeys]
) -> Callable[[Function], FunctionFlow]: ...
def flow(
    body: Function | None = None, /, *, name: str | None = None, **keys: Unpack[FlowKeys]
) -> Any:
    """Make a function that calls tasks a flow: `@flow`, or `@flow(max_parallel=4, …)`.

    See `FunctionFlow`; it takes any argument of `Flow` but `tasks` and `params`.
    """
    if body is not None:
        return FunctionFlow(body, name=name, **keys)

    def decorate(decorated: Function) -> FunctionFlow:
        return FunctionFlow(decorated, name=name, **keys)

    return decorate


def _plain_signature(body: Function) -> inspect.Signature:
    """Return what the function of a flow takes; refuse what cannot be called once, by name."""
    if isinstance(body, Task) or not inspect.isfunction(body):
        raise DefinitionError(
            f"@flow cannot make a flow of a {type(body).__name__}",
            hint="Put it above a function that calls tasks.",
        )
    if is_coroutine_callable(body) or inspect.isgeneratorfunction(body):
        raise DefinitionError(
            f"the @flow function {body.__name__!r} must be a plain one, without async and yield",
            hint="It says what the tasks are; the tasks themselves may be async.",
        )
    signature = inspect.signature(body)
    for parameter in signature.parameters.values():
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise DefinitionError(
                f"the @flow function {body.__name__!r} cannot take {parameter}",
                hint="Give each parameter of the flow a name of its own.",
            )
    return signature


def _stand_in(name: str) -> Placeholder:
    return Placeholder(ParamRef(name), f"the parameter {name!r} of the flow")
