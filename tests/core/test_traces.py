"""Recorded workflows, started by the real scheduler: to the microsecond what others computed.

The references are exact simulations of list scheduling by two programs that agreed on every row.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from taskflow_core.policies import Order
from taskflow_core.testing import SimulatedTrace, simulate_trace
from tests.core.traces import FOLDER, needs_traces

MICRO = 1_000_000


class Row(NamedTuple):
    """A line of the reference."""

    trace: Path
    workers: int
    order: Order
    makespan: int
    """Microseconds."""
    bound: float
    """Graham's: no order that leaves no worker idle takes longer. Seconds."""

    def __str__(self) -> str:
        return f"{self.trace.stem}.P{self.workers}.{self.order}"


def _rows() -> list[Row]:
    if FOLDER is None:
        return []
    with (FOLDER / "reference.csv").open() as lines:
        return [_row(FOLDER, line) for line in csv.DictReader(lines)]


def _row(folder: Path, line: dict[str, str]) -> Row:
    order: Order = "fifo" if line["policy"] == "fifo" else "file"
    return Row(
        folder / Path(line["path"]).name,
        int(line["P"]),
        order,
        round(float(line["makespan_s"]) * MICRO),
        float(line["graham_upper_s"]),
    )


ROWS = _rows()
pytestmark = needs_traces


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_task_starts_and_ends_when_the_reference_says(row: Row) -> None:
    run = simulate_trace(row.trace, workers=row.workers, order=row.order)

    assert round(run.makespan * MICRO) == row.makespan
    assert FOLDER is not None
    with (FOLDER / "ref-traces" / f"{row}.csv").open() as lines:
        head, *reference = csv.reader(lines)
    assert head == ["id", "start_us", "end_us"]
    assert schedule_of(run) == [(task, int(start), int(end)) for task, start, end in reference]


@pytest.mark.parametrize("row", [row for row in ROWS if row.order == "fifo"], ids=str)
def test_the_critical_order_is_never_above_grahams_bound(row: Row) -> None:
    run = simulate_trace(row.trace, workers=row.workers, order="critical")

    assert run.makespan <= row.bound


def test_the_references_are_all_there() -> None:
    assert len(ROWS) == 36
    assert {row.workers for row in ROWS} == {4, 16, 64}


def schedule_of(run: SimulatedTrace) -> list[tuple[str, int, int]]:
    """Return what ran from when to when, in microseconds, in the order of the starts."""
    return [(s.task, round(s.start * MICRO), round((s.end or 0.0) * MICRO)) for s in run.schedule]
