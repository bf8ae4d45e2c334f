"""What a rollback command finds in its environment: what the task did, as JSON.

What JSON does not know, and what is too long for a variable, is there as its preview.
"""

import json
from collections.abc import Mapping
from typing import Any

from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview
from taskflow_core.executors.base import Workplace
from taskflow_core.executors.undoing import known_arguments
from taskflow_core.outcomes import Job
from taskflow_core.preview import is_exact, preview
from taskflow_core.results import ResultError

LONGEST = 100_000
"""Characters of one variable; Linux takes at most 128 KiB."""


def undo_variables(place: Workplace, job: Job) -> dict[str, str]:
    """Return `TASKFLOW_RESULT` and `TASKFLOW_ARGUMENTS` for a command that undoes a task.

    Of a task that has no result, `TASKFLOW_RESULT` is `{"state": …, "error": …}`. Where the task's
    function cannot be loaded any more, its arguments are those that were recorded.
    """
    return {"TASKFLOW_RESULT": _result(place, job), "TASKFLOW_ARGUMENTS": _arguments(place, job)}


def _result(place: Workplace, job: Job) -> str:
    failure = place.sight.failure(job.number)
    if failure is not None:
        return json.dumps(dict(zip(("state", "error"), failure, strict=True)))
    shown = place.results.previews[job.number]
    try:
        return _json(place.results.get(job.number)) or json.dumps(shown)
    except ResultError:  # damaged, or of a class that cannot be loaded here
        return json.dumps(shown)


def _arguments(place: Workplace, job: Job) -> str:
    try:
        known = known_arguments(place, job)
    except TaskflowError:  # a result upstream is gone
        return _recorded(place.sight.recorded_arguments(job.number))
    if known.why is not None:
        return _recorded(place.sight.recorded_arguments(job.number))
    return _object({name: (value, preview(value)) for name, value in known.arguments.items()})


def _recorded(shown: Mapping[str, Preview]) -> str:
    return _object({n: (one["value"] if is_exact(one) else one, one) for n, one in shown.items()})


def _object(values: Mapping[str, tuple[object, Preview]]) -> str:
    """Return a JSON object, with previews in place of values from the longest on until it fits."""
    whole = {name: _json(value) or json.dumps(shown) for name, (value, shown) in values.items()}
    length = sum(map(len, whole.values()))
    for name in sorted(whole, key=lambda name: -len(whole[name])):
        if length <= LONGEST:
            break
        length -= len(whole[name])
        whole[name] = json.dumps(values[name][1])
        length += len(whole[name])
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in whole.items()) + "}"


def _json(value: Any) -> str | None:
    """Return a value as JSON, with previews of parts that it does not know; None if it cannot."""
    try:
        text = json.dumps(value, allow_nan=False, default=preview)
    except Exception:  # noqa: BLE001  a hostile class may raise anything
        return None
    return text if len(text) <= LONGEST else None
