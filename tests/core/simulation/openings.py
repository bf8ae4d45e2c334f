"""What waiting tasks of a simulated run are told; chance decides."""

from collections.abc import Sequence
from random import Random

import taskflow_core.events as ev
from taskflow_core.errors import TaskflowError
from taskflow_core.scheduling.openings import Assumed, Items
from taskflow_core.state import RunState


class Drawn(Assumed):
    """Lists of any length, and now and then none."""

    def __init__(self, state: RunState, rng: Random) -> None:
        super().__init__(state)
        self._rng = rng

    def items(self, number: int) -> Items:
        self._may_fail("no list")
        return Items(self._rng.choice((0, 1, 1, 2, 3)), {"value": None})

    def params(self, number: int) -> dict[str, object]:
        self._may_fail("no value")
        return {}

    def question(self, number: int) -> str:
        self._may_fail("no question")
        return "?"

    def gathered(self, number: int, children: Sequence[int]) -> ev.Preview:
        return {"value": list(children)}

    def _may_fail(self, what: str) -> None:
        if self._rng.random() < 0.05:
            raise TaskflowError(what)
