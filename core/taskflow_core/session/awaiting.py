"""A run in this process, awaited: the event loop goes on meanwhile."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from taskflow_core.errors import RefusedError
from taskflow_core.session.handle import RunHandle
from taskflow_core.session.result import RunResult


async def awaited(start: Callable[[], RunHandle]) -> RunResult:
    """Start a run, wait for its end, and return its results; cancelling this cancels the run.

    Everything that takes time is done by a thread of its own. One that is cancelled ends when the
    run has ended; cancelled again, it kills what does not stop.

    Args:
        start: Starts the run; what it raises is raised here.
    """
    waiter = _Waiter(start)
    pool = ThreadPoolExecutor(1, thread_name_prefix="taskflow-wait")
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(pool, context.run, waiter.run)
    pool.shutdown(wait=False)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
            waiter.cancel()
    if cancelled is not None:
        future.exception()  # seen, so that nobody warns
        raise cancelled
    return future.result()


class _Waiter:
    """Starts one run and waits for it, in a thread."""

    def __init__(self, start: Callable[[], RunHandle]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._handle: RunHandle | None = None
        self._is_unwanted = False

    def run(self) -> RunResult:
        """Make the run from its start to its end."""
        with self._start() as handle:
            with self._lock:
                self._handle = handle
            if self._is_unwanted:
                self.cancel()
            return handle.wait()

    def cancel(self) -> None:
        """Cancel the run, as soon as there is one."""
        with self._lock:
            self._is_unwanted = True
            handle = self._handle
        if handle is not None:
            with suppress(RefusedError):  # it has just ended
                handle.cancel()
