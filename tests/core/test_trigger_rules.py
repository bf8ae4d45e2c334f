"""What becomes of a task follows from its trigger rule and from how those upstream ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from typing import NamedTuple

import pytest

from taskflow_core.outcomes import Outcome, Skipped
from taskflow_core.plan import TaskSpec
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, GONE, OK, Drive, spec

ENDS = "SKFUCT"
"""How an upstream task can end: succeeded, skipped, failed, upstream failed, cancelled, and failed
although it may (`allow_failure`)."""
WAIT, RUN, SKIP, BLOCK = "PENDING", "READY", "SKIPPED", "UPSTREAM_FAILED"


class Seen(NamedTuple):
    """How many tasks upstream there are, and how many of them ended how; the table's letters."""

    n: int
    s: int
    k: int
    f: int
    u: int

    @property
    def d(self) -> int:
        return self.s + self.k + self.f + self.u


Says = Callable[[Seen], bool]


def never(_: Seen) -> bool:
    return False


@dataclass(frozen=True)
class Row:
    """A line of the table: when the rule fires, and what makes it impossible."""

    fires: Says
    blocks: Says = never
    skips: Says = never


TABLE: dict[str, Row] = {
    "all_success": Row(
        fires=lambda x: x.s == x.n,
        blocks=lambda x: x.f + x.u > 0,
        skips=lambda x: x.d == x.n and x.k > 0 and x.f + x.u == 0,
    ),
    "all_failed": Row(
        fires=lambda x: x.f + x.u == x.n,
        skips=lambda x: x.s > 0 or x.k > 0,
    ),
    "all_done": Row(fires=lambda x: x.d == x.n),
    "all_done_min_one_success": Row(
        fires=lambda x: x.d == x.n and x.s > 0,
        blocks=lambda x: x.d == x.n and x.s == 0,
    ),
    "all_skipped": Row(
        fires=lambda x: x.k == x.n,
        skips=lambda x: x.s + x.f + x.u > 0,
    ),
    "one_success": Row(
        fires=lambda x: x.s >= 1,
        blocks=lambda x: x.d == x.n and x.s == 0 and x.k < x.n,
        skips=lambda x: x.k == x.n,
    ),
    "one_failed": Row(
        fires=lambda x: x.f + x.u >= 1,
        skips=lambda x: x.d == x.n and x.f + x.u == 0,
    ),
    "one_done": Row(
        fires=lambda x: x.s + x.f >= 1,
        skips=lambda x: x.d == x.n and x.s + x.f == 0,
    ),
    "none_failed": Row(
        fires=lambda x: x.d == x.n and x.f + x.u == 0,
        blocks=lambda x: x.f + x.u > 0,
    ),
    "none_failed_min_one_success": Row(
        fires=lambda x: x.d == x.n and x.f + x.u == 0 and x.s >= 1,
        blocks=lambda x: x.f + x.u > 0,
        skips=lambda x: x.k == x.n,
    ),
    "none_skipped": Row(
        fires=lambda x: x.d == x.n and x.k == 0,
        skips=lambda x: x.k > 0,
    ),
    "always": Row(fires=lambda _: True),
}
DO_NOT_WAIT = {"one_success", "one_failed", "one_done", "always"}
ARRIVALS = [ends for n in range(4) for ends in product(ENDS, repeat=n)]
"""Every way in which up to three tasks can end, in every order."""


def by_the_table(rule: str, n: int, ended: Sequence[str]) -> str:
    """Return what the table says about a task once these of its n upstream tasks have ended."""
    if not n:
        return RUN
    row = TABLE[rule]
    for so_far in range(len(ended) + 1):
        count = [sum(end in kind for end in ended[:so_far]) for kind in ("ST", "K", "FC", "U")]
        seen = Seen(n, *count)
        decided = [
            said
            for said, says in ((RUN, row.fires), (BLOCK, row.blocks), (SKIP, row.skips))
            if says(seen)
        ]
        assert len(decided) <= 1, f"the table contradicts itself: {rule}, {seen}"
        if decided:
            return decided[0]
    return WAIT


@cache
def story(ends: tuple[str, ...]) -> list[dict[str, str]]:
    """Return what has become of a task of each rule after each of `ends`, and at first."""
    upstream = [task for number, end in enumerate(ends) for task in ending(number, end)]
    names = [f"u{number}" for number in range(len(ends))]
    drive = Drive(*upstream, *(spec(rule, *names, trigger_rule=rule) for rule in TABLE))
    for _ in ends:
        drive.take()
    said = [{rule: drive.status(rule).value for rule in TABLE}]
    for number, end in enumerate(ends):
        bring_about(drive, number, end)
        said.append({rule: drive.status(rule).value for rule in TABLE})
    return said


