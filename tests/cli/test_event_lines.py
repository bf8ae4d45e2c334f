"""What `run` and `attach` say of an event."""

from typing import Any

import pytest

import taskflow_core.events as ev
from taskflow_core.plan import ForEach, Plan, TaskSpec
from taskflow_core.state import RunState
from taskflow_tui.cli.event_lines import event_line

PLAN = Plan.of(name="f", tasks=[TaskSpec(name="load", foreach=ForEach("x")), TaskSpec(name="save")])


def line(kind: type[ev.Event], **fields: Any) -> str | None:
    """Return the line for an event, without its time."""
    if issubclass(kind, ev.TaskEvent):
        fields = {"task": "load", "epoch": 0, **fields}
    said = event_line(kind(seq=1, at=0.0, run="r1", **fields), RunState(PLAN))
    return None if said is None else said.partition(" ")[2]


@pytest.mark.parametrize(
    ("said", "kind", "fields"),
    [
        (
            "‖ load held: breakpoint after",
            ev.TaskHeld,
            {"reason": "breakpoint", "breakpoint": "after"},
        ),
        ("○ load released by ann", ev.TaskReleased, {"by": "ann"}),
        (
            "• hold by ann: load, save",
            ev.ActionRequested,
            {"by": "ann", "action": "hold", "tasks": ["load", "save"]},
        ),
        ("• step load by ann", ev.StepRequested, {"by": "ann", "mode": "step", "target": "load"}),
        (
            "• step of all that is ready by ann",
            ev.StepRequested,
            {"by": "ann", "mode": "frontier", "target": None},
        ),
        ("• run to save by ann", ev.StepRequested, {"by": "ann", "mode": "to", "target": "save"}),
        (
            "● breakpoint on failure load set by ann",
            ev.BreakpointSet,
            {"by": "ann", "target": "load", "stop": "on_failure", "condition": None, "hit": 1},
        ),
        (
            "○ breakpoint before load cleared by ann",
            ev.BreakpointCleared,
            {"by": "ann", "target": "load", "stop": "before"},
        ),
        ("• at most 2 at once by ann", ev.ParallelismChanged, {"by": "ann", "max_parallel": 2}),
        (
            "↻ load runs again with rows=5",
            ev.EpochOpened,
            {"by": "ann", "reason": "rerun", "changes": {"rows": {"value": 5}}},
        ),
        ("! load is stale: save is run again", ev.TaskStale, {"because": "save"}),
        ("◂ rolling back by ann", ev.RollbackStarted, {"by": "ann", "scope": None}),
        (
            "◂ rolling back down to load by ann",
            ev.RollbackStarted,
            {"by": "ann", "scope": "load"},
        ),
        ("◂ undoing load", ev.CompensationStarted, {"attempt": 1, "executor": "thread"}),
        ("◃ load undone", ev.CompensationSucceeded, {"attempt": 1, "how": "executed"}),
        (
            "◃ load counts as undone by ann",
            ev.CompensationSucceeded,
            {"attempt": 0, "how": "skipped: ann"},
        ),
        (None, ev.CompensationSucceeded, {"attempt": 0, "how": "nothing_to_undo"}),
        (
            "⊖ undoing load failed: no; again in 2.5 s",
            ev.CompensationFailed,
            {"attempt": 1, "error": "no", "traceback": None, "exit_code": None, "due_at": 2.5},
        ),
        (
            "⊖ save could not be undone; load not undone; go on with  taskflow-tui rollback r1",
            ev.RollbackSettled,
            {
                "state": "ROLLBACK_FAILED",
                "reason": None,
                "undone": [],
                "failed": ["save"],
                "blocked": ["load"],
            },
        ),
        (
            "• load has to run: no entry yet",
            ev.CacheChecked,
            {"attempt": 1, "hit": False, "reason": "no entry yet"},
        ),
        (None, ev.CacheChecked, {"attempt": 1, "hit": True, "reason": "nothing changed"}),
        (
            "! load is not kept: the disk is full",
            ev.CacheNotKept,
            {"attempt": 1, "reason": "the disk is full"},
        ),
        ("✔ load  injected", ev.TaskSucceeded, {"how": "injected", "result": None}),
        ("» load skipped: by ann", ev.TaskSkipped, {"reason": "operator: ann"}),
        ("✖ load failed: condition", ev.TaskFailed, {"reason": "condition"}),
        (
            "◼ cancelled by ann: load",
            ev.CancelRequested,
            {"by": "ann", "scope": ["load"], "grace": None},
        ),
        ("▾ load: 1 item", ev.TaskExpanded, {"children": 1, "items": None, "params": {}}),
        ("◔ load waits", ev.TaskWaiting, {"for_": "moment", "until": None, "about": ""}),
        (
            "◔ load waits for /in/x",
            ev.TaskWaiting,
            {"for_": "file", "until": None, "about": "/in/x"},
        ),
        (
            "✔ load approved by ann: note=ok",
            ev.TaskAnswered,
            {"by": "ann", "approved": True, "fields": {"note": "ok"}, "reason": None},
        ),
        (
            "✖ load rejected by ann: no",
            ev.TaskAnswered,
            {"by": "ann", "approved": False, "fields": {}, "reason": "no"},
        ),
        ("? Later [1]", ev.UnknownEvent, {"name": "Later", "fields": [1]}),
    ],
)
def test_a_line(said: str | None, kind: type[ev.Event], fields: dict[str, Any]) -> None:
    assert line(kind, **fields) == said


def test_a_run_that_stands_still_says_which_command_lets_it_go_on() -> None:
    paused = line(ev.RunPaused, by="breakpoint", reason="breakpoint")
    assert paused == "‖ paused at a breakpoint; it goes on with  taskflow-tui continue r1"

    by_hand = line(ev.RunPaused, by="ann", reason="operator")
    assert by_hand == "‖ paused by ann; it goes on with  taskflow-tui continue r1"

    stalled = line(ev.RunStalled, waiting=["load", "save"])
    assert stalled == (
        "◔ stalled: load, save held; let it go with  taskflow-tui release r1 load save"
    )


def test_names_are_made_harmless() -> None:
    said = line(ev.ActionRequested, by="ann", action="hold", tasks=["\x1b[2Jx"])

    assert said == "• hold by ann: ␛[2Jx"
