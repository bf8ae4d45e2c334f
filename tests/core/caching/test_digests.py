"""What makes two values the same, in any process."""

import copy
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow_core.caching.digests import Digests, UndigestibleError

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@dataclass
class Row:
    name: str
    tags: set[str]


class Colour(Enum):
    RED = 1
    BLUE = 2


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: object, right: object) -> None:
        self.left = left
        self.right = right


def digest(value: object) -> str:
    return Digests().of(value)


def shuffled(value: Any, chance: random.Random) -> Any:
    """Return an equal value of which every mapping has another order, and no object is shared."""
    if isinstance(value, dict):
        whole = cast("dict[str, Any]", value)
        pairs = [(str(key), shuffled(each, chance)) for key, each in whole.items()]
        chance.shuffle(pairs)
        return dict(pairs)
    if isinstance(value, list):
        items = cast("Iterable[Any]", value)
        return [shuffled(each, chance) for each in items]
    return value


# --- equal inputs, and only these, have equal digests ---------------------------------------


@given(VALUES, st.randoms(use_true_random=False))
def test_equal_values_have_equal_digests(value: Any, chance: random.Random) -> None:
    assert digest(value) == digest(shuffled(value, chance))


@given(VALUES, VALUES)
def test_different_values_have_different_digests(left: Any, right: Any) -> None:
    same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (digest(left) == digest(right)) is same


DIFFERENT: list[tuple[object, object]] = [
    (1, True),
    (0, False),
    (1, 1.0),
    (1, "1"),
    ("1", b"1"),
    (b"array1", bytearray(b"1")),
    (None, "None"),
    ([1], (1,)),
    ({1}, frozenset({1})),
    ([], {}),
    ([[1], 2], [1, [2]]),
    (["ab"], ["a", "b"]),
    ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
    (Decimal("1.0"), 1.0),
    (Colour.RED, Colour.BLUE),
    (Row("a", {"x"}), Row("a", {"y"})),
    (Slotted(1, 2), Slotted(2, 1)),
    (Path("a"), "a"),
    (date(2026, 1, 1), date(2026, 1, 2)),
    (deque([1, 2]), deque([2, 1])),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (len, max),
    (Row, Slotted),
]


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_what_differs_in_kind_or_content_differs(left: object, right: object) -> None:
    assert digest(left) != digest(right)


@pytest.mark.parametrize(
    "value",
    [
        {"b", "a", "c"},
        frozenset({("x", 1), ("y", 2)}),
        Row("a", {"x", "y", "z"}),
        Slotted("a", {"x": {1, 2}}),
        Colour.RED,
        Decimal("1.20"),
        timedelta(days=1),
        Path("/a/b"),
        Counter("abca"),
        defaultdict(list, {"a": [1]}),
        deque([1, {2, 3}], maxlen=4),
        10**5000,
        float("nan"),
        "\ud800",
        json.dumps,
        "".join,
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_same_twice_is_the_same(value: object) -> None:
    assert digest(value) == digest(copy.deepcopy(value))


def test_what_is_shared_is_as_if_it_were_not() -> None:
    shared = ["a"]

    assert digest([shared, shared]) == digest([["a"], ["a"]])


def test_a_value_may_contain_itself() -> None:
    def knot(inner: object) -> list[object]:
        whole: list[object] = [inner]
        whole.append({"again": whole})
        return whole

    assert digest(knot(1)) == digest(knot(1))
    assert digest(knot(1)) != digest(knot(2))
    assert digest([1, knot(1)]) == digest([1, knot(1)])


def test_two_that_contain_each_other_are_what_each_is_alone() -> None:
    def pair() -> tuple[list[object], list[object]]:
        left: list[object] = [1]
        right: list[object] = [2, left]
        left.append(right)
        return left, right

    assert digest([*pair()]) == digest([pair()[0], pair()[1]])


def test_what_contains_each_other_may_be_in_any_order_of_a_dict() -> None:
    def knot(*keys: str) -> dict[str, object]:
        left: list[object] = [1]
        right: list[object] = [2, left]
        left.append(right)
        return {key: {"left": left, "right": right}[key] for key in keys}

    assert digest(knot("left", "right")) == digest(knot("right", "left"))


def test_what_refers_to_itself_in_countless_ways_is_refused() -> None:
    nodes: list[list[object]] = [[] for _ in range(30)]
    for node in nodes:
        node.extend(nodes)

    with pytest.raises(UndigestibleError, match="in too many ways"):
        digest(nodes)


def test_what_is_shared_many_times_over_is_walked_once() -> None:
    value: list[object] = []
    for _ in range(200):
        value = [value, value]

    assert digest(value) == digest(value)


def test_a_set_is_the_same_in_processes_that_order_it_differently() -> None:
    code = (
        "from taskflow_core.caching.digests import Digests\n"
        "print(Digests().of([{'apple', 'pear', 'plum'}, {'k': frozenset('xyz')}]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(found) == 1


# --- what cannot be compared -----------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [threading.Lock(), (n for n in [1]), sys.stdout], ids=["lock", "generator", "file"]
)
def test_what_cannot_be_taken_apart_is_refused_and_named(value: object) -> None:
    with pytest.raises(UndigestibleError, match="it holds a ") as error:
        digest({"deep": [value]})

    assert type(value).__qualname__ in str(error.value)


def test_what_fails_on_the_way_is_refused() -> None:
    class Hostile:
        def __reduce_ex__(self, protocol: object) -> Any:
            raise RuntimeError("no")

    with pytest.raises(UndigestibleError, match="Hostile: no"):
        digest(Hostile())


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(UndigestibleError, match="too deeply"):
        digest(value)


def test_where_nobody_insists_such_a_thing_counts_by_its_class() -> None:
    lenient = Digests(is_strict=False)

    assert lenient.of([threading.Lock()]) == lenient.of([threading.Lock()])
    assert lenient.of([threading.Lock()]) != lenient.of([time])
