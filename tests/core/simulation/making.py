"""Attempts that are being made, as the world sees them, and how they end."""

from collections.abc import Sequence
from random import Random

from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Skipped, Stopped, Succeeded

OK: Sequence[Outcome] = (
    Succeeded({"value": 1}),
    Succeeded({"value": 2}, context={"key": {"value": 3}}),
    Skipped("nothing to do"),
    Skipped(""),
)
BAD: Sequence[Outcome] = (
    Failed(error="ValueError: broken", names=("ValueError", "Exception")),
    Failed(error="exit code 3", exit_code=3),
    Failed(error="KeyError: 'x'", names=("KeyError", "Exception")),
    Failed(error="give up", final=True),
    Failed(error="later", retry_after=2.0),
    Crashed(error="its process was killed by SIGKILL", signal="SIGKILL", exit_code=-9),
)


class Live:
    """An attempt that is being made."""

    __slots__ = ("began", "job", "killed", "stubborn", "told")

    def __init__(self, job: Job, *, began: bool, stubborn: bool) -> None:
        self.job = job
        self.began = began
        self.stubborn = stubborn
        """It ends only when it is killed, once it was told to stop."""
        self.told = False
        self.killed = False

    @property
    def can_end(self) -> bool:
        return not self.told or self.killed or not self.stubborn

    def draw_outcome(self, rng: Random, failures: float) -> Outcome:
        """Return how it ends now; `failures` is the share of those that fail."""
        if self.killed:
            return Stopped(forced=True, leftovers=rng.choice((0, 0, 1)))
        if self.told and rng.random() < 0.7:
            return Stopped(forced=False)
        if rng.random() < 0.01:
            return Stopped(forced=False)
        if not self.began or rng.random() < failures:
            return rng.choice(BAD)
        return rng.choice(OK) if rng.random() < 0.3 else OK[0]
