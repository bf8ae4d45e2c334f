"""Which keys a flow file has, and which are promised but not built."""

from taskflow_core.loader.report import Report
from taskflow_core.loader.tree import Field, MapNode

FLOW_KEYS = frozenset({"name", "description", "env", "max_parallel", "tasks"})
FLOW_KEYS_TO_COME = frozenset(
    {"params", "secrets", "pools", "timeout", "on_failure", "defaults", "handlers", "durability"}
)
TASK_KEYS = frozenset(
    {
        "name",
        "description",
        "function",
        "command",
        "depends_on",
        "args",
        "kwargs",
        "retry",
        "timeout",
        "grace",
        "env",
        "executor",
    }
)
TASK_KEYS_TO_COME = frozenset(
    {
        "script",
        "shell",
        "flow",
        "params",
        "approve",
        "wait",
        "foreach",
        "max_parallel",
        "when",
        "trigger_rule",
        "pool",
        "rollback",
        "rollback_on",
        "output",
        "success_exit_codes",
        "cwd",
        "allow_failure",
        "priority",
        "tags",
        "group",
        "cache",
        "on_lost",
        "breakpoint",
        "merge",
        "inputs",
        "outputs",
        "service",
    }
)
RETRY_KEYS = frozenset(
    {
        "retries",
        "delay",
        "backoff",
        "factor",
        "max_delay",
        "jitter",
        "max_elapsed",
        "retry_on",
        "no_retry_on",
        "retry_exit_codes",
        "crash_retries",
    }
)
ACTIONS_TO_COME = frozenset({"script", "flow", "approve", "wait"})

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
    "parameters": "kwargs",
    "arguments": "args",
    "params": "kwargs",
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
    "at the top of the file", FLOW_KEYS, FLOW_KEYS_TO_COME, {"inside a task": TASK_KEYS}
)
check_task_keys = KeyCheck(
    "in a task", TASK_KEYS, TASK_KEYS_TO_COME, {"at the top of the file": FLOW_KEYS}
)
check_retry_keys = KeyCheck("in `retry`", RETRY_KEYS)
