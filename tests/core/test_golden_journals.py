"""Runs recorded by every released version can still be opened, and mean what they meant."""

import shutil
from pathlib import Path

from taskflow_core.journal.sqlite import JournalReader
from taskflow_core.state import RunState

JOURNALS = Path(__file__).parents[1] / "journals"


def fold(name: str, tmp_path: Path) -> RunState:
    copy = tmp_path / "journal.db"
    shutil.copy(JOURNALS / name, copy)
    reader = JournalReader(copy)
    state = RunState()
    state.apply(reader.read())
    reader.close()
    return state


def test_0_1_0(tmp_path: Path) -> None:
    """Success, skip, retries, a timeout, a crash, a failure and its retry after the end."""
    state = fold("0.1.0.db", tmp_path)

    attempts = {
        spec.name: (task.state.value, [attempt.state.value for attempt in task.attempts])
        for spec, task in zip(state.plan.tasks, state.tasks, strict=True)
    }
    assert attempts == {
        "numbers": ("SUCCEEDED", ["SUCCEEDED"]),
        "total": ("SUCCEEDED", ["SUCCEEDED"]),
        "nothing": ("SKIPPED", ["SUCCEEDED"]),
        "flaky": ("SUCCEEDED", ["FAILED", "FAILED", "SUCCEEDED"]),
        "slow": ("FAILED", ["TIMED_OUT"]),
        "stubborn": ("SUCCEEDED", ["FAILED", "SUCCEEDED"]),
        "after": ("SUCCEEDED", ["SUCCEEDED"]),
        "killed": ("FAILED", ["CRASHED"]),
    }
    assert (state.state, state.reason) == ("FAILED", "2 tasks failed")
    assert state.task("total").result == {"value": 6}
    assert state.task("total").attempts[0].arguments == {"numbers": {"value": [1, 2, 3]}}
