"""How moments are written: what `wait: { until: … }` takes."""

import datetime as dt
import time
from collections.abc import Iterator

import pytest

from taskflow_core.moments import moment


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str, now: str = "2026-01-31T12:00") -> str:
    """Return what a text stands for at that time in Berlin."""
    return moment(text, dt.datetime.fromisoformat(now).astimezone()).isoformat()


def test_a_time_of_day_is_today_or_else_tomorrow() -> None:
    assert at("18:30") == "2026-01-31T18:30:00+01:00"
    assert at("9:05:30") == "2026-02-01T09:05:30+01:00"
    assert at("12:00") == "2026-02-01T12:00:00+01:00"


def test_tomorrow_may_be_23_hours_long() -> None:
    assert at("12:00", "2026-03-28T13:00") == "2026-03-29T12:00:00+02:00"


def test_a_date_is_its_first_moment() -> None:
    assert at("2026-02-03") == "2026-02-03T00:00:00+01:00"


def test_a_date_and_time_in_this_zone_or_another() -> None:
    assert at(" 2026-02-03T04:05 ") == "2026-02-03T04:05:00+01:00"
    assert at("2026-07-03 04:05:06") == "2026-07-03T04:05:06+02:00"
    assert at("2026-02-03T04:05Z") == "2026-02-03T05:05:00+01:00"


@pytest.mark.parametrize("text", ["", "soon", "24:00", "18:60", "1", "2026-02-30", "18:30 today"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="not a moment"):
        at(text)
