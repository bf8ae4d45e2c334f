"""What the engine asks about services, and what it tells of what their probes find."""

from taskflow_core.clock import Instant
from taskflow_core.outcomes import Job
from taskflow_core.scheduling.parts import OnParts


class Serving(OnParts):
    """Takes what probes say; the rest of a run does not ask which tasks are services."""

    def probed(self) -> list[Job]:
        """Return the attempts of which a probe should find out when they are ready."""
        return [] if self._services is None else self._services.probed()

    def is_ready(self, job: Job, how: str, now: Instant) -> None:
        """Record that a probe has found an attempt ready; `how` is the kind of probe."""
        if self._services is not None:
            self._services.ready(job, how, now)

    def not_ready(self, job: Job, error: str, now: Instant) -> None:
        """Record what a probe has met with at an attempt that is not ready."""
        if self._services is not None:
            self._services.not_ready(job, error, now)
