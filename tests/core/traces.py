"""Recorded workflows: read where `TASKFLOW_TRACES` says they are."""

import json
import os
from pathlib import Path

import pytest

from taskflow_core.plan import Plan, TaskSpec

_PLACE = os.environ.get("TASKFLOW_TRACES")
FOLDER = Path(_PLACE) if _PLACE else None
"""Files in WfFormat, `reference.csv`, and whole schedules in `ref-traces`; None without them."""
TRACES = sorted(FOLDER.glob("*.json")) if FOLDER is not None else []

needs_traces = pytest.mark.skipif(
    FOLDER is None, reason="TASKFLOW_TRACES does not say where recorded workflows are"
)


def plan_of(trace: Path) -> Plan:
    """Return a plan whose tasks are called by the ids of a recorded workflow."""
    tasks = json.loads(trace.read_text())["workflow"]["specification"]["tasks"]
    needs: dict[str, dict[str, None]] = {
        task["id"]: dict.fromkeys(task["parents"]) for task in tasks
    }
    for task in tasks:
        for child in task["children"]:
            needs[child][task["id"]] = None
    specs = [TaskSpec(name=name, depends_on=tuple(needed)) for name, needed in needs.items()]
    return Plan.of(name=trace.stem, tasks=specs)
