"""Tiny tasks are left to one thread, long ones are spread, and none waits behind a long one."""

import math
import threading
import time

from taskflow_core import Flow, Task
from taskflow_core.crew import LOOKOUT, STALE, TINY, Crew, Seat


def crew(*, shares_interpreter: bool = True) -> Crew:
    return Crew("threads", threading.RLock(), lambda _: None, shares_interpreter=shares_interpreter)


def test_one_thread_makes_the_tiny_tasks() -> None:
    threads = crew()

    assert threads.may_take(1, now=0.0)
    assert not threads.may_take(2, now=TINY)
    assert threads.may_take(1, now=TINY)


def test_a_thread_that_is_stuck_is_found_at_the_second_look() -> None:
    """The first late look may only have waited for the interpreter, as the hot thread did."""
    threads = crew()
    threads.may_take(1, now=0.0)

    assert not threads.may_take(2, now=STALE * 10)
    assert threads.may_take(2, now=STALE * 10 + LOOKOUT)


def test_long_tasks_are_for_everybody() -> None:
    threads = crew()
    threads.may_take(1, now=0.0)
    for _ in range(50):
        threads.note_pace(TINY * 10)

    assert threads.may_take(2, now=1.0)
    assert threads.may_take(3, now=1.0)


def test_processes_are_always_for_everybody() -> None:
    threads = crew(shares_interpreter=False)
    threads.note_pace(0.0)

    assert threads.may_take(1, now=0.0)
    assert threads.may_take(2, now=0.0)


def test_a_thread_that_is_called_comes_and_a_waiting_one_is_called_first() -> None:
    lock, came = threading.RLock(), threading.Semaphore(0)
    seen: list[int] = []

    def work(crew: Crew) -> None:
        with lock:
            crew.arrive()
            for _ in range(2):
                seen.append(threading.get_ident())
                came.release()
                crew.wait(threading.get_ident(), more=False)

    threads = Crew("threads", lock, work, shares_interpreter=True)
    with lock:
        assert threads.call()
        assert threads.somebody_looks
    came.acquire(timeout=20)
    with lock:  # it waits by now
        assert not threads.somebody_looks
        assert not threads.call()
    assert came.acquire(timeout=20)
    with lock:
        threads.call_all()

    assert len(set(seen)) == 1


def test_a_lookout_looks_again_by_itself() -> None:
    lock = threading.RLock()
    threads = Crew("threads", lock, lambda _: None, shares_interpreter=True)

    with lock:
        assert threads.wait(1, more=True)

    assert not threads.somebody_looks


def test_the_hot_thread_that_waits_lets_another_be_hot() -> None:
    lock = threading.RLock()
    threads = Crew("threads", lock, lambda _: None, shares_interpreter=True)
    threads.may_take(1, now=0.0)
    with lock:
        threads.wait(1, more=True)

    assert threads.may_take(2, now=TINY)


# --- the seat of the thread that waits -----------------------------------------------------


def test_one_thread_has_the_seat_until_it_rises() -> None:
    seat = Seat(threading.RLock())

    assert seat.sit(1, math.inf)
    assert not seat.sit(2, math.inf)
    assert seat.may_take(1, now=0.0)
    assert not seat.may_take(2, now=0.0)

    seat.rise(2)
    assert seat.is_held_by(1)
    seat.rise(1)
    assert seat.sit(2, math.inf)


def test_a_seat_can_be_taken_away() -> None:
    seat = Seat(threading.RLock())
    seat.sit(1, math.inf)

    seat.rise()

    assert seat.sit(2, math.inf)


def test_a_thread_waits_on_the_seat_no_longer_than_it_wanted() -> None:
    lock = threading.RLock()
    seat = Seat(lock)
    with lock:
        seat.sit(1, until=time.monotonic() + 0.01)

        while seat.wait(1, more=False):
            pass

    assert seat.is_held_by(1)


def test_calling_the_seat_takes_no_thread_and_wakes_who_sits_there() -> None:
    lock, woken = threading.RLock(), threading.Event()
    seat = Seat(lock)
    assert not seat.somebody_looks
    with lock:
        seat.sit(1, math.inf)

    def wait() -> None:
        with lock:
            woken.clear()
            sitting.set()
            seat.wait(1, more=False)
        woken.set()

    sitting = threading.Event()
    threading.Thread(target=wait, daemon=True).start()
    sitting.wait(20)
    with lock:
        assert not seat.call()

    assert woken.wait(20)


def test_an_interrupt_is_raised_once_and_on_its_thread() -> None:
    seat, error = Seat(threading.RLock()), KeyboardInterrupt()
    seat.interrupt(1, error)

    assert seat.interrupt_of(2) is None
    assert seat.interrupt_of(1) is error
    assert seat.interrupt_of(1) is None


# --- whole runs ----------------------------------------------------------------------------


def test_after_tiny_tasks_long_ones_still_run_side_by_side() -> None:
    meet = threading.Barrier(8, timeout=20)
    tiny = [Task(int, name=f"tiny{n}") for n in range(300)]
    names = [task.name for task in tiny]
    long = [Task(lambda *_: meet.wait(), name=f"long{n}", depends_on=names[-20:]) for n in range(8)]

    results = Flow("mixed", [*tiny, *long]).run(max_parallel=8)

    assert results.state == "SUCCEEDED"


def test_tiny_tasks_go_on_beside_a_long_one() -> None:
    release = threading.Event()

    def slow() -> bool:
        return release.wait(20)

    def last(*_: int) -> None:
        release.set()

    tiny = [Task(int, name=f"tiny{n}") for n in range(300)]
    end = Task(last, name="last", depends_on=[task.name for task in tiny])
    before = time.monotonic()

    results = Flow("beside", [Task(slow), *tiny, end]).run(max_parallel=2)

    assert results["slow"] is True
    assert time.monotonic() - before < 20
