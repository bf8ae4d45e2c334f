"""Running a flow for real, with fakes in the place of some of its tasks."""

from collections.abc import Callable, Mapping
from typing import Any, Unpack

import msgspec

from taskflow_core.definition.flows import Flow, RunKeys
from taskflow_core.definition.handler_keys import Handling
from taskflow_core.plan import Functions, Plan, TaskSpec
from taskflow_core.session.result import RunResult


def run_flow(flow: Flow, fakes: Mapping[str, Any], **options: Unpack[RunKeys]) -> RunResult:
    """Run `flow` in this process with some of its tasks replaced, and return the results by name.

    The other tasks are run as always, so this tests how they are wired together; but nothing is
    looked up in the cache, nor kept there. The flow itself does not change.

    Args:
        flow: The flow.
        fakes: By task name what takes its place: a function, which gets its arguments as the
            task's own would; an exception, which is raised; or anything else, which is its result.
            Fakes run in threads of this process, also those of commands. The names of handlers are
            `handler:failure` and the like.
        options: What holds for this run: see `flows.RunKeys`.

    Raises:
        UnknownTaskError: a name is no task's.
        DefinitionError: the flow cannot be run.
    """
    return _FakedFlow(flow, fakes).run(**options)


class _FakedFlow(Flow):
    """A flow like another one, but for some of its functions."""

    def __init__(self, flow: Flow, fakes: Mapping[str, Any]) -> None:
        super().__init__(flow.name, params=flow.params)
        self.bus = flow.bus
        plan, handlers = flow.plan(), [handling.name for handling in flow.handlers]
        in_tasks = {name: fake for name, fake in fakes.items() if name not in handlers}
        self._fakes = {plan.number_of(name): _function(fake) for name, fake in in_tasks.items()}
        self._own = flow.functions()
        self.settings = msgspec.structs.replace(
            flow.settings, handlers=tuple([_handling(each, fakes) for each in flow.handlers])
        )
        self._faked = msgspec.structs.replace(
            plan,
            tasks=[self._spec(number, spec, fakes) for number, spec in enumerate(plan.tasks)],
            handlers=[_called(each) if each.name in fakes else each for each in plan.handlers],
        )

    def plan(self, *, executor: str = "thread", cwd: str | None = None) -> Plan:
        """Return what a run would do, by the same rules as for the flow itself."""
        del executor, cwd  # decided when the flow was planned
        return self._faked

    def functions(self) -> Functions:
        """Return the callables of the tasks, in task order."""
        return [self._fakes.get(number, own) for number, own in enumerate(self._own)]

    def _spec(self, number: int, spec: TaskSpec, fakes: Mapping[str, Any]) -> TaskSpec:
        spec = msgspec.structs.replace(spec, cache=None, inputs=(), outputs=())
        if number not in self._fakes:
            return spec
        called = _called(spec)
        if callable(fakes[spec.name]):
            return called
        return msgspec.structs.replace(called, args=(), kwargs={})


def _called(spec: TaskSpec) -> TaskSpec:
    """Return a task that calls a function in a thread, whatever it does otherwise."""
    fields = dict.fromkeys(("function", "command", "script", "service"))
    options = msgspec.structs.replace(spec.options, executor="thread")
    return msgspec.structs.replace(spec, kind="function", options=options, **fields)


def _handling(handling: Handling, fakes: Mapping[str, Any]) -> Handling:
    if handling.name not in fakes:
        return handling
    func = _function(fakes[handling.name])
    return msgspec.structs.replace(handling, func=func, function=None, command=None)


def _function(fake: Any) -> Callable[..., Any]:
    if callable(fake):
        function: Callable[..., Any] = fake
        return function

    def replacement() -> Any:
        if isinstance(fake, BaseException):
            raise fake
        return fake

    return replacement
