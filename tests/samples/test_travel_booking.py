"""The saga: what was booked is really cancelled at every provider, in reverse order."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sample_flows import travel_booking as sample
from taskflow_core import Event
from taskflow_core.actions import Rollback
from taskflow_core.statuses import RunStatus

PROVIDERS = {"airline": "flight", "hotel": "hotel", "rental": "car", "shuttle": "transfer"}


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sample, "OUT", tmp_path)
    return tmp_path


def bookings(folder: Path) -> dict[str, list[str]]:
    """Return the states of the bookings at every provider."""
    found: dict[str, list[str]] = {}
    for name in PROVIDERS:
        with closing(sqlite3.connect(folder / f"{name}.db")) as database:
            rows = database.execute("SELECT status FROM booking ORDER BY id").fetchall()
            found[name] = [str(status) for (status,) in rows]
    return found


def test_a_declined_card_undoes_every_booking_dependents_first(out: Path) -> None:
    undone: list[str] = []

    def hear(event: Event) -> None:
        undone.append(str(getattr(event, "task", "")))

    subscription = sample.travel.subscribe(hear, kinds=["CompensationSucceeded"])
    result = sample.travel.run()
    subscription.close()

    assert result.state is RunStatus.ROLLED_BACK
    assert bookings(out) == {name: ["cancelled"] for name in PROVIDERS}
    assert (undone[0], undone[-1]) == ("transfer", "flight")
    assert set(undone) == set(PROVIDERS.values())
    assert "declined" in str(result.error)


def test_a_good_card_books_everything_and_writes_the_confirmation(out: Path) -> None:
    result = sample.travel.run(params={"card": "gold", "city": "Porto"})

    assert result.state is RunStatus.SUCCEEDED
    assert bookings(out) == {name: ["booked"] for name in PROVIDERS}
    assert "Paid: 900 €" in Path(result["confirm"]).read_text(encoding="utf-8")


def test_a_journey_that_was_paid_for_can_be_undone_afterwards_as_far_as_one_wants(
    out: Path,
) -> None:
    with sample.travel.start(params={"card": "gold"}) as run:
        assert run.wait().state is RunStatus.SUCCEEDED
        plan = run.plan(Rollback(to="hotel"))
        run.rollback(to="hotel")
        result = run.wait()

    assert result.state is RunStatus.ROLLED_BACK
    assert set(plan.reverted) == {"hotel", "transfer"}
    assert bookings(out) == {
        "airline": ["booked"], "rental": ["booked"],
        "hotel": ["cancelled"], "shuttle": ["cancelled"],
    }  # fmt: skip
