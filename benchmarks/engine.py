"""How fast the engine runs tasks that do next to nothing, beside a loop written by hand.

G, the loop, is what one would write in twenty lines: `graphlib.TopologicalSorter` and
`ThreadPoolExecutor(8)`; no events, no history, no retries. Ours is the whole of `flow.run` with a
subscriber, from set-up to close: without a journal, with the SQLite journal, and the first run of
a flow, which plans and binds it as well, with the journal. They take turns, every result is
checked, and the table shows medians.

    python -m benchmarks.engine [--rounds N] [--json FILE] [--shape NAME] [--peers]
"""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.by_hand import THREADS, Graph, by_hand, machine, work
from taskflow_core import Event, EventBus, Flow, RunResult, Task
from taskflow_core.events import AttemptStarted

T = TypeVar("T")
WANTED = {"TaskReady": 1, "AttemptStarted": 1, "AttemptSucceeded": 1, "TaskSucceeded": 1}
"""How many events of which kind every task has."""


# --- shapes ----------------------------------------------------------------------------------


def layered() -> Graph:
    """Return 100 layers of 100 tasks; each needs three of the layer before."""
    return {
        f"t{layer}_{place}": [f"t{layer - 1}_{(place + k) % 100}" for k in range(3 if layer else 0)]
        for layer in range(100)
        for place in range(100)
    }


def chain() -> Graph:
    """Return 10,000 tasks, each after the one before."""
    return {f"t{number}": [f"t{number - 1}"] if number else [] for number in range(10_000)}


def wide() -> Graph:
    """Return 9,998 tasks between a first and a last one."""
    middle = {f"t{number}": ["first"] for number in range(9_998)}
    return {"first": [], **middle, "last": list(middle)}


def tree() -> Graph:
    """Return a reduction of 8,192 leaves by pairs."""
    graph: dict[str, list[str]] = {f"l0_{place}": [] for place in range(8_192)}
    for level in range(1, 14):
        for place in range(8_192 >> level):
            graph[f"l{level}_{place}"] = [f"l{level - 1}_{2 * place + k}" for k in (0, 1)]
    return graph


SHAPES: dict[str, Callable[[], Graph]] = {
    "layered 100×100": layered,
    "chain 10k": chain,
    "wide 10k": wide,
    "tree 8,192": tree,
}


# --- what is timed ---------------------------------------------------------------------------


class Spent(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    cpu: float


class Contest:
    """One shape, run by hand and by the engine in turns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._flow = _flow_of(graph)
        self._expected: dict[str, int] = {}
        for name, needed in graph.items():
            self._expected[name] = work(*[self._expected[other] for other in needed])

    def by_hand(self) -> Spent:
        """Time the loop written by hand."""
        spent, results = _timed(lambda: by_hand(self._graph))
        _require(results == self._expected, "the loop's results are right")
        return spent

    def ours(self) -> Spent:
        """Time the engine without a journal."""
        return self._ours(None)

    def ours_recorded(self) -> Spent:
        """Time the engine with a journal."""
        with tempfile.TemporaryDirectory() as state:
            return self._ours(Path(state))

    def first_run(self) -> Spent:
        """Time the engine with a journal, on a flow that was never run."""
        self._flow = _flow_of(self._graph)
        return self.ours_recorded()

    def _ours(self, journal: Path | None) -> Spent:
        heard: list[Event] = []

        def hear(event: Event) -> None:
            heard.append(event)

        bus = EventBus()
        bus.subscribe(hear)
        run = partial(self._flow.run, bus=bus, journal=journal, max_parallel=THREADS)
        spent, result = _timed(run)
        self._check(result, heard)
        return spent

    def _check(self, result: RunResult, heard: list[Event]) -> None:
        _require(dict(result) == self._expected, "the engine's results are right")
        _require([e.seq for e in heard] == list(range(1, len(heard) + 1)), "no event is missing")
        started = Counter(e.task for e in heard if isinstance(e, AttemptStarted))
        _require(started == dict.fromkeys(self._graph, 1), "every task ran once")
        kinds = Counter(event.kind for event in heard)
        wanted = {kind: count * len(self._graph) for kind, count in WANTED.items()}
        of_run = {"RunCreated": 1, "RunStarted": 1, "RunSettled": 1}
        _require(kinds == wanted | of_run, "the events are those expected")


def _flow_of(graph: Graph) -> Flow:
    tasks = [Task(work, name=name, depends_on=needed) for name, needed in graph.items()]
    return Flow("bench", tasks)


def _timed(run: Callable[[], T]) -> tuple[Spent, T]:
    gc.collect()  # so that nobody pays for the rubbish of the one before
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu), result


def _require(fact: bool, what: str) -> None:
    if not fact:
        raise SystemExit(f"It does not hold that {what}.")


# --- the table -------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Contest], Spent]] = {
    "G": Contest.by_hand,
    "ours": Contest.ours,
    "journal": Contest.ours_recorded,
    "first": Contest.first_run,
}


def measure(graph: Graph, rounds: int) -> dict[str, float]:
    """Return the medians for one shape, after one round that does not count."""
    contest = Contest(graph)
    spent: dict[str, list[Spent]] = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way, run in WAYS.items():
            spent[way].append(run(contest))
    row: dict[str, float] = {"tasks": len(graph)}
    for way, all_of_them in spent.items():
        counted = all_of_them[1:]
        row[f"{way} tasks/s"] = len(graph) / statistics.median(s.wall for s in counted)
        row[f"{way} CPU µs"] = statistics.median(s.cpu for s in counted) / len(graph) * 1e6
    for way in tuple(WAYS)[1:]:
        ratios = [g.wall / s.wall for g, s in zip(spent["G"], spent[way], strict=True)]
        row[f"{way} / G"] = statistics.median(ratios[1:])
    return row


def show(name: str, row: Mapping[str, float]) -> None:
    rates = " ".join(f"{row[f'{way} tasks/s']:>9,.0f}" for way in WAYS)
    ratios = " ".join(f"{row[f'{way} / G']:>8.2f}×" for way in tuple(WAYS)[1:])
    costs = " ".join(f"{row[f'{way} CPU µs']:>8.1f}" for way in WAYS)
    print(f"{name:16} {rates} {ratios} {costs}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.add_argument("--peers", action="store_true", help="then time other tools as well")
    parser.add_argument("--shape", default="", metavar="NAME", help="only those that start so")
    options = parser.parse_args()
    about = machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'':16} {'tasks a second':^39} {'ours : G':^29} {'CPU µs a task':^35}")
    ours = tuple(WAYS)[1:]
    heads = [f"{way:>9}" for way in (*WAYS, *ours)] + [f"{way:>8}" for way in WAYS]
    print(f"{'':16} {' '.join(heads)}")
    rows: dict[str, dict[str, float]] = {}
    for name, shape in SHAPES.items():
        if name.startswith(options.shape):
            rows[name] = measure(shape(), options.rounds)
            show(name, rows[name])
    if options.json is not None:
        options.json.write_text(json.dumps({"about": about, "shapes": rows}, indent=2) + "\n")
    if options.peers:
        import benchmarks.peers as peers  # it imports this module

        peers.measure(peers.layered(), options.rounds)


if __name__ == "__main__":
    main()
