"""How a task is run: `retry`, `timeout`, `grace`, `env`, `executor`."""

from typing import Any

from taskflow_core.loader.grammar import check_retry_keys
from taskflow_core.loader.tree import MapNode, Node, Scalar
from taskflow_core.loader.values import Values
from taskflow_core.plan import DEFAULT_GRACE, TaskOptions
from taskflow_core.policies import NO_RETRY, Backoff, Jitter, RetryPolicy

EXECUTORS = ("thread", "process")
EXECUTORS_TO_COME = ("async", "inline", "dask")
BACKOFFS: tuple[Backoff, ...] = ("fixed", "linear", "exponential")
JITTERS: tuple[Jitter, ...] = ("none", "full", "plus_minus")


class OptionsReader:
    """Reads options; tasks that are run alike get the same object.

    Args:
        values: Reads and reports.
        env: The environment of the whole flow.
        cwd: The folder tasks run in.
    """

    def __init__(self, values: Values, env: dict[str, str], cwd: str) -> None:
        self._values = values
        self._env = env
        self._cwd = cwd
        self._shared: dict[tuple[Any, ...], TaskOptions] = {}

    def read(self, task: MapNode) -> TaskOptions:
        """Return the options of a task, with defaults for what is absent or wrong."""
        values = self._values
        env = values.environment(task)
        return self._share(
            executor=self._executor(task),
            retry=values.optional(task, "retry", self._retry, NO_RETRY),
            timeout=values.optional(task, "timeout", values.positive_duration, None),
            grace=values.optional(task, "grace", values.duration, DEFAULT_GRACE),
            env={**self._env, **env} if env else self._env,
        )

    def _share(self, **fields: Any) -> TaskOptions:
        key = (*fields.values(),)[:-1] + tuple(fields["env"].items())
        if key not in self._shared:
            self._shared[key] = TaskOptions(**fields, cwd=self._cwd)
        return self._shared[key]

    def _executor(self, task: MapNode) -> str:
        field = task.fields.get("executor")
        if "command" in task.fields:
            if field is not None:
                message = "a command has no `executor`: it is a process of its own"
                self._values.report.error("conflict", message, field.key, "Drop it.")
            return "shell"
        return self._values.optional(task, "executor", self._choose_executor, "process")

    def _choose_executor(self, node: Node, what: str) -> str | None:
        if isinstance(node, Scalar) and node.value in EXECUTORS_TO_COME:
            message = f"executor `{node.value}` is not built yet"
            hint = f"There is {' and '.join(EXECUTORS)}."
            self._values.report.error("not-built-yet", message, node.span, hint)
            return None
        return self._values.one_of(EXECUTORS)(node, what)

    def _retry(self, node: Node, what: str) -> RetryPolicy | None:
        if isinstance(node, MapNode):
            check_retry_keys(node, self._values.report)
            self._check_retries(node)
            return self._policy(node)
        retries = self._values.whole(node, what)
        return RetryPolicy(retries=retries) if retries else None

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
            backoff=(v.optional(node, "backoff", v.one_of(BACKOFFS), default.backoff)),
            factor=v.optional(node, "factor", v.factor, default.factor),
            max_delay=v.optional(node, "max_delay", v.duration, None),
            jitter=(v.optional(node, "jitter", v.one_of(JITTERS), default.jitter)),
            max_elapsed=v.optional(node, "max_elapsed", v.duration, None),
            retry_on=v.optional(node, "retry_on", v.texts, ()),
            no_retry_on=v.optional(node, "no_retry_on", v.texts, ()),
            retry_exit_codes=v.optional(node, "retry_exit_codes", v.exit_codes, ()),
            crash_retries=v.optional(node, "crash_retries", v.whole, default.crash_retries),
        )
