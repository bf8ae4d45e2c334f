"""A flow as a tree of text in which every task is found once.

Groups and sub-flows are branches. Inside of one, and among the other tasks, a task hangs below the
deepest of those it depends on there; what else it depends on is named behind it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from taskflow_core.export.annotations import annotate, group_of
from taskflow_core.export.lane_text import task_pieces
from taskflow_core.export.ordering import depth_first_order
from taskflow_core.export.text_lines import UNICODE, Charset, Ink, Piece, TextLine, as_text
from taskflow_core.graph import layers_of
from taskflow_core.plan import Plan
from taskflow_core.state import RunState

DEEPEST = 30
"""Levels whose lines are drawn; of deeper ones the number is said, and the last lines drawn."""

_BRANCH, _LAST, _BAR, _SPACE = "├─ ", "╰─ ", "│  ", "   "
_IN_ASCII = str.maketrans("├╰─│", "|`-|")


class _Place(NamedTuple):
    """A line of the tree that is yet to be written."""

    node: int | str
    """A task, or a group by name."""
    hidden: int
    bars: str
    """What is drawn in front of it, and of how many levels it is not."""
    branch: str

    def child(self, node: int | str, *, is_last: bool) -> "_Place":
        """Return the place of a child."""
        below = {"": "", _BRANCH: _BAR, _LAST: _SPACE}[self.branch]
        bars, hidden = self.bars + below, self.hidden
        if len(bars) > DEEPEST * len(_BAR):
            bars, hidden = bars[len(_BAR) :], hidden + 1
        return _Place(node, hidden, bars, _LAST if is_last else _BRANCH)


def to_tree(plan: Plan, state: RunState | None = None, charset: Charset = UNICODE) -> str:
    """Return the flow as a tree; every dependency is a branch or is named.

    Args:
        plan: What to draw.
        state: Of a run; each task has the sign of its state.
        charset: Unicode or ASCII.
    """
    return as_text(tree_lines(plan, state, charset))


def tree_lines(
    plan: Plan, state: RunState | None = None, charset: Charset = UNICODE
) -> list[TextLine]:
    """Return the lines of `to_tree` in pieces."""
    return list(_Tree(plan, state, charset).lines())


class _Tree:
    """What hangs where."""

    def __init__(self, plan: Plan, state: RunState | None, charset: Charset) -> None:
        self._plan = plan
        self._charset = charset
        self._annotations = annotate(plan, state)
        self._layer = layers_of(plan.order, plan.upstream)
        self._parent = [self._parent_of(number) for number in range(len(plan.tasks))]
        self._roots: dict[int | str, None] = {}
        self._children: dict[int | str, list[int]] = {}
        for number in depth_first_order(plan.upstream, plan.downstream):
            self._hang(number)

    def lines(self) -> Iterator[TextLine]:
        """Yield the tree, line by line."""
        stack = [_Place(root, 0, "", "") for root in reversed(self._roots)]
        while stack:
            place = stack.pop()
            yield self._line(place)
            children = self._children.get(place.node, [])
            last = len(children) - 1
            stack += [
                place.child(children[index], is_last=index == last) for index in range(last, -1, -1)
            ]

    def _parent_of(self, number: int) -> int | None:
        """Return the deepest task of the same group that the task depends on."""
        tasks = self._plan.tasks
        group = group_of(tasks[number])
        near = [n for n in self._plan.upstream[number] if group_of(tasks[n]) == group]
        return max(near, key=self._layer.__getitem__, default=None)

    def _hang(self, number: int) -> None:
        parent, group = self._parent[number], group_of(self._plan.tasks[number])
        if parent is not None:
            self._children.setdefault(parent, []).append(number)
        elif group is not None:
            self._roots[group] = None
            self._children.setdefault(group, []).append(number)
        else:
            self._roots[number] = None

    def _line(self, place: _Place) -> TextLine:
        front = (f"+{place.hidden} " if place.hidden else "") + place.bars + place.branch
        lines = Piece(front.translate(_IN_ASCII) if self._charset.is_ascii else front, Ink.LINE)
        if isinstance(place.node, str):
            return [lines, Piece(self._charset.text(place.node), Ink.NOTE)]
        number = place.node
        spec, annotation = self._plan.tasks[number], self._annotations[number]
        return [lines, *task_pieces(spec, annotation, self._charset), *self._others(number)]

    def _others(self, number: int) -> Sequence[Piece]:
        """Return what the task depends on besides its parent."""
        upstream = self._plan.upstream[number]
        names = [self._plan.tasks[n].name for n in upstream if n != self._parent[number]]
        if not names:
            return ()
        said = self._charset.text(", ".join(names))
        return (Piece(f"  {self._charset.needs} {said}", Ink.NOTE),)
