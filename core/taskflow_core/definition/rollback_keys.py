"""`rollback` as people write it: what undoes a task, checked."""

from collections.abc import Mapping

from taskflow_core.definition.deeds import READERS, Doing, doing
from taskflow_core.definition.keys import Deed
from taskflow_core.definition.retry_keys import retry_policy
from taskflow_core.errors import DefinitionError
from taskflow_core.policies import NO_RETRY, RetryPolicy


class Undoing(Doing, frozen=True, kw_only=True):
    """What undoes a task."""

    retry: RetryPolicy = NO_RETRY


def undoing_of(owner: str, value: Deed) -> Undoing:
    """Return what a callable, a dotted name or a mapping says of undoing a task.

    Args:
        owner: The name of the task.
        value: What it has as `rollback`.

    Raises:
        DefinitionError: it is none of these, or a field is not what it should be.
    """
    key = f"rollback of task {owner!r}"
    fields = doing(key, value, _READERS)
    if isinstance(value, Mapping) and "retry" in fields and "retries" in fields:
        raise DefinitionError(f"{key} has both retries and retry", hint="Keep one.")
    retry = fields.pop("retries", None) or fields.pop("retry", NO_RETRY)
    return Undoing(**fields, retry=retry)


_READERS = {**READERS, "retry": retry_policy, "retries": retry_policy}
ROLLBACK_KEYS = ("function", "command", *_READERS)
"""What a mapping may say."""
