"""Drawing tasks inside of tasks: some tasks of a plan become containers, or wait for something."""

from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from taskflow_core.plan import Approval, ForEach, SubFlow, TaskSpec, Wait

DrawTask = Callable[[int, str], TaskSpec]
"""Returns the task with a number among those of its flow, whose names begin with a prefix."""
SUB = SubFlow(name="sub")
_KINDS = ("map", "map", "flow", "flow", "mapped flow", "approve", "moment", "file")


class Nested:
    """The tasks of a plan, with its templates."""

    def __init__(self, rng: Random, draw: DrawTask) -> None:
        self._rng = rng
        self._draw = draw
        self.tasks: list[TaskSpec] = []
        self.templates: list[TaskSpec] = []

    def add(self, spec: TaskSpec, share: float, depth: int = 0) -> None:
        """Add a task, which becomes something else with the probability `share`."""
        rng = self._rng
        kind = rng.choice(_KINDS) if rng.random() < share else ""
        spec = self._changed(spec, kind)
        (self.templates if "[]/" in spec.name else self.tasks).append(spec)
        if spec.subflow is not None and depth < 2:
            self._fill(spec, depth)

    def _changed(self, spec: TaskSpec, kind: str) -> TaskSpec:
        limit = self._rng.choice((None, None, 1, 2))
        items = ForEach("items")
        changes: dict[str, dict[str, Any]] = {
            "map": {"foreach": items, "max_parallel": limit},
            "flow": {"kind": "flow", "subflow": SUB, "max_parallel": limit},
            "mapped flow": {
                "kind": "flow",
                "subflow": SUB,
                "foreach": items,
                "max_parallel": limit,
            },
            "approve": {"kind": "approve", "approval": Approval("?")},
            "moment": {"kind": "wait", "wait": Wait(seconds=2.0)},
            "file": {"kind": "wait", "wait": Wait(file="/there")},
        }
        return msgspec.structs.replace(spec, **changes.get(kind, {}))

    def _fill(self, spec: TaskSpec, depth: int) -> None:
        """Draw the tasks of a sub-flow, or of each of its copies."""
        parent = spec.name if spec.foreach is None else f"{spec.name}[]"
        for number in range(self._rng.choice((0, 1, 2, 3))):
            child = msgspec.structs.replace(self._draw(number, f"{parent}/"), parent=parent)
            self.add(child, 0.25, depth + 1)
