"""People who ask for things, also where it makes no sense."""

from collections.abc import Callable, Sequence
from random import Random

from taskflow_core.clock import Instant
from taskflow_core.plan import Plan
from taskflow_core.scheduling.scheduler import Scheduler
from tests.core.simulation.plans import STOPS

Request = Callable[[Scheduler], object]


def draw_request(
    rng: Random, plan: Plan, now: Instant, *, is_cancelled: bool
) -> tuple[str, Request]:
    """Return something to ask for, and what it is."""
    by = "ann"
    names = rng.sample(list(plan.index), min(len(plan.tasks), rng.choice((1, 1, 2))))
    one, stop = names[0], rng.choice(STOPS)
    condition, hit = rng.choice((None, None, "yes", "no", "broken")), rng.choice((1, 1, 2))
    requests: Sequence[tuple[str, Request]] = (
        ("pause", lambda s: s.pause(now, by=by)),
        ("resume", lambda s: s.resume(now, by=by)),
        ("resume", lambda s: s.resume(now, by=by)),
        ("step", lambda s: s.step(now, by=by)),
        ("step", lambda s: s.step(now, by=by)),
        ("step_frontier", lambda s: s.step_frontier(now, by=by)),
        ("run_to", lambda s: s.run_to(now, one, by=by)),
        ("cancel", lambda s: s.cancel(now, None, by=by)),
        ("cancel", lambda s: s.cancel(now, names, by=by)),
        ("cancel", lambda s: s.cancel(now, names, by=by)),
        ("retry", lambda s: s.retry(now, None, by=by)),
        ("retry", lambda s: s.retry(now, names, by=by, fresh=hit == 2)),
        ("rerun", lambda s: s.rerun(now, names, by=by)),
        ("rerun", lambda s: s.rerun(now, [one], by=by, from_here=True, changes={"x": 1})),
        ("skip", lambda s: s.skip(now, names, by=by)),
        ("succeed", lambda s: s.succeed(now, one, {"value": 9}, by=by)),
        ("hold", lambda s: s.hold(now, names, by=by)),
        ("release", lambda s: s.release(now, names, by=by)),
        (
            "set_breakpoint",
            lambda s: s.set_breakpoint(now, one, by=by, stop=stop, condition=condition, hit=hit),
        ),
        ("clear_breakpoint", lambda s: s.clear_breakpoint(now, one, by=by, stop=stop)),
        ("set_parallelism", lambda s: s.set_parallelism(now, rng.choice((1, 2, 4)), by=by)),
    )
    name, request = rng.choice((*requests[-5:], *requests[7:9]) if is_cancelled else requests)
    return f"{name} {names} {stop} {condition} {hit}", request
