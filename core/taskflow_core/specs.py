"""The tasks of a plan, as plain data."""

import re
from typing import Any, Literal

import msgspec

from taskflow_core.lanes import SERVICES, WAITS
from taskflow_core.params import Param
from taskflow_core.policies import (
    NO_RETRY,
    Merge,
    Output,
    RetryPolicy,
    RollbackOn,
    Stop,
    TriggerRule,
)
from taskflow_core.readiness import Condition, Service

ExecutorName = str
"""`thread`, `process`, `async`, `shell`, `inline`, or one that another package brings."""

DEFAULT_GRACE = 10.0
"""Seconds between the soft signal and the kill."""


Kind = Literal["function", "command", "script", "approve", "wait", "flow"]
"""What a task does."""
SLOTLESS = frozenset({"approve", "wait", "flow"})
"""Tasks that do no work themselves."""


class TaskOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a task is run; shared between the tasks that are run alike."""

    executor: ExecutorName = "thread"
    retry: RetryPolicy = NO_RETRY
    timeout: float | None = None
    """Seconds one attempt may take."""
    grace: float = DEFAULT_GRACE
    env: dict[str, str] = {}
    cwd: str | None = None
    """The folder it runs in; None means the process's own."""
    trigger_rule: TriggerRule = "all_success"
    allow_failure: bool = False
    """Its failure counts as success for those behind it and for the run."""
    pool: str | None = None
    """The pool that it needs a slot of."""
    priority: int = 0
    """Of ready tasks, those with a higher one start first."""
    merge: Merge | None = None
    rollback_on: RollbackOn = "success"
    success_exit_codes: tuple[int, ...] = (0,)
    output: Output = "text"


class RollbackSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How what a task did is undone: a function or a command."""

    executor: ExecutorName
    function: str | None = None
    """A dotted name; None where the function lives in the flow's Python file, or in memory."""
    command: str | tuple[str, ...] | None = None
    timeout: float | None = None
    """Seconds one attempt may take."""
    grace: float = DEFAULT_GRACE
    retry: RetryPolicy = NO_RETRY
    env: dict[str, str] = {}


NAMED_PARAM = re.compile(r"params\.[A-Za-z_][A-Za-z0-9_]*")
"""What names a parameter in `CacheSpec.key`; so does its bare name."""
NAMED_VARIABLE = re.compile(r"env\.[A-Za-z_][A-Za-z0-9_]*")
"""What names a variable of the environment there. Everything else is a file."""


class CacheSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a success stands in for running a task while nothing that it depends on changes."""

    key: tuple[str, ...] = ()
    """What it depends on besides what is known anyway: parameters, variables as `env.NAME`, and
    files, which may be patterns. Texts may hold expressions."""
    ttl: float | None = None
    """Seconds for which a success is good; None means for ever."""


class BreakpointSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A breakpoint that is part of the flow."""

    stop: Stop = "before"
    condition: str | None = None
    """An expression; it stops only where this is true."""
    hit: int = 1
    """It stops from this time on that it is reached; from 1."""


class Approval(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person is asked."""

    prompt: str
    """The question; it may hold expressions."""
    fields: dict[str, Param] = {}
    """What the answer has to say, by name."""


class Wait(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a task waits for; one of the three. A text may hold expressions."""

    seconds: float | str | None = None
    """So long, from when it begins; a text is a duration such as "1h30m"."""
    until: str | None = None
    """A moment: a date and time in ISO 8601, or a time of day, today's or else tomorrow's."""
    file: str | None = None
    """A file that has to be there; one that is not absolute is looked for in the task's `cwd`."""


class SubFlow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A flow that is a task of another. Its tasks are in the plan, named `parent/child`."""

    name: str
    """The flow's own name."""
    source: str | None = None
    """The flow file it came from, absolute; None for a flow made in memory."""
    flow_name: str | None = None
    """Which flow of a Python file."""
    params: dict[str, Param] = {}
    """What the flow can be told, by name."""
    given: dict[str, Any] = {}
    """What it is told. Texts may hold expressions, with the names of the outer flow."""
    max_parallel: int | None = None
    """How many of its tasks may run at once; where it is mapped, of each copy."""


class ForEach(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task that is run once for each item of a list; the results are a list in that order."""

    items: str | list[Any]
    """An expression, without `${{ }}`; or the items, whose texts may hold expressions."""


class TaskSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One task of a plan."""

    name: str
    kind: Kind = "function"
    function: str | None = None
    """A dotted name; None where the function lives in the flow's Python file, or in memory."""
    command: str | tuple[str, ...] | None = None
    """A line for `sh -c`, or a program and its arguments."""
    script: str | None = None
    """Several lines, for `shell`."""
    shell: tuple[str, ...] = ()
    """What runs the script; `{file}` stands for the file it is in. Empty means `sh -eu`."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    conditions: tuple[Condition | None, ...] = ()
    """What has to be so of each task in `depends_on`, in that order; None means what is usual.
    Empty where nothing else is said of any."""
    description: str | None = None
    when: str | None = None
    """An expression; where it is false, the task is skipped."""
    breakpoints: tuple[BreakpointSpec, ...] = ()
    rollback: RollbackSpec | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    cache: CacheSpec | None = None
    inputs: tuple[str, ...] = ()
    """Files that it reads, which may be patterns, and may hold expressions."""
    outputs: tuple[str, ...] = ()
    """Files that it makes, likewise."""
    takes_context: bool = False
    """Its function asks for the context, so it may read results from further upstream."""
    approval: Approval | None = None
    wait: Wait | None = None
    service: Service | None = None
    """It lives until nobody needs it."""
    subflow: SubFlow | None = None
    foreach: ForEach | None = None
    max_parallel: int | None = None
    """How many of its children may run at once, for a mapped task or a sub-flow."""
    parent: str | None = None
    """The sub-flow or mapped task that it belongs to."""
    options: TaskOptions = TaskOptions()

    @property
    def has_children(self) -> bool:
        """It stands for other tasks, and does nothing itself."""
        return self.foreach is not None or self.subflow is not None

    @property
    def is_checked(self) -> bool:
        """Before it runs it is looked up whether it has to."""
        return self.cache is not None or bool(self.inputs or self.outputs)

    @property
    def is_plain(self) -> bool:
        """It is work that takes a slot of the run, as most tasks are."""
        return self.kind not in SLOTLESS and self.service is None and self.foreach is None

    @property
    def needs_slot(self) -> bool:
        """Its attempts are work; else it waits for a person, a moment, or its children."""
        return not (self.kind in SLOTLESS or self.foreach is not None)

    def takes(self, limits: tuple[int, ...]) -> tuple[str, str | None, tuple[int, ...]]:
        """Return what it takes slots of, where the containers in `limits` have some."""
        if not self.needs_slot:
            return (WAITS, None, ())
        if self.service is not None:
            return (SERVICES, self.options.pool, ())
        return (self.options.executor, self.options.pool, limits)
