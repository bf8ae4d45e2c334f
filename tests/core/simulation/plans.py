"""Drawing plans: small ones, of every shape and with every setting."""

from random import Random
from typing import Any, get_args

from taskflow_core.plan import BreakpointSpec, Plan, TaskOptions, TaskSpec
from taskflow_core.policies import NO_RETRY, Order, RetryPolicy, Stop, TriggerRule
from tests.core.simulation.nested_plans import Nested

RULES: tuple[TriggerRule, ...] = get_args(TriggerRule)
STOPS: tuple[Stop, ...] = get_args(Stop)
ORDERS: tuple[Order, ...] = get_args(Order)
EXPRESSIONS = ("yes", "yes", "no", "broken")
_SIZES = (1, 2, 3, 4, 4, 5, 5, 6, 6, 8, 10, 12)
_EXECUTORS = ("thread", "thread", "thread", "shell", "process", "shell", "inline")


class _Taste:
    """How much of what a plan has: most plans have little of most things."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        often = (0.0, 0.0, 0.3, 0.7)
        self.edges = rng.choice((1, 2, 3))
        self.rules = rng.choice(often)
        self.retries = rng.choice((0.0, 0.4, 0.8))
        self.timeouts = rng.choice(often)
        self.tolerance = rng.choice((0.0, 0.0, 0.3))
        self.conditions = rng.choice((0.0, 0.0, 0.0, 0.25))
        self.breakpoints = rng.choice((0.0, 0.0, 0.0, 0.3))
        self.priorities = rng.choice((0.0, 0.0, 0.5))
        self.pools = rng.choice((0.0, 0.0, 0.5))
        self.executors = rng.choice((("thread",), ("shell",), _EXECUTORS, _EXECUTORS))

    def has(self, share: float) -> bool:
        return share > 0 and self.rng.random() < share


def draw_plan(rng: Random) -> Plan:
    """Return a plan of 1 to 12 tasks."""
    taste = _Taste(rng)
    fields: dict[str, Any] = {
        "on_failure": rng.choice(("finish", "finish", "finish", "stop", "cancel", "pause")),
        "ready_order": rng.choice(ORDERS),
        "timeout": rng.choice((None, None, None, None, 20.0, 60.0)),
        "pools": {"db": rng.choice((1, 1, 2))} if taste.pools else {},
    }
    tasks = [_task(number, taste) for number in range(rng.choice(_SIZES))]
    share = rng.choice((0.0, 0.0, 0.0, 0.2, 0.5))
    if not share:
        return Plan.of(name="drawn", tasks=tasks, **fields)
    nested = Nested(rng, lambda number, prefix: _task(number, taste, prefix))
    for task in tasks:
        nested.add(task, share)
    return Plan.of(name="drawn", tasks=nested.tasks, templates=nested.templates, **fields)


def _task(number: int, taste: _Taste, prefix: str = "") -> TaskSpec:
    rng = taste.rng
    options = TaskOptions(
        executor=rng.choice(taste.executors),
        retry=_retry(rng) if taste.has(taste.retries) else NO_RETRY,
        timeout=rng.choice((1.0, 4.0)) if taste.has(taste.timeouts) else None,
        grace=rng.choice((0.0, 2.0)),
        trigger_rule=rng.choice(RULES) if taste.has(taste.rules) else "all_success",
        allow_failure=taste.has(taste.tolerance),
        pool="db" if taste.has(taste.pools) else None,
        priority=rng.choice((-1, 1, 2)) if taste.has(taste.priorities) else 0,
    )
    needed = {rng.randrange(number) for _ in range(rng.randint(0, taste.edges))} if number else ()
    return TaskSpec(
        name=f"{prefix}t{number}",
        depends_on=tuple(f"{prefix}t{other}" for other in sorted(needed)),
        when=rng.choice(EXPRESSIONS) if taste.has(taste.conditions) else None,
        breakpoints=(_breakpoint(rng),) if taste.has(taste.breakpoints) else (),
        options=options,
    )


def _retry(rng: Random) -> RetryPolicy:
    return RetryPolicy(
        retries=rng.choice((0, 1, 1, 2, 3)),
        delay=rng.choice((0.0, 0.0, 1.0, 5.0, (1.0, 3.0))),
        backoff=rng.choice(("fixed", "linear", "exponential")),
        max_delay=rng.choice((None, 4.0)),
        jitter=rng.choice(("none", "none", "full", "plus_minus")),
        max_elapsed=rng.choice((None, None, None, 6.0, 12.0)),
        no_retry_on=rng.choice(((), (), (), ("ValueError",), ("TimeoutError",))),
        crash_retries=rng.choice((0, 0, 1, 2)),
    )


def _breakpoint(rng: Random) -> BreakpointSpec:
    return BreakpointSpec(
        rng.choice(STOPS), rng.choice((None, None, "yes", "no", "broken")), rng.choice((1, 1, 2))
    )
