"""The other figures of the engine: memory, latency, processes, commands, output, start-up.

Each is measured beside what it is compared with, in the same run, and its result is checked.

    python -m benchmarks.measures [--quick] [NAME …]
"""

import argparse
import contextlib
import gc
import io
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.by_hand import THREADS, Graph, by_hand, machine, work
from taskflow_core import Flow, Task
from taskflow_core.state import RunState


class Figure(NamedTuple):
    """One figure, and what is aimed at."""

    what: str
    measured: str
    target: str


def require(fact: bool, what: str) -> None:
    """Stop with a word unless `fact` holds."""
    if not fact:
        raise SystemExit(f"It does not hold that {what}.")


def lattice(side: int = 100) -> Graph:
    """Return a square of tasks; each needs the one above and the one to the left."""
    return {
        f"t{row}_{column}": [
            name
            for name, exists in ((f"t{row - 1}_{column}", row), (f"t{row}_{column - 1}", column))
            if exists
        ]
        for row in range(side)
        for column in range(side)
    }


def layered(layers: int) -> Graph:
    """Return layers of 100 tasks; each needs three of the layer before."""
    return {
        f"t{layer}_{place}": [f"t{layer - 1}_{(place + k) % 100}" for k in range(3 if layer else 0)]
        for layer in range(layers)
        for place in range(100)
    }


def flow_of(graph: Graph, **options: str) -> Flow:
    """Return the graph as a flow of tasks that do next to nothing."""
    tasks = [Task(work, name=n, depends_on=d, **options) for n, d in graph.items()]  # type: ignore[arg-type]
    return Flow("bench", tasks)


