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


def ask_to_stop(root: int) -> None:
    """Send TERM to the process group of `root`, then CONT, so that stopped ones hear it."""
    for number in (signal.SIGTERM, signal.SIGCONT):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(root, number)


def group_exists(root: int) -> bool:
    """Say whether anything is left of the process group of `root`."""
    try:
        os.killpg(root, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for zombies
        return False
    return True


def kill_tree(root: int, *cookies: str) -> int:
    """Kill `root`, all that descends from it, and all that carries one of `cookies`.

    Returns:
        How many processes are left: 0, unless some could not be killed within `LIMIT` seconds.
    """
    return _kill_all(lambda: _members(root, lambda text: text in cookies))


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
                process.kill()
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


def _members(root: int, is_ours: Callable[[str], bool]) -> list[psutil.Process]:
    found = {process.pid: process for process in _with_cookie(is_ours)}
    with contextlib.suppress(psutil.Error):
        top = psutil.Process(root)
        family = [top, *top.children(recursive=True)] if os.getsid(root) == root else []
        found |= {process.pid: process for process in family}
    return [process for process in found.values() if _is_alive(process)]


def _with_cookie(is_ours: Callable[[str], bool]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and is_ours(process.environ().get(COOKIE, "")):
                found.append(process)
    return [process for process in found if _is_alive(process)]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
