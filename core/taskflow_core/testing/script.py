"""How simulated attempts end: said beforehand, task by task and attempt by attempt."""

from collections.abc import Mapping
from math import inf
from typing import Any, TypeAlias, cast

import msgspec

from taskflow_core.errors import DefinitionError
from taskflow_core.failure import outcome_of
from taskflow_core.outcomes import Crashed, Failed, Job, Outcome, Skipped, Stopped, Succeeded
from taskflow_core.plan import Plan
from taskflow_core.preview import preview

Script: TypeAlias = Any
"""How the attempts of a task end. A list says it of the first ones, one by one, and the later ones
succeed; anything else says it of all. Each is a word (`ok`, `fail`, `crash`, `skip`; `hang`, which
ends when it is told to stop; `stuck`, which ends only when it is killed), an exception that it
raises, an `Outcome`, or a value that it returns. A text, or a list, is returned by
`returns("text")`.

A service that ends well lives until it is told to stop; its probe finds it ready after its
duration. One that ends otherwise does so instead of becoming ready; `serves` says otherwise.
"""

_OK = Succeeded({"value": None})


class Ending(msgspec.Struct, frozen=True):
    """How one attempt ends."""

    outcome: Outcome | None
    """By itself; None if it goes on until it is stopped."""
    heeds_stop: bool = True
    """It ends when it is told to stop, and need not be killed."""
    lives: float | None = None
    """How many seconds a service lives from when it is ready; None: it never becomes so."""

    def of_service(self) -> "Ending":
        """Return what it means for a service: one that ends well lives until it is stopped."""
        if self.lives is not None or not isinstance(self.outcome, Succeeded):
            return self
        return Ending(None, lives=inf)

    def when_stopped(self, *, kill: bool) -> Outcome | None:
        """Return how it ends when it is told to stop; None if it goes on."""
        return Stopped(forced=kill) if kill or self.heeds_stop else None


_WORDS = {
    "ok": Ending(_OK),
    "fail": Ending(Failed(error="scripted failure", names=("Exception", "builtins.Exception"))),
    "crash": Ending(Crashed(error="scripted crash", signal="SIGKILL", exit_code=-9)),
    "skip": Ending(Skipped("scripted skip")),
    "hang": Ending(None),
    "stuck": Ending(None, heeds_stop=False),
}


def returns(value: object) -> Outcome:
    """Return the outcome of an attempt that returns `value`."""
    return Succeeded(preview(value))


def serves(seconds: float = inf, then: Script = "fail", *, heeds_stop: bool = True) -> Ending:
    """Return how a service lives: for so long after it became ready, if nobody stops it before.

    Args:
        seconds: How long.
        then: How it ends by itself, as `Script` says it of one attempt.
        heeds_stop: It ends when it is told to stop, and need not be killed.
    """
    outcome = _ending("a service", then).outcome
    return Ending(outcome, heeds_stop=heeds_stop, lives=seconds)


class Scripts:
    """The endings of all attempts of a plan.

    Args:
        plan: The tasks.
        scripts: By task name; tasks that are not named succeed.

    Raises:
        UnknownTaskError: a name is no task's.
        DefinitionError: a word means nothing.
    """

    def __init__(self, plan: Plan, scripts: Mapping[str, Script]) -> None:
        self._endings: dict[int, list[Ending] | Ending] = {}
        self._made: dict[int, int] = {}
        self._services = {n for n, spec in enumerate(plan.tasks) if spec.service is not None}
        for name, script in scripts.items():
            number = plan.number_of(name)
            if isinstance(script, list):
                parts = cast("list[object]", script)
                self._endings[number] = [_ending(name, part) for part in parts]
            else:
                self._endings[number] = _ending(name, script)

    def next(self, job: Job) -> Ending:
        """Return how `job` ends, the task's newest attempt."""
        ending = self._next(job)
        is_service = job.number in self._services and not job.undoes
        return ending.of_service() if is_service else ending

    def _next(self, job: Job) -> Ending:
        made = self._made.get(job.number, 0)
        self._made[job.number] = made + 1
        endings = self._endings.get(job.number, _WORDS["ok"])
        if isinstance(endings, Ending):
            return endings
        return endings[made] if made < len(endings) else _WORDS["ok"]


def _ending(name: str, part: object) -> Ending:
    if isinstance(part, Ending):
        return part
    if isinstance(part, str):
        return _word(name, part)
    if isinstance(part, BaseException):
        return Ending(outcome_of(part))
    if isinstance(part, Succeeded | Failed | Skipped | Crashed | Stopped):
        return Ending(part)
    return Ending(returns(part))


def _word(name: str, word: str) -> Ending:
    if word not in _WORDS:
        raise DefinitionError(
            f"task {name!r} cannot end with {word!r}: that is none of {', '.join(_WORDS)}",
            hint=f"If it returns that text, write returns({word!r}).",
        )
    return _WORDS[word]
