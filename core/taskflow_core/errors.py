"""Everything TaskFlow raises on purpose.

TaskflowError
├── DefinitionError            a flow that cannot be what it says
│   ├── DuplicateTaskError
│   ├── UnknownTaskError
│   ├── UnknownPoolError
│   ├── CycleError
│   ├── ArgumentsError         a function's parameters cannot be filled
│   ├── ExecutorError          an executor that is not there (`executors.installed`)
│   ├── FunctionError          a dotted name leads to no function (`resolve`)
│   └── FlowModuleError        a Python flow file cannot be executed (`flow_module`)
├── FlowFileError              a flow file with problems, all of them at once
├── HelperError                the process that checks a flow gave no answer (`loader.ask`)
├── NotTrustedError            code would run from a folder nobody has vouched for
├── RunError                   a run that cannot be found or does not allow this
│   ├── RunNotFoundError
│   ├── RunOwnedError          another process owns the run
│   └── RefusedError           the run understood the request and said no
│       └── HandlersAtWorkError   it has settled, and cannot go on before its handlers have ended
├── JournalError               the record cannot be written or read
├── ResultError                a result cannot be stored, or had back (`results`)
├── UndigestibleError          a value, or code, cannot be compared (`caching`)
├── FilesError                 a file that a task names is not there, or unreadable (`caching`)
├── EntryError                 an entry of the cache cannot be used (`caching`)
├── CommandResultError         a command's output is not what was declared (`executors`)
├── ContextConflictError       two tasks wrote one context key differently (`visibility`)
├── ExpressionError            an expression cannot be parsed or evaluated (`expressions`)
├── ParamsError                parameters without a value, or with a wrong one (`params`)
└── TaskFailedError            the result of a task that has none

Fail, Retry and Skip are not errors of ours: task code raises them to say how its attempt ends.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import msgspec


class TaskflowError(Exception):
    """The root of every error raised on purpose: a fact, and what to do next."""

    hint: str | None
    """What to do about it, as a sentence; None where the fact says it all."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class DefinitionError(TaskflowError):
    """A flow that cannot be what it says."""

    task: str | None = None
    """The task that is wrong, where it is one."""


class DuplicateTaskError(DefinitionError):
    """Two tasks of one flow share a name."""

    def __init__(self, name: str, *, other: str) -> None:
        clash = "" if name == other else f" (differs from {other!r} only by case)"
        super().__init__(f"two tasks are called {name!r}{clash}", hint="Rename one of them.")
        self.task = name


class UnknownTaskError(DefinitionError):
    """A task depends on a name that no task of the flow has."""

    def __init__(self, name: str, *, needed_by: str, known: Iterable[str]) -> None:
        super().__init__(f"task {needed_by!r} depends on {name!r}, but no task has that name")
        self.task = needed_by
        self.name = name
        self.hint = suggestion(name, known) or f"Add a task called {name!r} or drop the dependency."


class UnknownPoolError(DefinitionError):
    """A task needs a slot of a pool that the flow does not declare."""

    def __init__(self, task: str, pool: str, *, known: Iterable[str]) -> None:
        super().__init__(f"task {task!r} needs the pool {pool!r}, but the flow declares none so")
        self.task = task
        self.hint = suggestion(pool, known) or f"Declare it: pools: {{ {pool}: 2 }}."


class CycleError(DefinitionError):
    """Tasks that wait for each other."""

    SHOWN = 8
    """At most this many tasks of a cycle are named in the message."""

    def __init__(self, cycle: Sequence[str]) -> None:
        names = [*cycle, cycle[0]]
        if len(cycle) > self.SHOWN:
            left_out = f"… {len(cycle) - self.SHOWN} more …"
            names = [*cycle[: self.SHOWN - 1], left_out, cycle[-1], cycle[0]]
        super().__init__(
            f"the tasks form a cycle: {' → '.join(names)}",
            hint="Each one waits for the one before it: remove one of these dependencies.",
        )
        self.task = cycle[0]
        self.cycle = tuple(cycle)


class ArgumentsError(DefinitionError):
    """A callable has a parameter that nothing can fill, or is given one that it has not."""

    def __init__(self, task: str | None, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.task = task
        self._parts: tuple[DefinitionError, ...] = ()

    @property
    def problems(self) -> tuple[DefinitionError, ...]:
        """Everything that is wrong, in task order; a single problem is the error itself."""
        return self._parts or (self,)

    @classmethod
    def of(cls, problems: Sequence[DefinitionError]) -> DefinitionError:
        """Return one error that says all of `problems`: at least one, each with its task."""
        if len(problems) == 1:
            return problems[0]
        lines = [f"task {problem.task!r}: {problem}" for problem in problems]
        hints = [f"task {problem.task!r}: {problem.hint}" for problem in problems if problem.hint]
        error = cls(problems[0].task, "\n".join(lines), hint="\n".join(hints) or None)
        error._parts = tuple(problems)
        return error


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with a flow file, and where."""

    file: str
    slug: str
    """A short stable name of the kind of problem, such as `unknown-key`."""
    message: str
    line: int | None = None
    """Counted from 1; None for a problem of the file as a whole."""
    column: int | None = None
    """Counted from 1, in characters."""
    end_line: int | None = None
    end_column: int | None = None
    severity: str = "error"
    """`error` or `warning`."""
    hint: str | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f":{self.line}:{self.column}"
        return f"{self.file}{place}: {self.message}"


class FlowFileError(TaskflowError):
    """A flow file that cannot be loaded.

    `problems` holds every one found, in file order, those in the files of sub-flows at the end.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotTrustedError(TaskflowError):
    """Code would have to run from a folder that nobody has vouched for."""

    problems: tuple[Problem, ...] = ()
    """Where flow files name that code as a sub-flow, and what else there is to say of them; empty
    if it is the flow file itself."""


class RunError(TaskflowError):
    """A run that cannot be found, or that does not allow what was asked."""


class RunNotFoundError(RunError):
    """No run, or more than one, goes by that name."""


class RunOwnedError(RunError):
    """Another living process owns the run."""


class RefusedError(RunError):
    """The run understood the request and said no."""


class HandlersAtWorkError(RefusedError):
    """The run has settled, and cannot go on before its handlers have ended."""


class JournalError(TaskflowError):
    """The record of a run cannot be written or read."""

    exit_code = 74
    """What a process that cannot go on because of this exits with (EX_IOERR)."""


class TaskFailedError(TaskflowError):
    """A task has no result, because it did not succeed."""

    def __init__(self, task: str, state: str, error: str | None) -> None:
        super().__init__(f"task {task!r} has no result: {state}" + (f" – {error}" if error else ""))
        self.task = task
        self.error = error


class Fail(Exception):  # noqa: N818  the word users write, from the public API
    """Raised by task code: this attempt failed, and trying again would not help."""


class Skip(Exception):  # noqa: N818
    """Raised by task code: there was nothing to do; the task ends SKIPPED."""


class Retry(Exception):  # noqa: N818
    """Raised by task code: try again, `after` seconds from now if given."""

    def __init__(self, message: str = "", *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Return `Did you mean …?` for a near miss among `known`, else None."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else None
