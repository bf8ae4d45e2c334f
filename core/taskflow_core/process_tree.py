"""Ending processes and everything that they started, and making sure of it.

A process is one of ours if it descends from a root, is in the root's session, or carries our
cookie in its environment: a daemon that forked twice and called `setsid` still has the cookie.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable

import psutil

COOKIE = "TASKFLOW_COOKIE"
"""The variable that marks every process of a run: the run's id, `/`, what started it."""

LIMIT = 5.0
"""Seconds after which a process that does not die is counted as left over."""


def ask_to_stop(root: int, by: signal.Signals = signal.SIGTERM) -> None:
    """Signal the process group of `root`, then send CONT, so that stopped ones hear it."""
    for number in (by, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(root, number)


def group_outlives(root: int) -> bool:
    """Say whether anything is left of the process group of a leader that was waited for."""
    try:
        os.killpg(root, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for zombies
        return False
    return not psutil.pid_exists(root)  # a group keeps the number of its leader from being reused


def kill_tree(root: int, *cookies: str, reaped: bool = False) -> int:
    """Kill `root`, all that descends from it, and all that carries one of `cookies`.

    Args:
        root: A child of ours that leads a session.
        cookies: What marks processes, wherever they are.
        reaped: It was waited for, so that its number may have become a stranger's.

    Returns:
        How many processes are left: 0, unless some could not be killed within `LIMIT` seconds.
    """
    return _kill_all(lambda: _members(root, lambda text: text in cookies, reaped=reaped))


def sweep(run: str) -> int:
    """Kill every process that still carries a cookie of the run, except this one.

    Returns:
        How many could not be killed.
    """
    return _kill_all(lambda: _with_cookie(lambda text: text.startswith(f"{run}/")))


def _kill_all(find: Callable[[], list[psutil.Process]]) -> int:
    deadline = time.monotonic() + LIMIT
    while found := find():
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()  # which first looks whether the number is still the same process's
        if time.monotonic() > deadline:
            return len(found)
        _wait_a_little(found)
    return 0


def _wait_a_little(processes: list[psutil.Process]) -> None:
    # Not psutil.wait_procs: it would reap our children, whose exit codes others wait for.
    pause = 0.001
    while pause < 0.1 and any(_is_alive(process) for process in processes):
        time.sleep(pause)
        pause *= 2


def _members(root: int, is_ours: Callable[[str], bool], *, reaped: bool) -> list[psutil.Process]:
    found = {process.pid: process for process in _with_cookie(is_ours)}
    found |= {process.pid: process for process in _family(root, reaped=reaped)}
    return [process for process in found.values() if _is_alive(process)]


def _family(root: int, *, reaped: bool) -> list[psutil.Process]:
    """Return `root`, what descends from it and what is in its session."""
    if reaped:
        # A session keeps the number of its leader from being reused: who has it is a stranger.
        return [] if psutil.pid_exists(root) else _in_session(root)
    with contextlib.suppress(psutil.Error, OSError):
        top = psutil.Process(root)
        if os.getsid(root) == root:
            return [top, *top.children(recursive=True), *_in_session(root)]
    return []


def _with_cookie(is_ours: Callable[[str], bool]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and is_ours(process.environ().get(COOKIE, "")):
                found.append(process)
    return [process for process in found if _is_alive(process)]


def _in_session(root: int) -> list[psutil.Process]:
    """Return the processes of a session: one that is being executed shows no cookie yet."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == root:
                found.append(process)
    return found


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
