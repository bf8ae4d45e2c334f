"""Durations as people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.durations import seconds


@pytest.mark.parametrize(
    ("written", "length"),
    [
        (0, 0.0),
        (90, 90.0),
        (0.25, 0.25),
        ("90", 90.0),
        ("0.5", 0.5),
        ("90s", 90.0),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1h30m", 5400.0),
        ("1m500ms", 60.5),
        ("1d2h3m4s5ms", 93784.005),
        (" 5s ", 5.0),
        ("0s", 0.0),
    ],
)
def test_what_is_a_duration(written: float | str, length: float) -> None:
    assert math.isclose(seconds(written), length)
    assert type(seconds(written)) is float


@pytest.mark.parametrize(
    "written",
    [
        *["", " ", "s", "5 parsecs", "5x", "soon", "5s soon", "1h 30m", "1,5s", "1e3", "1:30"],
        *["-5", "-5s", "+5s", ".5s", "5.s", "inf", "nan", "0x10", "5S", "1_000", "\u0665s"],
        *[-1, -0.5, math.inf, -math.inf, math.nan, True, False],
    ],
)
def test_what_is_none(written: float | str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(written)


@pytest.mark.parametrize("written", ["9" * 400, "9" * 400 + "d", 10**400])
def test_what_is_too_long_for_any_clock(written: float | str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(written)


@given(st.floats(min_value=0, allow_infinity=False))
def test_every_finite_number_is_one(number: float) -> None:
    assert seconds(number) == number


@given(st.text())
def test_any_text_is_a_length_or_refused(text: str) -> None:
    try:
        length = seconds(text)
    except ValueError:
        return
    assert math.isfinite(length)
    assert length >= 0
