"""Answers to what the scheduler asks about tasks that wait, from the values of one run."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from taskflow_core.durations import seconds
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.expressions import Expression, render_value
from taskflow_core.moments import HOW, moment
from taskflow_core.params import params_to_json, resolve_params
from taskflow_core.results import ResultStore
from taskflow_core.scheduling.openings import Items, Openings
from taskflow_core.sight import Sight

MOST_ITEMS = 100_000
"""A task is mapped over no more."""
_NO_LISTS = (str, bytes, bytearray)


class Inquiries(Openings):
    """Answers for one run.

    Args:
        sight: What tasks may know.
        results: Where values are.
    """

    def __init__(self, sight: Sight, results: ResultStore) -> None:
        self._sight = sight
        self._results = results
        self._plan = sight.state.plan

    def items(self, number: int) -> Items:
        found = self._list(number)
        if len(found) > MOST_ITEMS:
            raise TaskflowError(
                f"{len(found):,} items are too many: a task is mapped over {MOST_ITEMS:,} at most",
                hint="Map over parts of the list.",
            )
        epoch = self._sight.state.tasks[number].epoch
        return Items(len(found), self._results.put_items(number, epoch, list(found)))

    def grown(self, number: int, count: int) -> None:
        self._sight.opens_anew(number)
        self._results.reserve(count)

    def params(self, number: int) -> dict[str, Any]:
        subflow = self._plan.tasks[number].subflow
        assert subflow is not None, "only sub-flows have parameters"
        given = render_value(subflow.given, self._sight.names(number))
        values = resolve_params(subflow.params, given=given, file={}, environ={}, today=_today())
        return params_to_json(values)

    def question(self, number: int) -> str:
        approval = self._plan.tasks[number].approval
        return self._text(number, "" if approval is None else approval.prompt)

    def answer(self, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        approval = self._plan.tasks[number].approval
        declared = {} if approval is None else approval.fields
        values = resolve_params(declared, given=fields, file={}, environ={}, today=_today())
        return params_to_json(values)

    def moment(self, number: int, now: float) -> float:
        wait = self._plan.tasks[number].wait
        assert wait is not None, "only tasks that wait have a moment"
        try:
            if wait.until is not None:
                today = dt.datetime.fromtimestamp(now).astimezone()
                return moment(self._text(number, wait.until), today).timestamp()
            return now + seconds(self._value(number, wait.seconds or 0.0))
        except (TypeError, ValueError) as error:
            hint = HOW if wait.until is not None else None
            raise TaskflowError(str(error), hint=hint) from error

    def path(self, number: int) -> str:
        spec = self._plan.tasks[number]
        text = self._text(number, (spec.wait and spec.wait.file) or "")
        return str(Path(spec.options.cwd or ".").absolute() / text)

    def gathered(self, number: int, children: Sequence[int]) -> Preview:
        if self._plan.tasks[number].foreach is not None:
            return self._results.gather(number, children)
        names = {self._sight.local_name(child): child for child in children}
        return self._results.gather(number, names)

    def _list(self, number: int) -> Sequence[Any]:
        foreach = self._plan.tasks[number].foreach
        assert foreach is not None, "only mapped tasks have items"
        names = self._sight.names(number)
        if isinstance(foreach.items, list):
            return cast("list[Any]", render_value(foreach.items, names))
        value = Expression.parse(foreach.items).evaluate(names)
        if isinstance(value, _NO_LISTS) or not isinstance(value, Sequence):
            raise _no_list(foreach.items, value)
        return list(cast("Iterable[Any]", value))

    def _text(self, number: int, text: str) -> str:
        return str(self._value(number, text))

    def _value(self, number: int, value: Any) -> Any:
        return render_value(value, self._sight.names(number))


def _no_list(expression: str, value: object) -> TaskflowError:
    kind, hint = type(value).__name__, "Give a list."
    if isinstance(value, dict):
        hint = f"Give a list, such as `{expression} | list` for its keys."
    elif isinstance(value, set | frozenset):
        hint = f"Give a list, such as `{expression} | sort`."
    elif isinstance(value, str):
        hint = "Give a list; a command's output is one with `output: lines`, or `output: json`."
    return TaskflowError(f"`{expression}` is no list but a {kind}", hint=hint)


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()