def timed(run: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def shapes(quick: bool) -> Iterator[Figure]:
    """Larger shapes, beside the loop by hand."""
    for name, graph, target in (
        ("lattice 100×100", lattice(), "≥ 1.5 with journal"),
        ("layered 100 k", layered(100 if quick else 1_000), "≥ 1.3 with journal"),
    ):
        flow = flow_of(graph)
        flow.run(max_parallel=THREADS)
        ratios: list[float] = []
        for _ in range(3):
            hand = timed(partial(by_hand, graph))
            with tempfile.TemporaryDirectory() as state:
                ours = timed(partial(flow.run, journal=Path(state), max_parallel=THREADS))
            ratios.append(hand / ours)
        yield Figure(name, f"{statistics.median(ratios):.2f} × by hand, with journal", target)


def inline(_: bool) -> Iterator[Figure]:
    """Tasks on the waiting thread."""
    graph = layered(100)
    flow = flow_of(graph, executor="inline")
    flow.run()
    took = statistics.median(timed(flow.run) for _ in range(3))
    yield Figure(
        "inline, layered", f"{len(graph) / took:,.0f} tasks/s", "≥ Hamilton, 35 to 130 k/s"
    )


def definition(_: bool) -> Iterator[Figure]:
    """Planning, and what a task takes in memory."""
    graph = layered(1_000)
    flow = flow_of(graph)
    yield Figure("plan of 100 k tasks", f"{timed(flow.plan):.2f} s", "≤ 1 s")
    names = list(graph.items())
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    state = RunState(Flow("m", [Task(work, name=n, depends_on=d) for n, d in names]).plan())
    per_task = (tracemalloc.get_traced_memory()[0] - before) / len(state.tasks)
    tracemalloc.stop()
    yield Figure("definition, plan and state", f"{per_task:,.0f} B a task", "≤ 600 B")


def latency(_: bool) -> Iterator[Figure]:
    """From the end of a task to the start of its successor."""
    gaps = _gaps(2_000)
    half, nearly_all = gaps[len(gaps) // 2] * 1e6, gaps[len(gaps) * 99 // 100] * 1e6
    yield Figure("hop", f"p50 {half:.0f} µs, p99 {nearly_all:.0f} µs", "p50 ≤ 50 µs, p99 ≤ 300 µs")
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(1_000))

    burners = [threading.Thread(target=burn) for _ in range(3)]
    for thread in burners:
        thread.start()
    gaps = _gaps(200)
    stop.set()
    for thread in burners:
        thread.join()
    measured = f"p50 {gaps[len(gaps) // 2] * 1e3:.2f} ms"
    yield Figure("hop beside 3 burning threads", measured, "≤ 0.5 ms")


def _gaps(count: int) -> list[float]:
    """Return the seconds between the end of each task of a chain and the start of the next."""
    ends: list[float] = []
    gaps: list[float] = []

    def step(*_: object) -> None:
        if ends:
            gaps.append(time.perf_counter() - ends[-1])
        ends.append(time.perf_counter())

    tasks = [Task(step, name=f"t{n}", depends_on=[f"t{n - 1}"] if n else []) for n in range(count)]
    Flow("chain", tasks).run()
    return sorted(gaps)


def processes(quick: bool) -> Iterator[Figure]:
    """Functions in worker processes, beside the standard library's pool."""
    count = 100 if quick else 1_000
    flow = Flow("p", [Task(work, name=f"t{n}", executor="process") for n in range(count)])
    ours = timed(lambda: flow.run(max_parallel=2))
    with ProcessPoolExecutor(2) as pool:
        theirs = timed(lambda: [f.result() for f in [pool.submit(work) for _ in range(count)]])
    measured = f"{count / ours:,.0f}/s, pool {count / theirs:,.0f}/s: {theirs / ours:.2f} ×"
    yield Figure("process, no-op, with start-up", measured, "≥ 2 × ProcessPoolExecutor")


def commands(quick: bool) -> Iterator[Figure]:
    """Commands and a join, recorded, beside threads that call `subprocess.run`."""
    count = 100 if quick else 1_000
    tasks = [Task(command=["true"], name=f"t{n}") for n in range(count)]
    join = Task(command=["true"], name="join", depends_on=[task.name for task in tasks])
    flow = Flow("s", [*tasks, join])

    def hand() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            done = [
                pool.submit(subprocess.run, ["true"], capture_output=True) for _ in range(count)
            ]
            require(all(future.result().returncode == 0 for future in done), "all commands succeed")

    ratios: list[float] = []
    for _ in range(3):
        theirs = timed(hand)
        with tempfile.TemporaryDirectory() as state:
            ours = timed(partial(flow.run, journal=Path(state), max_parallel=THREADS))
        ratios.append(ours / theirs)
    yield Figure(
        f"{count} × true and a join", f"{statistics.median(ratios):.2f} × the loop", "≤ 1.25 ×"
    )


def output(quick: bool) -> Iterator[Figure]:
    """What tasks print."""
    lines = 2_500 if quick else 25_000

    def chat() -> None:
        for number in range(lines):
            print("line", number)

    flow = Flow("o", [Task(chat, name=f"t{n}") for n in range(4)])
    with tempfile.TemporaryDirectory() as state, contextlib.redirect_stdout(io.StringIO()):
        took = timed(lambda: flow.run(journal=Path(state)))
        logs = list(Path(state).glob("runs/*/output/*.log"))
        require(sum(p.read_bytes().count(b"\n") for p in logs) == 4 * lines, "no line is lost")
    yield Figure("prints of thread tasks", f"{4 * lines / took:,.0f} lines/s", "≥ 500 k lines/s")
    program = f"for n in range({lines}): print('line', n)"
    tasks = [Task(command=[sys.executable, "-c", program], name=f"t{n}") for n in range(8)]
    with tempfile.TemporaryDirectory() as state:
        took = timed(lambda: Flow("c", tasks).run(journal=Path(state)))
        logs = list(Path(state).glob("runs/*/output/*.log"))
        require(sum(p.read_bytes().count(b"\n") for p in logs) == 8 * lines, "no line is lost")
    yield Figure("capture of 8 processes", f"{8 * lines / took:,.0f} lines/s", "≥ 2 M lines/s")


def start_up(_: bool) -> Iterator[Figure]:
    """Importing the library."""

    def imports(name: str) -> float:
        command = [sys.executable, "-c", f"import {name}"]
        return statistics.median(
            timed(lambda: subprocess.run(command, check=True)) for _ in range(7)
        )

    ratio = imports("taskflow_core") / imports("asyncio")
    yield Figure("import taskflow_core", f"{ratio:.2f} × import asyncio", "≤ 1.6 ×")


MEASURES = {
    "shapes": shapes, "inline": inline, "definition": definition, "latency": latency,
    "processes": processes, "commands": commands, "output": output, "start_up": start_up,
}  # fmt: skip


def main() -> None:
    """Print the figures asked for, by default all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)}")
    options = parser.parse_args()
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    for name in options.names or MEASURES:
        for figure in MEASURES[name](options.quick):
            print(f"{figure.what:30} {figure.measured:45} {figure.target}", flush=True)


if __name__ == "__main__":
    main()
