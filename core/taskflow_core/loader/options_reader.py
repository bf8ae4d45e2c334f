"""How tasks are run: the keys that a task has, and `defaults`."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, get_args

from taskflow_core.definition.task_settings import Settings, shell_argv
from taskflow_core.errors import DefinitionError
from taskflow_core.lanes import LANE_OF
from taskflow_core.loader.cache_reader import CacheReader
from taskflow_core.loader.condition_reader import BreakpointReader, ConditionReader
from taskflow_core.loader.expressions_reader import ExpressionsReader
from taskflow_core.loader.grammar import OPTION_KEYS
from taskflow_core.loader.retry_reader import RetryReader
from taskflow_core.loader.tree import ListNode, MapNode, Node, Scalar
from taskflow_core.loader.values import Values, has_expression
from taskflow_core.policies import Merge, Output, RollbackOn, TriggerRule

EXECUTORS = tuple(name for name in LANE_OF if name != "shell")
"""What is built in and runs functions."""
EXECUTORS_TO_COME = ("dask",)

_FORM_OF = {"breakpoint": "breakpoints"}
Variables = tuple[tuple[str, str], ...]
"""Names and values, for the environment."""
_Reader = Callable[[Node, str], Any]


class OptionsReader:
    """Reads options, in the form that `task_settings.settings_of` gives those of Python."""

    def __init__(self, values: Values, expressions: ExpressionsReader) -> None:
        self._values = values
        self._expressions = expressions
        conditions = ConditionReader(values, expressions)
        caching = CacheReader(values, expressions)
        self._readers: dict[str, _Reader] = {
            "retry": RetryReader(values).read,
            "timeout": values.positive_duration,
            "grace": values.duration,
            "env": self.environment,
            "cwd": values.word,
            "executor": self._executor,
            "trigger_rule": values.one_of(get_args(TriggerRule)),
            "when": conditions.read,
            "allow_failure": values.flag,
            "pool": values.word,
            "priority": values.integer,
            "group": values.word,
            "tags": values.words,
            "success_exit_codes": values.exit_codes,
            "output": values.one_of(get_args(Output)),
            "shell": self._shell,
            "merge": values.one_of(get_args(Merge)),
            "rollback_on": values.one_of(get_args(RollbackOn)),
            "breakpoint": BreakpointReader(values, conditions).read,
            "cache": caching.read,
            "inputs": caching.files,
            "outputs": caching.files,
        }
        if self._readers.keys() != OPTION_KEYS:
            raise AssertionError(f"not read: {self._readers.keys() ^ OPTION_KEYS}")

    def read(self, owner: MapNode) -> Settings:
        """Return the options that a task, or `defaults`, has and that are right."""
        found: dict[str, Any] = {}
        for key, field in owner.fields.items():
            reader = self._readers.get(key)
            value = None if reader is None else reader(field.value, f"`{key}`")
            if value is not None:
                found[_FORM_OF.get(key, key)] = value
        return found

    def environment(self, node: Node, what: str, *, sees_itself: bool = False) -> Variables | None:
        """Return the variables that `env` of a flow, a task or a rollback names.

        Args:
            node: What is written.
            what: What it is called, for messages.
            sees_itself: It is for what runs when the task has run.
        """
        mapping = self._values.mapping(node, what, "Write `NAME: value`.")
        if mapping is None:
            return None
        found: list[tuple[str, str]] = []
        for name, field in mapping.fields.items():
            key = Scalar(*field.key, name, name)
            if has_expression(key):
                self._values.misplaced(key, "the name of a variable")
            elif not name or "=" in name or "\0" in name:
                message = f"no variable can be called {name!r}"
                self._values.report.error("bad-variable", message, field.key)
            value = self._values.any_text(field.value, f"variable {name!r}")
            if value is not None:
                self._expressions.text(field.value, value, sees_itself=sees_itself)
                found.append((name, value))
        return tuple(found)

    def _executor(self, node: Node, what: str) -> str | None:
        name = node.value if isinstance(node, Scalar) else None
        known = EXECUTORS
        if isinstance(name, str) and name not in EXECUTORS and not has_expression(node):
            known = self._all_executors
        if name in EXECUTORS_TO_COME and name not in known:
            message = f"executor `{name}` is not built yet"
            hint = f"There is {', '.join(known)}."
            self._values.report.error("not-built-yet", message, node.span, hint)
            return None
        return self._values.one_of(known)(node, what)

    @cached_property
    def _all_executors(self) -> tuple[str, ...]:
        """Return also those that installed packages bring; to find them takes a while."""
        from taskflow_core.executors.installed import executor_names

        return tuple(name for name in executor_names() if name != "shell")

    def _shell(self, node: Node, what: str) -> tuple[str, ...] | None:
        is_list = isinstance(node, ListNode)
        words = self._values.words(node, what)
        if words is None:
            return None
        try:
            return shell_argv(what, words if is_list else words[0])
        except DefinitionError as error:
            self._values.report.error("bad-shell", str(error), node.span, error.hint)
            return None
