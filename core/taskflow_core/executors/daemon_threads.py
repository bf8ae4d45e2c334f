"""Threads for `asyncio.to_thread` that hold up neither the end of a run nor that of the program."""

import contextvars
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

owner: contextvars.ContextVar[object] = contextvars.ContextVar("taskflow_owner", default=None)
"""On whose behalf the current coroutine runs."""


class DaemonThreads(ThreadPoolExecutor):
    """Makes calls on at most `limit` daemon threads, and knows whose calls are being made.

    The pool of the standard library is waited for when the interpreter ends.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(1)  # asyncio insists on the class; the thread of its own never starts
        self._limit = limit
        self._lock = threading.Lock()
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads_started = 0
        self._open = 0
        """How many calls have not ended."""
        self._of_owner: Counter[object] = Counter()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        future: Future[R] = Future()
        whose = owner.get()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except BaseException as error:  # noqa: BLE001  it is for who awaits it
                    future.set_exception(error)

        with self._lock:
            self._open += 1
            self._of_owner[whose] += 1
            if self._open > self._threads_started < self._limit:
                self._threads_started += 1
                threading.Thread(target=self._work, name="taskflow-call", daemon=True).start()
        self._calls.put(lambda: self._make(call, whose))
        return future

    def calls_of(self, whose: object) -> int:
        """Return how many calls made on behalf of `whose` have not ended."""
        with self._lock:
            return self._of_owner[whose]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let threads end once they are idle; never waits."""
        del wait, cancel_futures
        for _ in range(self._threads_started):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _make(self, call: Callable[[], None], whose: object) -> None:
        try:
            call()
        finally:
            with self._lock:
                self._open -= 1
                self._of_owner[whose] -= 1
