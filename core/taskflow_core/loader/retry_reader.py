"""`retry`: a number of extra attempts, or a mapping."""

from typing import get_args

from taskflow_core.loader.grammar import check_retry_keys
from taskflow_core.loader.tree import MapNode, Node
from taskflow_core.loader.values import Values
from taskflow_core.policies import NO_RETRY, Backoff, Jitter, RetryPolicy

BACKOFFS: tuple[Backoff, ...] = get_args(Backoff)
JITTERS: tuple[Jitter, ...] = get_args(Jitter)


class RetryReader:
    """Reads retry policies."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(self, node: Node, what: str) -> RetryPolicy | None:
        """Return a policy."""
        if isinstance(node, MapNode):
            check_retry_keys(node, self._values.report)
            self._check_retries(node)
            return self._policy(node)
        retries = self._values.whole(node, what)
        if retries is None:
            return None
        return RetryPolicy(retries=retries) if retries else NO_RETRY

    def _check_retries(self, node: MapNode) -> None:
        if "retries" not in node.fields and "crash_retries" not in node.fields:
            message = "`retry` without `retries` never tries again"
            self._values.report.warning("no-retries", message, node.span, "Add `retries: 3`.")

    def _policy(self, node: MapNode) -> RetryPolicy:
        v = self._values
        default = NO_RETRY
        return RetryPolicy(
            retries=v.optional(node, "retries", v.whole, default.retries),
            delay=v.optional(node, "delay", v.durations, default.delay),
            backoff=v.optional(node, "backoff", v.one_of(BACKOFFS), default.backoff),
            factor=v.optional(node, "factor", v.factor, default.factor),
            max_delay=v.optional(node, "max_delay", v.duration, None),
            jitter=v.optional(node, "jitter", v.one_of(JITTERS), default.jitter),
            max_elapsed=v.optional(node, "max_elapsed", v.duration, None),
            retry_on=v.optional(node, "retry_on", v.words, ()),
            no_retry_on=v.optional(node, "no_retry_on", v.words, ()),
            retry_exit_codes=v.optional(node, "retry_exit_codes", v.exit_codes, ()),
            crash_retries=v.optional(node, "crash_retries", v.whole, default.crash_retries),
        )
