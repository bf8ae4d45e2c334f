"""For people who test their own flows: runs without waiting, luck and side effects.

`simulate` drives the real scheduler with a clock that jumps and with outcomes from a script: no
code of any task runs, and a day of retries takes a millisecond. `run_flow` runs a flow for real,
with some of its tasks replaced by fakes. `simulate_trace` replays recorded workflows.

`docs/testing.md` shows how they are used.
"""

from typing import TYPE_CHECKING, Any

from taskflow_core.testing.clock import FakeClock
from taskflow_core.testing.script import Script, returns, serves
from taskflow_core.testing.simulated import Scheduled, SimulatedRun
from taskflow_core.testing.simulation import at, simulate
from taskflow_core.testing.trace import SimulatedTrace, simulate_trace

if TYPE_CHECKING:
    from taskflow_core.testing.fakes import run_flow

__all__ = [
    "FakeClock",
    "Scheduled",
    "Script",
    "SimulatedRun",
    "SimulatedTrace",
    "at",
    "returns",
    "run_flow",
    "serves",
    "simulate",
    "simulate_trace",
]


def __getattr__(name: str) -> Any:
    if name != "run_flow":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from taskflow_core.testing.fakes import run_flow  # only now: it needs the whole engine

    return run_flow
