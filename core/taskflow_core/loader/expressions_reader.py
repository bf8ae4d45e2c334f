"""The texts of a flow file in which expressions may stand."""

from typing import NamedTuple

from taskflow_core.expression_checks import Examined, Kind, cost, examine
from taskflow_core.expressions import Reference
from taskflow_core.expressions.split import OPEN
from taskflow_core.loader.report import Report
from taskflow_core.loader.text_place import TextPlace
from taskflow_core.loader.tree import Node

MOST = 1_000_000
"""The `cost` of all expressions in one file; those that stand there again are free."""


class Written(NamedTuple):
    """The names that one text uses, and where it is written."""

    references: tuple[Reference, ...]
    place: TextPlace
    sees_itself: bool = False
    """It is evaluated when the task has run."""
    sees_item: bool = False
    """Of a task with `foreach`: it is evaluated for each item."""


class ExpressionsReader:
    """Reports expressions that are wrong in themselves, and notes which names the others use."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._written: list[Written] = []
        self._examined: dict[tuple[str, Kind], Examined] = {}
        self._cost = 0

    def take(self) -> tuple[Written, ...]:
        """Return what was noted since this was called last."""
        taken = tuple(self._written)
        self._written.clear()
        return taken

    def text(self, node: Node, value: str, *, sees_itself: bool = False) -> None:
        """Read text with `${{ … }}` in it, or without."""
        self._read(node, value, "text", sees_itself=sees_itself, sees_item=True)

    def text_read_once(self, node: Node, value: str) -> None:
        """Read text with `${{ … }}` in it that is evaluated before there are items."""
        self._read(node, value, "text")

    def command(self, node: Node, value: str, *, sees_itself: bool = False) -> None:
        """Read text that `sh` reads, where values are quoted."""
        self._read(node, value, "command", sees_itself=sees_itself, sees_item=True)

    def script(self, node: Node, value: str, kind: Kind) -> None:
        """Read a script; `kind` is what `expression_checks.script_kind` says of it."""
        self._read(node, value, kind, sees_item=True)

    def value(self, node: Node, value: str) -> bool:
        """Read a bare expression, or one `${{ … }}`, of any value; say whether it is one."""
        return not self._read(node, value, "condition").faults

    def condition(self, node: Node, value: str, *, sees_itself: bool = False) -> None:
        """Read a bare expression, or one `${{ … }}`."""
        found = self._read(node, value, "condition", sees_itself=sees_itself)
        if not found.references and not found.faults:
            message = "this condition names nothing that could change"
            hint = "Name a parameter or a task: params.mode == 'full'."
            self._report.warning("constant-condition", message, node.span, hint)

    def _read(
        self,
        node: Node,
        value: str,
        kind: Kind,
        *,
        sees_itself: bool = False,
        sees_item: bool = False,
    ) -> Examined:
        if kind != "condition" and OPEN not in value:
            return Examined((), ())
        found = self._examine(node, value, kind)
        place = TextPlace(self._report.source, node, value)
        for fault in found.faults:
            self._report.error(fault.slug, fault.message, place.span(fault.offset), fault.hint)
        if found.references:
            self._written.append(Written(found.references, place, sees_itself, sees_item))
        return found

    def _examine(self, node: Node, value: str, kind: Kind) -> Examined:
        known = self._examined.get((value, kind))
        if known is not None:
            return known
        self._cost += cost(value, kind)
        if self._cost > MOST:
            message = "the expressions of the file are too many, or too long, to read them all"
            hint = "Compute more in tasks, or split the flow."
            self._report.stop("too-many-expressions", message, node.span, hint)
        return self._examined.setdefault((value, kind), examine(value, kind))
