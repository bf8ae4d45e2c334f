"""Play random runs: `python -m tests.core.simulation --runs 1000000 --seed 7 --jobs 2`."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from time import perf_counter

from tests.core.simulation.bugs import BUGS, planted
from tests.core.simulation.hunt import NOTHING, Hunt, explain, hunt, log_of
from tests.core.simulation.legal import RUN_PAIRS, TASK_PAIRS

CHUNK = 2_000
"""Runs between two lines of progress."""


def main() -> int:
    """Return 0 if nothing was found, else 1."""
    options = _options()
    with ExitStack() as stack:
        if options.bug is not None:
            stack.enter_context(planted(options.bug))
        if options.show is not None:
            sys.stdout.write("\n".join([*log_of(options.show), ""]))
            return 0
        return _hunt(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.core.simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first run; each has the next")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", type=int, metavar="SEED", help="print all that happens in a run")
    parser.add_argument("--bug", choices=sorted(BUGS), help="with this mistake in the scheduler")
    return parser.parse_args()


def _hunt(options: argparse.Namespace) -> int:
    began, found = perf_counter(), NOTHING
    for part in _parts(options):
        found = found.joined(part)
        seconds = perf_counter() - began
        print(f"{found.runs:>9,} runs  {seconds:7.1f} s  {len(found.failures)} failed", flush=True)
        if len(found.failures) >= 5:
            break
    _report(found, perf_counter() - began, options.bug)
    return 1 if found.failures else 0


def _parts(options: argparse.Namespace) -> Iterator[Hunt]:
    last = options.seed + options.runs
    starts = range(options.seed, last, CHUNK)
    seeds = [range(start, min(start + CHUNK, last)) for start in starts]
    if options.jobs == 1 or options.bug is not None:  # a bug is planted in this process alone
        yield from map(hunt, seeds)
        return
    with get_context("spawn").Pool(options.jobs) as pool:
        yield from pool.imap_unordered(hunt, seeds)


def _report(found: Hunt, seconds: float, bug: str | None) -> None:
    pairs = len(found.pairs) + len(found.run_pairs)
    print(f"\n{found.runs:,} runs, {found.events:,} events in {seconds:.1f} s")
    print("outcomes: " + ", ".join(f"{n:,} {state}" for state, n in sorted(found.outcomes.items())))
    print(f"pairs of state and event: {pairs} of {len(TASK_PAIRS) + len(RUN_PAIRS)} legal ones")
    for pair in found.unhit:
        print(f"  never: {pair}")
    for seed, error in found.failures:
        print(f"\n✖ seed {seed}: {error}\n{explain(seed, bug)}")


if __name__ == "__main__":
    sys.exit(main())
