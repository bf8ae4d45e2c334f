"""Which keys a flow file has, and which are promised but not built."""

from typing import get_args

from taskflow_core.definition.keys import FlowKeys, OptionKeys, TaskKeys
from taskflow_core.loader.report import Report
from taskflow_core.loader.tree import Field, MapNode
from taskflow_core.params import Param
from taskflow_core.plan import CacheSpec
from taskflow_core.policies import Moment, RetryPolicy
from taskflow_core.readiness import Probe

OPTION_KEYS = frozenset(OptionKeys.__annotations__) - {"retries"}
"""The keys that say how a task is run; `defaults` has them, too."""
FLOW_KEYS = frozenset(FlowKeys.__annotations__) - {"cwd"} | {"name", "params", "tasks"}
FLOW_KEYS_TO_COME = frozenset({"secrets", "durability"})
ACTIONS = ("function", "command", "script", "flow", "approve", "wait")
TASK_KEYS = frozenset(TaskKeys.__annotations__) - {"retries"} | {*ACTIONS, "params"}
TASK_KEYS_TO_COME = frozenset({"on_lost"})
RETRY_KEYS = frozenset(RetryPolicy.__struct_fields__)
HANDLER_KEYS = frozenset({"function", "command", "timeout", "grace", "env"})
ROLLBACK_KEYS = HANDLER_KEYS | {"retry"}
BREAKPOINT_KEYS = frozenset({"at", "stop", "when", "condition", "hit"})
PARAM_KEYS = frozenset(Param.__struct_fields__)
APPROVE_KEYS = frozenset({"prompt", "fields"})
CACHE_KEYS = frozenset(CacheSpec.__struct_fields__)
WAIT_KEYS = frozenset({"for", "until", "file"})
SERVICE_KEYS = frozenset({"ready", "stop"})
READY_KEYS = frozenset(Probe.__struct_fields__)
EDGE_KEYS = frozenset({"task", "when"})

_OTHER_WORDS = {
    "run": "command",
    "cmd": "command",
    "sh": "command",
    "call": "function",
    "func": "function",
    "needs": "depends_on",
    "dependencies": "depends_on",
    "upstream": "depends_on",
    "after": "depends_on",
    "retries": "retry",
    "id": "name",
    "title": "name",
    "environment": "env",
    "vars": "env",
    "steps": "tasks",
    "jobs": "tasks",
    "stages": "tasks",
    "parallelism": "max_parallel",
    "concurrency": "max_parallel",
    "if": "when",
    "bash": "script",
    "python": "script",
    "stdout": "output",
    "working_directory": "cwd",
    "workdir": "cwd",
    "continue_on_error": "allow_failure",
    "ignore_errors": "allow_failure",
    "inputs": "params",
    "enum": "choices",
    "values": "choices",
    "description": "help",
    "regex": "pattern",
    "parameters": "kwargs",
    "arguments": "args",
    "for_each": "foreach",
    "loop": "foreach",
    "matrix": "foreach",
    "with_items": "foreach",
    "include": "flow",
    "subflow": "flow",
    "uses": "flow",
    "approval": "approve",
    "sleep": "wait",
    "message": "prompt",
    "question": "prompt",
    "duration": "for",
    "seconds": "for",
    "time": "until",
    "path": "file",
    "daemon": "service",
    "background": "service",
    "readiness_probe": "ready",
    "healthcheck": "ready",
    "port": "tcp",
    "url": "http",
    "http_get": "http",
    "ready_log_line": "log",
    "exec": "command",
    "interval": "every",
    "start_period": "within",
    "stop_signal": "stop",
    "signal": "stop",
    "condition": "when",
}
"""What other tools call our keys."""

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u00a0"))


class KeyCheck:
    """Says what is wrong with the keys of one kind of mapping."""

    def __init__(
        self,
        what: str,
        known: frozenset[str],
        to_come: frozenset[str] = frozenset(),
        elsewhere: dict[str, frozenset[str]] | None = None,
    ) -> None:
        self.what = what
        """As in `unknown key 'x' in a task`."""
        self.known = known
        self.to_come = to_come
        self.elsewhere = elsewhere or {}
        """Keys of other mappings, by where they belong."""
        self.all = sorted(known | to_come)

    def __call__(self, node: MapNode, report: Report) -> None:
        """Report the keys of `node` that are unknown or not built yet."""
        for name, field in node.fields.items():
            if name in self.known:
                continue
            if name in self.to_come:
                not_built(report, f"`{name}`", field)
            else:
                hint = self._hint(name, report)
                report.error(
                    "unknown-key", f"unknown key {_shown(name)} {self.what}", field.key, hint
                )

    def _hint(self, name: str, report: Report) -> str | None:
        cleaned = name.translate(_INVISIBLE)
        if cleaned in self.all:
            return f"Did you mean {cleaned!r}?"
        if (word := _OTHER_WORDS.get(name)) in self.known:
            return f"It is called `{word}` here."
        for place, keys in self.elsewhere.items():
            if name in keys:
                return f"`{name}` belongs {place}."
        return report.near(name, self.all)


def not_built(report: Report, what: str, field: Field) -> None:
    """Report something of the notation that no code carries out yet."""
    report.error("not-built-yet", f"{what} is not built yet", field.key)


def _shown(name: str) -> str:
    """Return a key as a message shows it: what looks like ASCII and is not gets a number."""
    if name.isascii():
        return repr(name)
    odd = next(character for character in name if not character.isascii())
    return f"{name!r} (with U+{ord(odd):04X})"


check_flow_keys = KeyCheck(
    "at the top of the file",
    FLOW_KEYS,
    FLOW_KEYS_TO_COME,
    {"inside a task": TASK_KEYS | TASK_KEYS_TO_COME},
)
check_task_keys = KeyCheck(
    "in a task", TASK_KEYS, TASK_KEYS_TO_COME, {"at the top of the file": FLOW_KEYS}
)
check_default_keys = KeyCheck(
    "in `defaults`",
    OPTION_KEYS,
    TASK_KEYS_TO_COME,
    {"inside a task": TASK_KEYS, "at the top of the file": FLOW_KEYS},
)
check_retry_keys = KeyCheck("in `retry`", RETRY_KEYS)
check_breakpoint_keys = KeyCheck("in a breakpoint", BREAKPOINT_KEYS)
check_moments = KeyCheck("in `handlers`", frozenset(get_args(Moment)))
check_handler_keys = KeyCheck("in a handler", HANDLER_KEYS)
check_rollback_keys = KeyCheck("in `rollback`", ROLLBACK_KEYS)
check_param_keys = KeyCheck("in a parameter", PARAM_KEYS)
check_field_keys = KeyCheck("in a field", PARAM_KEYS)
check_approve_keys = KeyCheck("in `approve`", APPROVE_KEYS)
check_cache_keys = KeyCheck("in `cache`", CACHE_KEYS)
check_service_keys = KeyCheck(
    "in `service`",
    SERVICE_KEYS,
    elsewhere={"inside `ready`": READY_KEYS - TASK_KEYS, "inside a task": TASK_KEYS},
)
check_ready_keys = KeyCheck(
    "in `ready`",
    READY_KEYS,
    elsewhere={"inside `service`": SERVICE_KEYS, "inside a task": TASK_KEYS},
)
check_edge_keys = KeyCheck("in a dependency", EDGE_KEYS, elsewhere={"inside a task": TASK_KEYS})
check_wait_keys = KeyCheck("in `wait`", WAIT_KEYS, elsewhere={"inside a task": TASK_KEYS})
