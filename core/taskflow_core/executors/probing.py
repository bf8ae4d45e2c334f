"""Finding out when services are ready: a thread for each that is not, and no lock held."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.command_line import words_of
from taskflow_core.executors.connecting import why_no_connection, why_no_page
from taskflow_core.executors.log_lines import LogLines
from taskflow_core.executors.probe_command import ProbeCommand
from taskflow_core.expressions import Names, Template, has_expressions
from taskflow_core.outcomes import Job
from taskflow_core.output import output_path
from taskflow_core.readiness import Probe, http_address, tcp_address

FIRST = 0.05
"""Seconds after the first try of a probe until the second; the wait doubles, up to `every`."""
LONGEST = 300
"""Characters of what a probe says that are kept."""
FAREWELL = 2.0
"""Seconds that is waited for threads that have commands to kill."""

Try = Callable[[float, threading.Event], str | None]
"""Returns why an attempt is not ready, or None if it is; given a deadline on the monotonic clock,
and what is set once nobody wants to know any more."""
Heard = Callable[[Job, str], None]
"""Hears of an attempt what found it ready, or why it is not."""


class Prober:
    """Probes attempts of services, each on a thread of its own, until each is ready or over.

    Args:
        place: The run.
        on_ready: Told once of an attempt that is ready, and how that was found out.
        on_trouble: Told what an attempt that is not ready met with, whenever that changes.
    """

    def __init__(self, place: Workplace, on_ready: Heard, on_trouble: Heard) -> None:
        self._place = place
        self._on_ready = on_ready
        self._on_trouble = on_trouble
        self._over: dict[Job, threading.Event] = {}
        self._running: list[threading.Thread] = []
        """Those that run commands. The others only wait for the network, and may do so in vain."""

    def follow(self, jobs: Sequence[Job]) -> None:
        """Probe these attempts from now on and no others; to be called by one thread at a time."""
        for job in [*self._over]:
            if job not in jobs:
                self._over.pop(job).set()
        for job in jobs:
            if job not in self._over:
                self._begin(job)

    def close(self) -> None:
        """Probe nothing any more; return once the commands of probes have ended."""
        self.follow([])
        until = time.monotonic() + FAREWELL
        for thread in self._running:
            thread.join(max(0.0, until - time.monotonic()))

    def _begin(self, job: Job) -> None:
        service = self._place.spec(job).service
        assert service is not None, "only services are probed"
        assert service.ready is not None, "only those with a probe"
        over = self._over[job] = threading.Event()
        what = (job, service.ready, over)
        thread = threading.Thread(target=self._probe, args=what, name="taskflow-probe", daemon=True)
        if service.ready.command is not None:
            self._running = [other for other in self._running if other.is_alive()]
            self._running.append(thread)
        thread.start()

    def _probe(self, job: Job, probe: Probe, over: threading.Event) -> None:
        last, wait = None, FIRST
        try:
            try_once = self._try(job, probe)
        except (TaskflowError, ValueError) as error:  # it stays so: its time will run out
            self._on_trouble(job, _shown(f"the probe cannot be made: {error}"))
            return
        while not over.is_set():
            trouble = _tried(try_once, probe, over)
            if over.is_set():
                return
            if trouble is None:
                self._on_ready(job, probe.way)
                return
            if trouble != last:
                self._on_trouble(job, trouble)
                last = trouble
            over.wait(min(wait, probe.every))
            wait *= 2

    def _try(self, job: Job, probe: Probe) -> Try:
        """Return what tries the probe once, with the expressions in it evaluated."""
        names = None
        if has_expressions([probe.command, probe.tcp, probe.http]):
            sight = self._place.sight
            names = sight.names(job.number, self._place.declared_environment(job))
        if probe.command is not None:
            return ProbeCommand(self._place, job, words_of(probe.command, names)).why_not
        if probe.tcp is not None:
            address = tcp_address(_text(probe.tcp, names))
            return lambda deadline, _: why_no_connection(address, deadline)
        if probe.http is not None:
            page = http_address(_text(probe.http, names))
            return lambda deadline, _: why_no_page(page, deadline)
        return partial(_no_line, self._log(job, probe.log or ""))

    def _log(self, job: Job, pattern: str) -> LogLines:
        folder = self._place.output_folder(job)
        assert folder is not None, "what a probe reads is kept"
        return LogLines(output_path(folder, *job.key), pattern)


def _tried(try_once: Try, probe: Probe, over: threading.Event) -> str | None:
    try:
        trouble = try_once(time.monotonic() + probe.timeout, over)
    except Exception as error:  # noqa: BLE001  a bug in a probe is no reason to wait for ever
        trouble = f"internal error: {error!r}"
    return None if trouble is None else _shown(trouble)


def _no_line(lines: LogLines, deadline: float, over: threading.Event) -> str | None:
    del deadline, over
    return None if lines.is_there() else "no such line in its output yet"


def _text(text: str, names: Names | None) -> str:
    return text if names is None else Template.parse(text).render_text(names)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
