"""Policies as values: the words that choose one, and the arithmetic of retry delays."""

from collections.abc import Callable
from typing import Literal

import msgspec

Backoff = Literal["fixed", "linear", "exponential"]
Jitter = Literal["none", "full", "plus_minus"]
TriggerRule = Literal[
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_skipped",
    "one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success",
    "none_skipped", "always",
]  # fmt: skip
"""When a task starts, given how those it depends on ended. Airflow's names."""
OnFailure = Literal["finish", "stop", "cancel", "rollback", "pause"]
"""What a failed task means for the rest of the run."""
Order = Literal["critical", "file", "fifo"]
"""Which of several ready tasks of equal priority starts first: the one with the longest way to the
end, the one that comes first in the flow file, or the one that has been ready for longest."""
Moment = Literal["success", "failure", "cancel", "always"]
"""Which outcome of a run a handler is for."""
Stop = Literal["before", "after", "on_failure", "on_retry"]
"""Where a breakpoint stops a task."""
RollbackOn = Literal["success", "started"]
"""Which tasks are undone: those that succeeded, or all that began."""
Merge = Literal["first", "last", "list"]
"""Which of several values of one context key a task sees: of its `depends_on`, in that order."""
Output = Literal["text", "lines", "json", "none"]
"""What of a command's stdout is its result."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often a failed task is tried again, and how long it waits in between.

    Times are seconds. `RetryPolicy(retries=3)` tries up to four times, at once.
    """

    retries: int = 0
    """Extra attempts after the first; 0 or more."""
    delay: float | tuple[float, ...] = 0.0
    """The base delay; a tuple gives each wait in turn and repeats its last value."""
    backoff: Backoff = "fixed"
    factor: float = 2.0
    """What an exponential delay is multiplied by for every further attempt."""
    max_delay: float | None = None
    jitter: Jitter = "none"
    max_elapsed: float | None = None
    """No attempt starts later than this after the task's first one started."""
    retry_on: tuple[str, ...] = ()
    """Exception names worth another attempt; empty means all."""
    no_retry_on: tuple[str, ...] = ()
    retry_exit_codes: tuple[int, ...] = ()
    """Exit codes of commands worth another attempt; empty means all."""
    crash_retries: int = 0
    """Extra attempts after the process of one died; counted apart from `retries`."""

    def delay_before(self, attempt: int, chance: Callable[[], float]) -> float:
        """Return the seconds to wait before `attempt` starts.

        fixed waits `delay`, linear `delay · n`, exponential `delay · factor^(n-1)` before
        attempt n+1, never above `max_delay`; jitter comes last: `full` draws from [0, wait],
        `plus_minus` from [wait/2, 3·wait/2].

        Args:
            attempt: The attempt about to start; at least 2, as the first never waits.
            chance: Returns a float in [0, 1). Called once, and only if `jitter` is set.

        Raises:
            ValueError: `attempt` is less than 2.
        """
        if attempt < 2:
            raise ValueError(f"attempt {attempt} does not wait")
        wait = self._base(attempt - 1)
        if self.max_delay is not None:
            wait = min(wait, self.max_delay)
        match self.jitter:
            case "none":
                return wait
            case "full":
                return wait * chance()
            case "plus_minus":
                return wait * (0.5 + chance())

    def wants(self, error_names: tuple[str, ...], exit_code: int | None) -> bool:
        """Say whether a failure of this kind is worth another attempt.

        Args:
            error_names: The names of the exception's class and its bases, short and dotted.
            exit_code: Of a command that ended by itself.
        """
        if any(name in self.no_retry_on for name in error_names):
            return False
        if exit_code is not None and self.retry_exit_codes:
            return exit_code in self.retry_exit_codes
        return not self.retry_on or any(name in self.retry_on for name in error_names)

    def _base(self, n: int) -> float:
        if isinstance(self.delay, tuple):
            return self.delay[min(n, len(self.delay)) - 1] if self.delay else 0.0
        match self.backoff:
            case "fixed":
                return self.delay
            case "linear":
                return self.delay * n
            case "exponential":
                # Beyond 2^1000 a float overflows; no wait is that long.
                return self.delay * self.factor ** min(n - 1, 1000) if self.delay else 0.0


NO_RETRY = RetryPolicy()
"""The policy of a task that names none."""
