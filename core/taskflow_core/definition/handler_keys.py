"""`handlers` as people write them: what is done once a run's outcome is decided, checked."""

from collections.abc import Mapping
from typing import Any, cast, get_args

import taskflow_core.definition.checking as checking
from taskflow_core.calling import is_coroutine_callable
from taskflow_core.definition.deeds import READERS, Doing, doing
from taskflow_core.definition.keys import Deed
from taskflow_core.handling import RUN, TIMEOUT, handler_name
from taskflow_core.plan import TaskOptions, TaskSpec
from taskflow_core.policies import Moment

MOMENTS: tuple[Moment, ...] = get_args(Moment)


class Handling(Doing, frozen=True, kw_only=True):
    """What is done after one outcome."""

    moment: Moment

    @property
    def name(self) -> str:
        """What it is called as a task."""
        return handler_name(self.moment)

    @property
    def args(self) -> tuple[Any, ...]:
        """Arguments of its own; it has none."""
        return ()

    @property
    def kwargs(self) -> dict[str, Any]:
        """Named ones; it has none."""
        return {}

    @property
    def rollback_func(self) -> None:
        """What undoes it; nothing does."""

    def spec(self, executor: str, *, env: Mapping[str, str], cwd: str | None) -> TaskSpec:
        """Return it as a plan has it.

        Args:
            executor: What runs functions. In place of threads, the event loop runs those that are
                `async def`.
            env: The variables of the flow.
            cwd: The folder of the flow.
        """
        if self.command is not None:
            executor = "shell"
        elif self.func is not None and executor == "thread" and is_coroutine_callable(self.func):
            executor = "async"
        return handler_spec(
            self.moment,
            function=self.function,
            command=self.command,
            options=TaskOptions(
                executor=executor,
                timeout=TIMEOUT if self.timeout is None else self.timeout,
                grace=self.grace,
                env={**env, **self.env},
                cwd=cwd,
            ),
        )


def handler_spec(
    moment: Moment,
    *,
    function: str | None,
    command: str | tuple[str, ...] | None,
    options: TaskOptions,
) -> TaskSpec:
    """Return a handler as a plan has it."""
    return TaskSpec(
        name=handler_name(moment),
        kind="function" if command is None else "command",
        function=function,
        command=command,
        depends_on=(RUN,),
        options=options,
    )


def handlings_of(key: str, value: object) -> tuple[Handling, ...]:
    """Return what a flow has as `handlers`, in the order of the moments.

    Raises:
        DefinitionError: there is no such moment, or one is not what it should be.
    """
    given = checking.mapping(key, value)
    for name in given:
        checking.choice(f"a name in {key}", name, MOMENTS)
    return tuple(
        [
            Handling(
                moment=moment, **doing(f"{key}: {moment}", cast("Deed", given[moment]), READERS)
            )
            for moment in MOMENTS
            if given.get(moment) is not None
        ]
    )
