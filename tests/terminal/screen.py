"""A real pseudo-terminal with the installed command in it, and eyes to read the screen."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pyte

ROOT = Path(__file__).parents[2]

DECODED = {"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "up": "\x1b[A"}


class Terminal:
    """A terminal of `columns` × `rows` in which `taskflow-tui` runs."""

    def __init__(self, folder: Path, *words: str, columns: int = 120, rows: int = 36) -> None:
        self.raw = b""
        """Everything that the command has written."""
        self.status: int | None = None
        """The exit code, or minus the signal that ended it."""
        self._screen: Any = pyte.Screen(columns, rows)
        self._stream: Any = pyte.ByteStream(self._screen)
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            command = [sys.executable, "-m", "taskflow_tui", *words]
            os.execve(sys.executable, command, _environment(folder))
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def press(self, *keys: str) -> None:
        """Type keys: single characters, or names such as `enter`."""
        for key in keys:
            os.write(self._terminal, DECODED.get(key, key).encode())

    def text(self) -> str:
        """Return what is on the screen, line by line."""
        return "\n".join(self._screen.display)

    def wait_for(self, text: str, *, seconds: float = 30) -> None:
        """Read until `text` is on the screen."""
        deadline = time.monotonic() + seconds
        while text not in self.text():
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} never came:\n{self.text()}"
            assert self._read(left) or text in self.text(), f"it ended:\n{self.text()}"

    def wait_for_end(self, *, seconds: float = 30) -> int:
        """Read until the command has ended, and return its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(max(0.0, deadline - time.monotonic())):
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        os.close(self._terminal)
        return self.status

    def kill(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        os.kill(self.pid, number)

    def close(self) -> None:
        """End the command if it still runs."""
        if self.status is None:
            self.kill(signal.SIGKILL)
            self.wait_for_end()

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # Linux says EIO when the other side has closed
            data = b""
        self.raw += data
        self._stream.feed(data)
        return bool(data)


def _environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT)])
    own = {
        "PYTHONPATH": path,
        "TASKFLOW_STATE": str(folder / "state"),
        "XDG_STATE_HOME": str(folder / "xdg"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_ANIMATIONS": "none",
    }
    return {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, **own}
