"""The keys of the flow file, as Python takes them: by the same names."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from taskflow_core.definition.dependencies import Edge
from taskflow_core.definition.inner_flows import AsTask
from taskflow_core.definition.steps import Step
from taskflow_core.policies import (
    Merge,
    Moment,
    OnFailure,
    Order,
    Output,
    RetryPolicy,
    RollbackOn,
    Stop,
    TriggerRule,
)

Function = Callable[..., Any]
Command = str | Sequence[str | os.PathLike[str]]
"""A line for `sh -c`, or a program and its arguments."""

Dependencies = Edge | Iterable[Edge]
"""One task or several, themselves or by name; in a `@flow`, what they return stands for them. A
mapping `{task: one of these, when: condition}` says what is waited for: that a service has
`started`, is `healthy`, or has the line in its log, `log_ready`; or that a task has `completed`,
however, or `succeeded`."""
Breakpoint = bool | Stop | Mapping[str, Any]
"""True stops before the task; a mapping is `{at: Stop, when: expression, hit: number}`."""
Names = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""One file or several."""
Cache = bool | Mapping[str, Any]
"""A mapping is `{key: names, ttl: duration}`: what the result depends on besides its code, its
arguments and the results upstream, namely files, parameters, and variables as `env.NAME`."""
Deed = Function | str | Mapping[str, Any]
"""What is done besides the tasks: a function, the dotted name of one, or a mapping."""
Rollback = Deed
"""What undoes a task. A mapping is `{function or command, timeout, retry or retries, grace, env}`.
The function's first parameter is the task's result, or
its error; the task's arguments follow by name, as far as it takes them."""

InnerFlow = AsTask | str | os.PathLike[str]
"""A flow, or the path of a flow file."""
Approve = str | Mapping[str, Any]
"""A question, or a mapping: `{prompt: the question, fields: what the answer says, by name}`."""
Waiting = Mapping[str, Any]
"""What a task waits for, one of three: `{for: duration}`, `{until: moment}` or `{file: path}`."""
Serving = Literal[True] | Mapping[str, Any]
"""That a task lives until nobody needs it: True, or `{ready: probe, stop: signal}`. The probe is
one of `{command: …}`, `{tcp: "host:port"}`, `{http: URL}` and `{log: regular expression}`, with
`every`, `timeout` and `within`; the signal is TERM if nobody says."""
Mapped = str | Step | Sequence[Any]
"""What a task is mapped over: an expression, a task whose result is a list, or a list."""

Handler = Deed
"""What is done once a run's outcome is decided. A mapping is `{function or command, timeout, grace,
env}`. The function is called like that of a task that depends on one called `run`, whose result is
the `RunOutcome`."""


class OptionKeys(TypedDict, total=False):
    """How a task is run: the keys that a flow can also give to all of its tasks, as `defaults`."""

    retries: int | None
    """Extra attempts; shorthand for `retry=RetryPolicy(retries=…)`."""
    retry: RetryPolicy | int | Mapping[str, Any] | None
    """When and how often to try again: a policy, a number of extra attempts, or the policy's
    fields in a mapping. Durations may be texts, and exceptions to retry on may be classes."""
    timeout: float | str | None
    """Seconds (or "1m30s") that one attempt may take."""
    grace: float | str | None
    """Seconds between being told to stop and being killed; 10 if nobody says."""
    env: Mapping[str, str] | None
    """Variables added to the environment, for commands and worker processes."""
    cwd: str | os.PathLike[str] | None
    """The folder it runs in; one that is not absolute is looked for in the flow's."""
    executor: str | None
    """`thread`, `process`, `async`, `inline` or an installed one; by default what fits."""
    trigger_rule: TriggerRule | None
    """When it starts, given how the tasks it depends on ended; `all_success` if nobody says."""
    when: str | None
    """An expression; where it is false, the task is skipped."""
    allow_failure: bool | None
    """Its failure counts as success for those behind it and for the run."""
    pool: str | None
    """The pool of the flow that it needs a slot of."""
    priority: int | None
    """Of ready tasks, those with a higher one start first; 0 if nobody says."""
    group: str | None
    """What it is shown with."""
    tags: str | Sequence[str] | None
    """Words to select it by."""
    success_exit_codes: int | Sequence[int] | None
    """The exit codes of a command, or of a script, that count as success; 0 if nobody says."""
    output: Output | None
    """What of a command's standard output is its result; `text` if nobody says."""
    shell: str | Sequence[str] | None
    """What runs a script: `sh`, `bash`, `python`, or a command line with `{file}` in it."""
    merge: Merge | None
    """Which of several values of one context key it sees, in `depends_on` order."""
    rollback_on: RollbackOn | None
    """What is undone: `success`, or `started`, also attempts that failed or were cancelled."""
    breakpoint: Breakpoint | Sequence[Breakpoint] | None
    """Where the debugger stops it."""
    cache: Cache | None
    """Whether its success is kept, and stands in for running it while nothing it depends on has
    changed; a mapping also says what that is besides, and for how long it is good."""
    inputs: Names | None
    """Files that it reads; names may be patterns."""
    outputs: Names | None
    """Files that it makes. It does not run while they are newer than its inputs, and nothing else
    that it depends on has changed."""


class TaskKeys(OptionKeys, total=False):
    """Everything that can be said of a task but what it does."""

    name: str | None
    """By default the function's."""
    depends_on: Dependencies
    """Tasks, or names of tasks, that must end first; one or several."""
    description: str | None
    """One line for people; by default the first one of the function's docstring."""
    args: Sequence[Any]
    """Positional arguments for the function."""
    kwargs: Mapping[str, Any] | None
    """Named arguments for the function."""
    rollback: Rollback | None
    """What undoes the task."""
    service: Serving | None
    """It lives until nobody needs it."""
    foreach: Mapped | None
    """It is run once for each item: an expression for the list, a task whose result that is, or
    the list itself. The results are a list in that order."""
    max_parallel: int | None
    """How many of its children may run at once, for a mapped task or a sub-flow."""


class FlowKeys(TypedDict, total=False):
    """Everything that can be said of a flow but its tasks and parameters."""

    description: str | None
    """One line for people."""
    env: Mapping[str, str] | None
    """Variables for every task's environment."""
    max_parallel: int | None
    """How many tasks may run at once; by default 32 in threads, and as many as there are
    processors and two more in processes."""
    pools: Mapping[str, int] | None
    """How many slots each pool has."""
    timeout: float | str | None
    """Seconds (or "1h") that a run may take."""
    on_failure: OnFailure
    """What a failed task means for the rest: `finish`, `stop`, `cancel`, `rollback` or `pause`."""
    order: Order
    """Which of several ready tasks of equal priority starts first: the one with the longest way to
    the end (`critical`), the first in the `file`, or the one that became ready first (`fifo`)."""
    handlers: Mapping[Moment, Handler] | None
    """What is done once a run's outcome is decided: after `success` (also where tasks failed that
    may), `failure` (also where all was undone), `cancel`, and `always`, which comes last."""
    defaults: OptionKeys | None
    """For every task that does not say otherwise."""
    cwd: str | os.PathLike[str] | None
    """The folder that tasks run in; by default the flow file's, else the process's."""
