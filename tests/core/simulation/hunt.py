"""Many random runs: which seeds show a mistake, and what the runs have come across."""

import traceback
from collections.abc import Iterable
from typing import NamedTuple

from taskflow_core.statuses import RunStatus
from tests.core.simulation.legal import Pair, unhit
from tests.core.simulation.world import World

SHOWN = 40
"""Lines of a log that a failure shows: what happened last."""


class Hunt(NamedTuple):
    """What came of some runs."""

    runs: int
    events: int
    outcomes: dict[RunStatus, int]
    pairs: set[Pair]
    run_pairs: set[Pair]
    failures: list[tuple[int, str]]
    """Seeds, and what went wrong."""

    def joined(self, other: "Hunt") -> "Hunt":
        """Return what came of these runs and of others together."""
        outcomes = dict(self.outcomes)
        for state, count in other.outcomes.items():
            outcomes[state] = outcomes.get(state, 0) + count
        return Hunt(
            self.runs + other.runs,
            self.events + other.events,
            outcomes,
            self.pairs | other.pairs,
            self.run_pairs | other.run_pairs,
            self.failures + other.failures,
        )

    @property
    def unhit(self) -> list[str]:
        """The legal pairs of state and event that no run came across."""
        return unhit(self.pairs, self.run_pairs)


NOTHING = Hunt(0, 0, {}, set(), set(), [])


def hunt(seeds: Iterable[int], *, failures: int = 5) -> Hunt:
    """Play the runs of `seeds`, until so many of them have failed.

    Whatever is raised is a mistake: refusals are answers, and are handled where one is asked for.
    """
    pairs: set[Pair] = set()
    run_pairs: set[Pair] = set()
    outcomes: dict[RunStatus, int] = {}
    failed: list[tuple[int, str]] = []
    runs = events = 0
    for seed in seeds:
        world = World(seed, pairs, run_pairs)
        try:
            world.play()
        except Exception as error:  # noqa: BLE001  a bug may raise anything
            failed.append((seed, f"{type(error).__name__}: {error}"))
        runs += 1
        events += len(world.events)
        outcomes[world.state.state] = outcomes.get(world.state.state, 0) + 1
        if len(failed) >= failures:
            break
    return Hunt(runs, events, outcomes, pairs, run_pairs, failed)


def log_of(seed: int) -> list[str]:
    """Return what happens in the run of a seed, a line each; what is wrong comes last."""
    world = World(seed, keeps_log=True)
    head = [f"seed {seed}: {world.written.to_json().decode()}"]
    try:
        world.play()
    except Exception as error:  # noqa: BLE001  a bug may raise anything
        where = traceback.extract_tb(error.__traceback__)[-1]
        world.log.append(f"✖ {type(error).__name__}: {error} ({where.name})")
    return head + world.log


def explain(seed: int, bug: str | None = None) -> str:
    """Return how to repeat the run of a seed, its plan, and what happened last.

    Args:
        seed: Of the run.
        bug: What is planted in the scheduler.
    """
    head, *lines = log_of(seed)
    left_out = [f"… {len(lines) - SHOWN} lines left out …"] if len(lines) > SHOWN else []
    repeat = f"repeat it with: python -m tests.core.simulation --show {seed}"
    repeat += f" --bug {bug}" if bug else ""
    return "\n".join([repeat, head, *left_out, *lines[-SHOWN:]])
