"""A preview holds all of a small JSON value, a glimpse of any other, and runs no foreign code."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.preview import is_exact, preview

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@given(JSON)
def test_an_exact_preview_gives_the_value_back(value: Any) -> None:
    shown = preview(value)
    stored = msgspec.json.decode(msgspec.json.encode(shown))
    if is_exact(shown):
        assert stored["value"] == value
    else:
        assert set(stored) <= {"type", "size", "text"}


@pytest.mark.parametrize("value", [1, "a", None, True, 1.5, [1, [2]], {"a": {"b": []}}])
def test_small_json_is_exact(value: object) -> None:
    assert preview(value) == {"value": value}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, {"type": "float"}),
        (2**70, {"type": "int"}),
        ((1, 2), {"type": "tuple", "size": 2}),
        ({1: 2}, {"type": "dict", "size": 1}),
        (b"abc", {"type": "bytes", "size": 3}),
        ("\ud800", {"type": "str", "size": 1, "text": "?"}),
        ("x" * 5000, {"type": "str", "size": 5000, "text": "x" * 200}),
        ([0] * 5000, {"type": "list", "size": 5000}),
    ],
)
def test_other_values_are_described(value: object, shown: dict[str, Any]) -> None:
    assert preview(value) == shown


def test_nesting_of_100000_is_no_recursion() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    assert preview(deep) == {"type": "list", "size": 1}


def test_hostile_values_are_not_asked() -> None:
    class Hostile(str):
        def __len__(self) -> int:
            raise AssertionError("foreign code ran")

        __repr__ = __str__ = __eq__ = __hash__ = __len__  # type: ignore[assignment]

    shown = preview(Hostile("x"))

    assert shown["type"].endswith("Hostile")
