"""`service`: how it is found out that a task which lives beside others is ready."""

from collections.abc import Callable

from taskflow_core.definition.service_keys import STOP_SIGNALS, WAYS
from taskflow_core.loader.action_reader import ActionReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import check_ready_keys, check_service_keys
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression
from taskflow_core.readiness import (
    EVERY,
    TIMEOUT,
    WITHIN,
    Address,
    Probe,
    Service,
    StopSignal,
    http_address,
    log_pattern,
    tcp_address,
)

_HOW = "Write `{ready: {tcp: 5432}}`, or `true`."


class ServiceReader:
    """Reads what tasks say of being services.

    Args:
        values: Reads and reports.
        expressions: Reads texts in which expressions may stand.
        actions: Reads commands.
    """

    def __init__(
        self, values: Values, expressions: ExpressionsReader, actions: ActionReader
    ) -> None:
        self._values = values
        self._report = values.report
        self._expressions = expressions
        self._actions = actions

    def read(self, node: Node, what: str) -> Service | None:
        """Return what `true`, or a mapping, says of a service."""
        if isinstance(node, Scalar) and node.value is True:
            return Service()
        if not isinstance(node, MapNode):
            self._values.wrong(node, what, "true or a mapping", _HOW)
            return None
        check_service_keys(node, self._report)
        optional, stop = self._values.optional, self._values.one_of(STOP_SIGNALS)
        signal: StopSignal = optional(node, "stop", stop, "TERM")
        return Service(ready=optional(node, "ready", self._probe, None), stop=signal)

    def _probe(self, node: Node, what: str) -> Probe | None:
        probe = self._values.mapping(node, what, "Write `{tcp: 5432}`.")
        if probe is None:
            return None
        check_ready_keys(probe, self._report)
        self._check_one(probe)
        optional, length = self._values.optional, self._values.positive_duration
        return Probe(
            command=optional(probe, "command", self._actions.command, None),
            tcp=optional(probe, "tcp", self._tcp, None),
            http=optional(probe, "http", self._http, None),
            log=optional(probe, "log", self._log, None),
            every=optional(probe, "every", length, EVERY),
            timeout=optional(probe, "timeout", length, TIMEOUT),
            within=optional(probe, "within", length, WITHIN),
        )

    def _check_one(self, node: MapNode) -> None:
        named = sorted((node.fields[way].key, way) for way in WAYS if way in node.fields)
        if len(named) > 1:
            both = " and ".join(f"`{way}`" for _, way in named)
            message = f"a probe finds out in one way, not by {both}"
            self._report.error("two-actions", message, named[1][0], "Keep one.")
        elif not named:
            message = f"`ready` needs one of {', '.join(f'`{way}`' for way in WAYS)}"
            self._report.error("missing-action", message, node.span, "Say how to find out.")

    def _tcp(self, node: Node, what: str) -> str | None:
        if isinstance(node, Scalar) and type(node.value) is int:
            node = Scalar(node.start, node.end, str(node.value), node.text)
        return self._address(node, what, tcp_address)

    def _http(self, node: Node, what: str) -> str | None:
        return self._address(node, what, http_address)

    def _address(self, node: Node, what: str, read: Callable[[str], Address]) -> str | None:
        text = self._values.text(node, what)
        if text is None:
            return None
        if has_expression(node):
            self._expressions.text(node, text)
            return text
        try:
            read(text)
        except ValueError as error:
            fact, _, hint = str(error).partition("; ")
            advice = f"{hint[:1].upper()}{hint[1:]}." if hint else None
            self._report.error("bad-address", f"{what} is {fact}", node.span, advice)
            return None
        return text

    def _log(self, node: Node, what: str) -> str | None:
        text = self._values.word(node, what)
        if text is None:
            return None
        try:
            log_pattern(text)
        except ValueError as error:
            self._report.error("bad-pattern", f"{what} is {error}", node.span)
            return None
        return text
