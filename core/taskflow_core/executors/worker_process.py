"""One worker process, as the engine sees it."""

import contextlib
import os
import signal
import socket
import subprocess

from taskflow_core.executors.exit_status import killed
from taskflow_core.outcomes import Crashed
from taskflow_core.process_tree import COOKIE, ask_to_stop, kill_tree
from taskflow_core.programs import python_command

FAREWELL = 1.0
"""Seconds that an idle or dying worker has to exit by itself."""


class WorkerProcess:
    """One worker: a process in a session of its own, and the socket to it."""

    def __init__(self, run: str, number: int, generation: int) -> None:
        self.generation = generation
        """Which loading of the code it has."""
        self.is_spent = False
        """It cannot make another attempt: the last one left something behind in it."""
        self.cookie = f"{run}/worker-{number}"
        self.channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*python_command("taskflow_core.worker"), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "TASKFLOW_RUN_ID": run, COOKIE: self.cookie},
                start_new_session=True,
            )

    def tell(self, *, kill: bool) -> None:
        """Tell it, and what it started, to stop the attempt, or kill it.

        Not to be called once it may have been waited for: its number could be a stranger's.
        """
        if kill:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            ask_to_stop(self._process.pid)

    def await_death(self) -> None:
        """Let it end by its own cause if it is dying, which is then what `crash` reports."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(FAREWELL)

    def crash(self) -> Crashed:
        """Return how it ended, when it has."""
        code = self._process.wait()
        if code < 0:
            return killed(code, "its process was ")
        return Crashed(error=f"its process exited with code {code}", exit_code=code)

    def discard(self, *cookies: str) -> int:
        """Kill it, all that it started and all that carries one of `cookies`.

        Returns:
            How many processes are left.
        """
        self.channel.close()
        is_gone = self._process.returncode is not None
        left = kill_tree(self._process.pid, self.cookie, *cookies, reaped=is_gone)
        self._process.wait()
        return left

    def retire(self) -> None:
        """Let an idle worker end by itself, soon."""
        self.channel.close()
        self.await_death()
        if self._process.returncode is None:
            self.discard()
