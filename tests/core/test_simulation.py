"""Thousands of random runs of the real scheduler: what must always hold, holds in all of them.

See `tests/core/simulation`; `python -m tests.core.simulation --runs 1000000` plays more of them.
"""

import re
import subprocess
import sys
from itertools import product

import pytest

from taskflow_core.scheduling import rules
from taskflow_core.scheduling.rules import verdict
from tests.core.simulation import oracle
from tests.core.simulation.bugs import BUGS, planted
from tests.core.simulation.hunt import Hunt, explain, hunt, log_of
from tests.core.simulation.plans import RULES

RUNS = 20_000


@pytest.fixture(scope="module")
def found() -> Hunt:
    return hunt(range(RUNS))


@pytest.mark.timeout(90)  # with the fixture
def test_no_random_run_breaks_an_invariant(found: Hunt) -> None:
    assert not found.failures, "\n\n".join(
        f"seed {seed}: {error}\n{explain(seed)}" for seed, error in found.failures
    )
    assert found.runs == RUNS


def test_random_runs_come_across_every_legal_pair_of_state_and_event(found: Hunt) -> None:
    assert found.unhit == []


def test_random_runs_end_in_every_way(found: Hunt) -> None:
    assert {"SUCCEEDED", "PARTIAL", "FAILED", "CANCELLED"} == {str(s) for s in found.outcomes}
    assert min(found.outcomes.values()) > RUNS // 200


def test_the_same_seed_gives_the_same_log_byte_for_byte() -> None:
    for seed in range(200):
        first, second = "\n".join(log_of(seed)), "\n".join(log_of(seed))

        assert first.encode() == second.encode()


def test_different_seeds_give_different_logs() -> None:
    assert len({"\n".join(log_of(seed)[1:]) for seed in range(50)}) > 45


@pytest.mark.parametrize("name", BUGS)
def test_a_known_bug_is_caught(name: str) -> None:
    with planted(name):
        caught = hunt(range(10_000), failures=1)

    assert caught.failures, f"10,000 runs did not notice that the scheduler {name}"


def test_there_are_fifteen_known_bugs_and_none_stays_behind() -> None:
    for name in BUGS:
        with planted(name):
            pass

    assert len(BUGS) >= 15
    assert hunt(range(200)).failures == []


@pytest.mark.parametrize("rule", RULES)
def test_a_trigger_rule_gives_what_its_row_of_the_table_says(rule: str) -> None:
    kinds = (rules.SUCCEEDED, rules.SKIPPED, rules.FAILED, rules.BLOCKED)
    for counts in product(range(3), repeat=5):
        waiting, *ended = counts
        seen = sum(kind for kind, count in zip(kinds, ended, strict=True) if count)

        expected = oracle.verdict(rule, oracle.Seen(sum(counts), *ended))

        assert verdict(rule, waiting, seen) == expected, counts  # type: ignore[arg-type]


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.core.simulation", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


def test_the_command_reports_coverage_and_names_what_never_happened() -> None:
    done = _command("--runs", "30", "--seed", "7", "--jobs", "2")

    assert done.returncode == 0, done.stderr
    assert "30 runs," in done.stdout
    assert "pairs of state and event:" in done.stdout
    assert "never: run " in done.stdout


def test_the_command_shows_a_failing_seed_and_how_to_repeat_it() -> None:
    done = _command("--runs", "300", "--bug", "treats_a_skip_as_success")

    assert done.returncode == 1
    failed = re.search(r"✖ seed (\d+): (ViolationError: .+)", done.stdout)
    repeat = re.search(r"repeat it with: python -m tests.core.simulation (.+)", done.stdout)
    assert failed is not None
    assert repeat is not None
    assert repeat[1].split()[:2] == ["--show", failed[1]]
    shown = _command(*repeat[1].split())
    assert shown.stdout.splitlines()[-1].startswith(f"✖ {failed[2]}")
