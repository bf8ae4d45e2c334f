"""What the scheduler needs to know of a plan at every run: worked out once for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

from taskflow_core.policies import TriggerRule

Kind = tuple[str, str | None, tuple[int, ...]]
"""What a task takes slots of: its executor, its pool, and the containers that limit how many of
their children run at once."""


class Layout(NamedTuple):
    """Facts about the tasks of a plan, by number."""

    start_order: list[int]
    """The tasks in the order in which those that are ready start: higher priority, then the
    longest way to the end, then file order. If the plan says that all ways count as equally long,
    it is file order; tasks that start as they came go by this where they came together."""
    rank: list[int]
    """The place of each task in that order."""
    place: list[int]
    """The place that each task would have if no priority was higher than another."""
    kinds: list[Kind]
    """What occurs of what tasks take slots of."""
    kind_of: list[int]
    """Which of them each task has, by its place in `kinds`."""
    rules: list[TriggerRule]
    """The trigger rule of each task."""
    first: list[int]
    """The tasks that may start, or end, before any other has ended."""

    @classmethod
    def of(
        cls,
        places: Sequence[Kind],
        rules: list[TriggerRule],
        priorities: Sequence[int],
        longest: Sequence[float],
        upstream: Sequence[Sequence[int]],
    ) -> "Layout":
        """Return the facts, given some of each task.

        Args:
            places: What it takes slots of.
            rules: Trigger rules.
            priorities: Those that start first have higher ones.
            longest: What is left on the longest way to the end.
            upstream: The tasks that it depends on.
        """
        order = sorted(range(len(longest)), key=longest.__getitem__, reverse=True)
        rank = place = _places(order)
        if any(priorities):
            order.sort(key=lambda number: -priorities[number])
            rank = _places(order)
        kinds: dict[Kind, int] = {}
        return cls(
            start_order=order,
            rank=rank,
            place=place,
            kind_of=[kinds.setdefault(place, len(kinds)) for place in places],
            kinds=list(kinds),
            rules=rules,
            first=[n for n, rule in enumerate(rules) if rule != "all_success" or not upstream[n]],
        )


def _places(order: list[int]) -> list[int]:
    places = [0] * len(order)
    for place, number in enumerate(order):
        places[number] = place
    return places
