"""Who is ended first when the machine runs out of memory: tasks, not who watches over them."""

import contextlib
import os
from pathlib import Path

FIRST = 500
"""How much likelier than others tasks are, in thousandths of all memory."""


def offer(pid: int | None = None) -> None:
    """Have the system end a process, or else this one, before others: Linux only, best effort.

    What it starts from now on is offered too.
    """
    path = Path("/proc", "self" if pid is None else str(pid), "oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if int(os.read(descriptor, 16)) < FIRST:
                os.write(descriptor, str(FIRST).encode())
        finally:
            os.close(descriptor)
