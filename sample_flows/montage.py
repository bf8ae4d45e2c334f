"""Flows of the shape of Montage, the astronomers' mosaic workflow, of 50 to 10,000 tasks.

    mProject ──┬─ mDiffFit ─ mConcatFit ─ mBgModel ─┬─ mBackground ─┬─ mImgtbl ─┬─ mAdd ─ mViewer
    (a tile)   │  (a pair)                          │  (a tile)     │           │
               └────────────────────────────────────┘               └───────────┘

Nothing is computed about stars: a task sleeps, or keeps a processor busy, for its share of the
flow's seconds. The shares of the kinds are the medians of the trace
montage-chameleon-2mass-01d-001 of WfCommons WfInstances (DOI 10.5281/zenodo.12510982), and so is
the number of overlaps: 45 pairs among 21 tiles.

`flow`, `medium`, `large` and `huge` are ready to run: `taskflow-tui montage.py:huge`.
"""

import math
import time
from collections.abc import Iterator
from typing import Literal

from taskflow_core import Flow, Task

Work = Literal["sleep", "compute"]

KINDS = {
    "mProject": (16.210, "Reproject a tile onto the plane of the mosaic"),
    "mDiffFit": (0.095, "Fit a plane to the difference of two overlapping tiles"),
    "mConcatFit": (0.181, "Collect the fits of all pairs"),
    "mBgModel": (0.592, "Find the background correction of every tile"),
    "mBackground": (0.321, "Correct the background of a tile"),
    "mImgtbl": (0.180, "List the corrected tiles"),
    "mAdd": (0.336, "Add the tiles up to the mosaic"),
    "mViewer": (0.636, "Make a picture of the mosaic"),
}
"""Kind of task → seconds in the trace (median), and what it is there for."""

ONCE = ("mConcatFit", "mBgModel", "mImgtbl", "mAdd", "mViewer")
"""The kinds of which a flow has one task each."""
PAIRS_PER_TILE = 45 / 21
SMALLEST, LARGEST = 50, 10_000
GOLDEN = (math.sqrt(5) - 1) / 2


def sleep(kind: str, number: int, seconds: float) -> str:
    """Sleep for `seconds`; return what was done."""
    time.sleep(seconds)
    return f"{kind} {number} slept {seconds:.3f} s"


def compute(kind: str, number: int, seconds: float) -> str:
    """Keep one processor busy for `seconds` of its time; return what was done."""
    end = time.thread_time() + seconds
    pixels, brightness = 0, 0.0
    while time.thread_time() < end:
        brightness += sum(math.hypot(x, number) for x in range(1000))
        pixels += 1000
    done = f"{kind} {number} visited {pixels:,} pixels in {seconds:.3f} s"
    print(done)
    return done


def montage(tasks: int, seconds: float = 60.0, work: Work = "sleep") -> Flow:
    """Return a flow of exactly `tasks` tasks.

    Args:
        tasks: From 50 to 10,000.
        seconds: What the tasks take altogether, give or take the jitter of 20 %; a run takes
            about this divided by the number of tasks that run at once.
        work: `sleep` runs in threads, 32 at once; `compute` in as many worker processes as the
            engine thinks fit.

    Raises:
        ValueError: `tasks` is out of range.
    """
    rows = list(_rows(tasks))
    scale = seconds / sum(KINDS[kind][0] for kind, _, _, _ in rows)
    func, executor = (sleep, "thread") if work == "sleep" else (compute, "process")
    return Flow(
        f"montage-{tasks}",
        tasks=[
            Task(
                func,
                name=name,
                depends_on=upstream,
                description=KINDS[kind][1],
                args=(kind, number, KINDS[kind][0] * scale * jitter(number)),
                executor=executor,
            )
            for kind, number, name, upstream in rows
        ],
        description=f"A mosaic of {layout(tasks)[0]:,} tiles in {tasks:,} tasks that {work}",
        max_parallel=32 if work == "sleep" else None,
    )


def layout(tasks: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the number of tiles, and the pairs that overlap, of a flow of `tasks` tasks.

    Tiles are numbered from 1, row by row, on a grid about as high as wide; a pair overlaps if it
    is adjacent in a row or column, and, until there are enough, diagonally.

    Raises:
        ValueError: `tasks` is not between 50 and 10,000.
    """
    if not SMALLEST <= tasks <= LARGEST:
        raise ValueError(f"a montage has {SMALLEST} to {LARGEST:,} tasks, not {tasks:,}")
    tiles = round((tasks - len(ONCE)) / (2 + PAIRS_PER_TILE))
    pairs = tasks - len(ONCE) - 2 * tiles
    return tiles, sorted(_adjacent(tiles)[:pairs])


def jitter(number: int) -> float:
    """Return a factor from 0.8 to 1.2, the same for the same number, 1 on average.

    The fractional parts of the multiples of the golden ratio are spread evenly (Weyl, 1916).
    """
    return 0.8 + 0.4 * (number * GOLDEN % 1)


def _rows(tasks: int) -> Iterator[tuple[str, int, str, list[str]]]:
    """Yield kind, number, name and upstream names of every task, upstream tasks first."""
    tiles, pairs = layout(tasks)
    width = len(str(tiles))
    labels = [f"{tile:0{width}}" for tile in range(1, tiles + 1)]
    corrected = [f"mBackground-{label}" for label in labels]
    fits = [f"mDiffFit-{labels[a - 1]}-{labels[b - 1]}" for a, b in pairs]
    for tile, label in enumerate(labels, 1):
        yield "mProject", tile, f"mProject-{label}", []
    for number, ((a, b), name) in enumerate(zip(pairs, fits, strict=True), 1):
        ends = [f"mProject-{labels[a - 1]}", f"mProject-{labels[b - 1]}"]
        yield "mDiffFit", number, name, ends
    yield "mConcatFit", 1, "mConcatFit", fits
    yield "mBgModel", 1, "mBgModel", ["mConcatFit"]
    for tile, (label, name) in enumerate(zip(labels, corrected, strict=True), 1):
        yield "mBackground", tile, name, [f"mProject-{label}", "mBgModel"]
    yield "mImgtbl", 1, "mImgtbl", corrected
    yield "mAdd", 1, "mAdd", [*corrected, "mImgtbl"]
    yield "mViewer", 1, "mViewer", ["mAdd"]


def _adjacent(tiles: int) -> list[tuple[int, int]]:
    """Return all pairs of adjacent tiles: those that share a side first, then the diagonal."""
    width = math.isqrt(tiles - 1) + 1
    sides: list[tuple[int, int]] = []
    corners: list[tuple[int, int]] = []
    for tile in range(1, tiles + 1):
        last = tile % width == 0
        first = tile % width == 1
        sides += [(tile, tile + 1)] if not last else []
        sides += [(tile, tile + width)]
        corners += [(tile, tile + width + 1)] if not last else []
        corners += [(tile, tile + width - 1)] if not first else []
    return [pair for pair in sides + corners if pair[1] <= tiles]


flow = montage(50, seconds=24, work="compute")
"""About 12 s on two processors."""
medium = montage(500, seconds=300)
"""About 12 s."""
large = montage(2_000, seconds=480)
"""About 17 s."""
huge = montage(10_000, seconds=640)
"""About 25 s: 20 s of sleep, 32 at once, and what the engine adds."""
