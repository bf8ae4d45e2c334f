"""The loop that one would write by hand: what every benchmark of the engine is compared with."""

import os
import platform
import queue
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from graphlib import TopologicalSorter

from taskflow_core import __version__

Graph = Mapping[str, Sequence[str]]
"""The names of the tasks, each with those it depends on; in an order that respects them."""

THREADS = 8


def work(*results: int) -> int:
    """Do next to nothing, but so that a wrong argument shows in the result."""
    return (1 + sum(results)) % 1_000_003


def by_hand(graph: Graph) -> dict[str, int]:
    """Run the graph with the means of the standard library."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    results: dict[str, int] = {}
    done: queue.SimpleQueue[tuple[str, Future[int]]] = queue.SimpleQueue()

    def note(name: str, future: Future[int]) -> None:
        done.put((name, future))

    with ThreadPoolExecutor(THREADS) as pool:
        while sorter.is_active():
            for name in sorter.get_ready():
                future = pool.submit(work, *[results[other] for other in graph[name]])
                future.add_done_callback(partial(note, name))
            name, future = done.get()
            results[name] = future.result()
            sorter.done(name)
    return results


def machine() -> dict[str, str | int]:
    """Return what the figures depend on."""
    return {
        "machine": platform.platform(),
        "processors": os.cpu_count() or 0,
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "taskflow": __version__,
        "sqlite": sqlite3.sqlite_version,
    }
