"""What a task waits for that holds no slot, and what is inside of one: in words."""

from collections.abc import Sequence
from typing import Any, cast

from taskflow_core.params import Param
from taskflow_core.plan import Approval, TaskSpec, Wait
from taskflow_core.state import RunState, TaskState
from taskflow_core.statuses import TaskStatus
from taskflow_tui.formatting import clock_time, count, duration, named
from taskflow_tui.tallies import Tally
from taskflow_tui.terminal_text import safe_text

_LONG_PATH = 20
_GLIMPSE = 40
"""Characters of an item that are shown."""


def progress_of(tally: Tally) -> str:
    """Return how many children of a container have ended: `7/10, 1 failed`."""
    failed = f", {tally.failed:,} failed" if tally.failed else ""
    return f"{tally.done:,}/{tally.total:,}{failed}"


def waits_for(task: TaskState, now: float) -> str:
    """Return what a task waits for: the question, or what has to come, and the time left."""
    waiting = task.waiting
    if waiting is None:
        return "waits for what is in it"
    left = "" if waiting.until is None else duration(max(waiting.until - now, 0.0))
    gives_up = f" (gives up in {left})" if left else ""
    about = one_line(waiting.about)
    match waiting.what:
        case "approval":
            return f"asks: {about}{gives_up}"
        case "file":
            return f"waits for {about}{gives_up}"
        case _:
            return f"goes on in {left}" if left else "waits"


def answer_said(spec: TaskSpec, task: TaskState) -> str:
    """Return what was answered to a task that has its answer: `approved: note=ok`; else empty."""
    if spec.approval is None or task.state is not TaskStatus.SUCCEEDED:
        return ""
    said = _exact(task.result)
    if task.reason == "injected" or not isinstance(said, dict):
        return ""
    pairs = [f"{key}={shown(value)}" for key, value in cast("dict[str, Any]", said).items()]
    return safe_text("approved" + (f": {', '.join(pairs)}" if pairs else ""))


def moment_of(task: TaskState) -> str:
    """Return when what a task waits for is, or when it gives up; empty if that is open."""
    waiting = task.waiting
    if waiting is None or waiting.until is None:
        return ""
    return clock_time(waiting.until)


def asks(spec: TaskSpec) -> list[tuple[str, str]]:
    """Return the fields of an approval and what they may be, as pairs of a label and a text."""
    fields = {} if spec.approval is None else spec.approval.fields
    return [(safe_text(name), field_words(param)) for name, param in fields.items()]


def field_words(param: Param) -> str:
    """Return what may be said in a field: `int, from 1: how many`."""
    kind = param.type if not param.choices else " | ".join(param.choices)
    pieces = [kind if param.type != "list" else f"list of {param.items}"]
    if param.min is not None:
        pieces.append(f"from {param.min}")
    if param.max is not None:
        pieces.append(f"up to {param.max}")
    if not param.required:
        pieces.append("optional" if param.default is None else f"default {param.default}")
    return safe_text(", ".join(pieces) + (f": {param.help}" if param.help else ""))


def waiting_work(spec: TaskSpec) -> str:
    """Return what a task is about that does no work itself; empty for one that does."""
    if spec.approval is not None:
        return f"asks: {_question(spec.approval)}"
    if spec.wait is not None:
        return f"waits {_wait(spec.wait)}"
    if spec.subflow is not None:
        return f"runs the flow {safe_text(spec.subflow.name)}"
    return ""


def mapped_over(spec: TaskSpec) -> str:
    """Return what a mapped task is mapped over; empty for any other."""
    if spec.foreach is None:
        return ""
    items = spec.foreach.items
    return one_line(items) if isinstance(items, str) else count(len(items), "item")


def contents(state: RunState, number: int) -> list[tuple[str, str]]:
    """Return what a container became when it opened, and what a child is one of."""
    facts: list[tuple[str, str]] = []
    expansion = state.tasks[number].expansion
    if expansion is not None and state.plan.tasks[number].foreach is not None:
        facts.append(("items", _items(expansion.items, expansion.children)))
    elif expansion is not None:
        facts += [("params", f"{safe_text(k)} = {shown(v)}") for k, v in expansion.params.items()]
    if item := item_of(state, number):
        facts.append(("item", item))
    return facts


def item_of(state: RunState, number: int) -> str:
    """Return the item of a child of a mapped task, if it is known and small; else empty."""
    nesting = state.plan.nesting
    parent = nesting.parents[number]
    if parent is None or not nesting.is_copy(number):
        return ""
    expansion, place = state.tasks[parent].expansion, nesting.place(number)
    items = [] if expansion is None else _exact_list(expansion.items)
    return _name_of(items[place]) if place < len(items) else ""


def _name_of(item: object) -> str:
    """Return a glimpse of an item; of a long path, which is like its neighbours', the end."""
    if isinstance(item, str) and "/" in item and len(item) > _LONG_PATH:
        return f"…/{shown(item.rstrip('/').rpartition('/')[2])}"
    return shown(item)


def shown(value: object) -> str:
    """Return a glimpse of a value, on one line; text as it is."""
    text = one_line(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _GLIMPSE else f"{text[: _GLIMPSE - 1]}…"


def one_line(text: str) -> str:
    """Return `text` on one line, safe to show."""
    return safe_text(" ".join(text.split()))


def _items(preview: Any, number: int) -> str:
    items = _exact_list(preview)
    if not items:
        return f"{number:,}"
    return f"{number:,}: {named([shown(item) for item in items], 8)}"


def _exact(preview: Any) -> object:
    found = cast("dict[str, Any]", preview) if isinstance(preview, dict) else {}
    return found.get("value")


def _exact_list(preview: Any) -> list[Any]:
    """Return the list that a preview shows in full; an empty one if it is none."""
    found = _exact(preview)
    return [*cast("Sequence[Any]", found)] if isinstance(found, list) else []


def _question(approval: Approval) -> str:
    fields = f" ({', '.join(approval.fields)})" if approval.fields else ""
    return one_line(approval.prompt) + safe_text(fields)


def _wait(wait: Wait) -> str:
    if wait.file is not None:
        return f"for the file {one_line(wait.file)}"
    if wait.until is not None:
        return f"until {one_line(wait.until)}"
    seconds = wait.seconds or 0.0
    return one_line(seconds) if isinstance(seconds, str) else duration(seconds)
