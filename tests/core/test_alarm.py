"""The alarm: a thread of its own that is awake at the moments it is set to, and not before."""

import threading
from collections.abc import Iterator

import pytest

from taskflow_core.alarm import Alarm
from taskflow_core.clock import Instant


class StandingClock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.mono = 100.0

    def now(self) -> Instant:
        return Instant(1_000.0, self.mono)


class Guard:
    """What the engine does with an alarm: keeps a list of moments, and notes what came when."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = StandingClock()
        self.alarm = Alarm(self.lock, self.clock, self._keep_time)
        self.due: list[float] = []
        self.rung: list[float] = []
        self.is_over = False
        self.has_left = False
        self.asleep = threading.Semaphore(0)
        """Released at each look whether it is time; the lock is held from there to the sleep."""
        self.changed = threading.Condition(self.lock)

    def set(self, due: float) -> bool:
        with self.lock:
            self.due = sorted([*self.due, due])
            return self.alarm.set(self.due[0])

    def move_to(self, mono: float) -> None:
        """Let time pass, and wake the thread as its own timer would."""
        with self.lock:
            self.clock.mono = mono
            self.alarm.stop()

    def wait_for_rings(self, count: int) -> list[float]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.rung) >= count, 20)
            return self.rung

    def end(self) -> None:
        with self.lock:
            self.is_over = True
            self.alarm.stop()

    def _keep_time(self) -> None:
        while not self.is_over:
            with self.lock:
                self.asleep.release()
                if not self.alarm.wait(self.due[0] if self.due else None):
                    continue
                self.rung.append(self.due.pop(0))
                self.changed.notify_all()
        with self.lock:
            self.alarm.leave()
            self.has_left = True
            self.changed.notify_all()


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    guard.end()


def test_the_thread_is_started_by_the_first_moment_alone(guard: Guard) -> None:
    assert guard.set(200.0)
    assert not guard.set(300.0)


def test_a_moment_that_has_come_rings_at_once(guard: Guard) -> None:
    guard.set(100.0)

    assert guard.wait_for_rings(1) == [100.0]


def test_nothing_rings_before_its_moment(guard: Guard) -> None:
    guard.set(10_000.0)
    guard.move_to(9_999.0)
    guard.asleep.acquire(timeout=20)
    guard.asleep.acquire(timeout=20)
    assert guard.rung == []

    guard.move_to(10_000.0)

    assert guard.wait_for_rings(1) == [10_000.0]


def test_an_earlier_moment_comes_first(guard: Guard) -> None:
    guard.set(10_000.0)
    guard.asleep.acquire(timeout=20)

    guard.set(99.0)

    assert guard.wait_for_rings(1) == [99.0]


def test_a_later_moment_does_not_disturb_the_thread() -> None:
    guard = Guard()
    guard.set(10_000.0)
    guard.asleep.acquire(timeout=20)
    with guard.lock:  # it sleeps by now
        assert not guard.asleep.acquire(blocking=False)

        guard.set(20_000.0)

    with guard.lock:
        assert guard.rung == []
    assert not guard.asleep.acquire(blocking=False)
    guard.end()


def test_after_the_end_another_run_starts_another_thread(guard: Guard) -> None:
    guard.set(100.0)
    guard.wait_for_rings(1)
    guard.end()
    with guard.changed:
        assert guard.changed.wait_for(lambda: guard.has_left, 20)
        guard.is_over = False

    assert guard.set(100.0)
    assert guard.wait_for_rings(2) == [100.0, 100.0]


def test_the_thread_holds_up_no_program(guard: Guard) -> None:
    before = set(threading.enumerate())

    guard.set(10_000.0)

    (thread,) = set(threading.enumerate()) - before

    assert thread.daemon
