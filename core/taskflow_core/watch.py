"""The thread that looks for files that tasks wait for."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

EVERY = 0.2
"""Seconds between two looks."""

Watched = Callable[[], Mapping[int, str]]
"""Returns the files to look for, by the number of the task that waits for each."""
Appeared = Callable[[Mapping[int, str]], None]
"""Hears of those that are there."""


class Watch:
    """Looks for files on a thread of its own, as long as there are any to look for.

    Looking may take long, as on a file system that is away, so it never holds a lock.
    """

    def __init__(self, watched: Watched, appeared: Appeared) -> None:
        self._watched = watched
        self._appeared = appeared
        self._lock = threading.Lock()
        self._is_looking = False

    def begin(self) -> None:
        """Look from now on, if nobody does."""
        with self._lock:
            if self._is_looking:
                return
            self._is_looking = True
        threading.Thread(target=self._look, name="taskflow-watch", daemon=True).start()

    def _look(self) -> None:
        while True:
            watched = self._watched()
            found = {number: path for number, path in watched.items() if _is_there(path)}
            if found:
                self._appeared(found)
            with self._lock:
                if not watched:
                    self._is_looking = False
                    return
            time.sleep(EVERY)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
