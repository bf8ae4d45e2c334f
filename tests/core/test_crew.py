"""Tiny tasks are left to one thread, long ones are spread, and none waits behind a long one."""

import threading
import time

from taskflow_core import Flow, Task
from taskflow_core.crew import LOOKOUT, STALE, TINY, Crew


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
