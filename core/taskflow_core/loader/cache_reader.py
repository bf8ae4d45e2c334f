"""`cache`, and the files that a task reads and makes: `inputs` and `outputs`."""

from taskflow_core.expressions.split import OPEN
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import check_cache_keys
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import CacheSpec
from taskflow_core.specs import NAMED_PARAM

_WANTED = "true, false or a mapping"


class CacheReader:
    """Reads what a task's result depends on.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
    """

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._expressions = expressions

    def read(self, node: Node, what: str) -> CacheSpec | bool | None:
        """Return how a task is cached; False if it is not, whatever `defaults` say."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return CacheSpec() if node.value else False
        if not isinstance(node, MapNode):
            self._values.wrong(node, what, _WANTED, "Write `cache: true`.")
            return None
        check_cache_keys(node, self._values.report)
        nothing: tuple[str, ...] = ()
        return CacheSpec(
            key=self._values.optional(node, "key", self.key, nothing),
            ttl=self._values.optional(node, "ttl", self._values.positive_duration, None),
        )

    def files(self, node: Node, what: str) -> tuple[str, ...] | None:
        """Return names of files, which may be patterns; a single one is a list of one."""
        return self._names(node, what, is_key=False)

    def key(self, node: Node, what: str) -> tuple[str, ...] | None:
        """Return names of files, parameters and variables."""
        return self._names(node, what, is_key=True)

    def _names(self, node: Node, what: str, *, is_key: bool) -> tuple[str, ...] | None:
        is_one = isinstance(node, Scalar) and isinstance(node.value, str)
        nodes = [node] if is_one else self._values.items(node, what, "Write `[name, …]`.")
        if nodes is None:
            return None
        item = f"an item of {what}" if isinstance(node, ListNode) else what
        names = [self._name(each, item, is_key=is_key) for each in nodes]
        return tuple([name for name in names if name is not None])

    def _name(self, node: Node, what: str, *, is_key: bool) -> str | None:
        name = self._values.text(node, what)
        if name is not None and OPEN in name:
            self._expressions.text(node, name)
        elif name is not None and is_key and NAMED_PARAM.fullmatch(name):
            self._expressions.value(node, name)  # an unknown parameter is an error here too
        return name
