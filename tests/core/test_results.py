"""A result comes back as it was, from memory, from the event, or from a file of the run."""

import threading
from pathlib import Path
from typing import Any

import pytest

from taskflow_core.results import ResultError, ResultStore, load, store


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


@pytest.mark.parametrize("value", [None, 3, "text", [1, 2], (1, 2), {"a": (3,)}, b"bytes", {1, 2}])
def test_values_come_back(tmp_path: Path, value: object) -> None:
    shown = store(tmp_path, "1.pkl", value)

    assert load(tmp_path, shown) == value


def test_small_json_needs_no_file(tmp_path: Path) -> None:
    store(tmp_path, "1.pkl", {"rows": 3})

    assert list(tmp_path.iterdir()) == []


def test_what_only_this_process_knows_is_stored_by_value(tmp_path: Path) -> None:
    def closure() -> int:
        return 42

    assert load(tmp_path, store(tmp_path, "1.pkl", closure))() == 42


def test_a_value_that_cannot_be_pickled_says_so(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"type _thread.lock cannot be stored") as caught:
        store(tmp_path, "1.pkl", threading.Lock())

    assert caught.value.hint is not None
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_so(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="cannot be written"):
        store(tmp_path / "missing", "1.pkl", object)


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    shown = store(tmp_path, "1.pkl", Point)
    (tmp_path / "1.pkl").write_bytes(b"\x80")

    with pytest.raises(ResultError, match=r"1\.pkl cannot be read"):
        load(tmp_path, shown)


def test_in_memory_results_are_the_values_themselves(tmp_path: Path) -> None:
    results = ResultStore(tmp_path, 1, keep=True)
    value: list[Any] = [object()]
    results.put(0, 0, 1, value)

    assert results.get(0) is value
    assert list(tmp_path.iterdir()) == []


def test_a_result_in_memory_is_stored_when_another_process_needs_it(tmp_path: Path) -> None:
    results = ResultStore(tmp_path, 1, keep=True)
    results.put(0, 0, 1, (1, 2))

    assert load(tmp_path, results.shared(0)) == (1, 2)


def test_a_runner_keeps_nothing_in_memory(tmp_path: Path) -> None:
    results = ResultStore(tmp_path, 1, keep=False)
    results.put(0, 0, 1, (1, 2))

    assert results.get(0) == (1, 2)
    assert results.get(0) is not results.get(0)