def ending(number: int, end: str) -> list[TaskSpec]:
    """Return a task that can end so, after the task that blocks it if it has to be blocked."""
    name = f"u{number}"
    if end == "U":
        return [spec(f"cause{number}"), spec(name, f"cause{number}")]
    return [spec(name, allow_failure=end == "T")]


def bring_about(drive: Drive, number: int, end: str) -> None:
    """Let the task end so."""
    name = f"u{number}"
    if end == "C":
        drive.scheduler.cancel(drive.now, [name], by="ann")
    outcomes: dict[str, Outcome] = {"S": OK, "K": Skipped("nothing new"), "C": GONE}
    outcome = outcomes.get(end, BROKEN)
    drive.end(f"cause{number}" if end == "U" else name, outcome)


@pytest.mark.parametrize("rule", TABLE)
def test_a_rule_does_what_the_table_says_at_every_step(rule: str) -> None:
    for ends in ARRIVALS:
        became = [moment[rule] for moment in story(ends)]
        said = [by_the_table(rule, len(ends), ends[:done]) for done in range(len(ends) + 1)]

        assert became == said, f"{rule}, upstream ended as {ends}"


@pytest.mark.parametrize("rule", TABLE)
def test_the_outcome_does_not_depend_on_the_order_of_arrival(rule: str) -> None:
    for ends in ARRIVALS:
        outcomes = {story(other)[-1][rule] for other in permutations(ends)}

        assert len(outcomes) == 1, f"{rule}, upstream ended as {ends} in any order"


@pytest.mark.parametrize("rule", sorted(TABLE.keys() - DO_NOT_WAIT))
def test_a_rule_about_all_starts_nothing_before_all_have_ended(rule: str) -> None:
    for ends in ARRIVALS:
        before_the_last = story(ends)[:-1]

        assert all(moment[rule] != RUN for moment in before_the_last), ends


@pytest.mark.parametrize("rule", TABLE)
def test_a_task_that_depends_on_nothing_starts_under_every_rule(rule: str) -> None:
    drive = Drive(spec("a", trigger_rule=rule))

    assert drive.status("a") is TaskStatus.READY


def test_a_skip_says_which_rule_asked_for_it() -> None:
    drive = Drive(
        spec("a"), spec("b", "a"), spec("alarm", "a", trigger_rule="one_failed"), spec("c", "b")
    )
    drive.start("a")
    drive.end("a", Skipped("nothing new"))

    assert drive.state.task("a").reason == "by_task: nothing new"
    assert drive.state.task("b").reason == "upstream_skipped"
    assert drive.state.task("c").reason == "upstream_skipped"
    assert drive.state.task("alarm").reason == "trigger_rule: one_failed"


def test_what_is_blocked_names_the_task_that_failed_not_the_one_in_between() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c", "b", trigger_rule="none_failed"))
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.state.task("b").reason == "a"
    assert drive.state.task("c").reason == "a"


def test_a_clean_up_runs_after_a_failure_and_the_run_still_fails() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("clean-up", "b", trigger_rule="all_done"))
    drive.start("a")
    drive.end("a", BROKEN)
    drive.run("clean-up")

    assert drive.statuses() == {"a": "FAILED", "b": "UPSTREAM_FAILED", "clean-up": "SUCCEEDED"}
    assert drive.outcome() is RunStatus.FAILED


def test_a_task_that_did_not_wait_is_not_started_twice() -> None:
    drive = Drive(spec("a"), spec("b"), spec("first", "a", "b", trigger_rule="one_success"))
    drive.start("a", "b")
    drive.end("a")
    drive.start("first")
    drive.end("b")
    drive.end("first")

    assert drive.kinds().count("TaskReady") == 3
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_run_that_only_waited_in_vain_fails_and_says_so() -> None:
    """Nothing failed, but a task that needs one success had none upstream."""
    drive = Drive(spec("a"), spec("b", "a", trigger_rule="all_done_min_one_success"))
    drive.start("a")
    drive.end("a", Skipped("nothing new"))

    assert drive.status("b") is TaskStatus.UPSTREAM_FAILED
    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.reason == "1 task blocked"


def test_a_tolerated_failure_counts_as_a_success_for_those_behind_it() -> None:
    drive = Drive(
        spec("a", allow_failure=True),
        spec("b", "a"),
        spec("alarm", "a", trigger_rule="one_failed"),
    )
    drive.start("a")
    drive.end("a", BROKEN)
    drive.run("b")

    assert drive.status("alarm") is TaskStatus.SKIPPED
    assert drive.outcome() is RunStatus.PARTIAL
    assert drive.state.reason == "1 task failed, as allowed"


def test_another_failure_beside_a_tolerated_one_fails_the_run() -> None:
    drive = Drive(spec("a", allow_failure=True), spec("b"))
    drive.start("a", "b")
    drive.end("a", BROKEN)
    drive.end("b", BROKEN)

    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.reason == "1 task failed"
