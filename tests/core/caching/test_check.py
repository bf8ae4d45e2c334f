"""One look into the cache: what stands in, what is kept, and what is survived."""

import hashlib
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskflow_core.caching.check import KEPT, Check
from taskflow_core.caching.digests import UndigestibleError
from taskflow_core.caching.entry import Component, Components, key_of
from taskflow_core.caching.lookup import Hit, Kept, Lookup, Miss, kept
from taskflow_core.caching.shelf import FRESH, UNUSED, Shelf, shelf_name, sweep
from taskflow_core.results import dump, load


class Clock:
    """Tells the time that it is told."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """Makes checks of one task that depends on `x`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = folder / "cache" / "t"
        self.clock = Clock()

    def check(self, x: object = 1, ask: Callable[[], Components] = dict, **asked: Any) -> Check:
        fields: dict[str, Any] = {
            "shelf": str(self.shelf),
            "task": "t",
            "run": "r1",
            "by_content": True,
            "folder": str(self.folder),
            "components": {"argument `x`": Component(str(x), repr(x))},
            **asked,
        }
        return Check(Lookup(**fields), ask, self.clock)

    def make(self, x: object = 1, value: object = 42, **asked: Any) -> None:
        """Look, miss, and keep a success."""
        check = self.check(x, **asked)
        assert isinstance(check.look(), Miss)
        check.begins()
        assert check.keep(self.value(value), {}) is None

    def value(self, value: object) -> Kept:
        if isinstance(value, int):
            return Kept({"value": value})

        def write(path: Path) -> None:
            dump(path, value)

        return Kept({"type": "x"}, write)

    def reason(self, x: object = 1, **asked: Any) -> str:
        """Return why nothing stands in."""
        answer = self.check(x, **asked).look()
        assert isinstance(answer, Miss)
        return answer.reason

    def hit(self, x: object = 1, **asked: Any) -> Hit:
        answer = self.check(x, **asked).look()
        assert isinstance(answer, Hit), answer
        return answer

    def key(self, x: object = 1) -> str:
        return key_of({"argument `x`": Component(str(x))})

    @property
    def entry(self) -> Path:
        (path,) = self.shelf.glob("*.entry")
        return path

    @property
    def payload(self) -> Path:
        (path,) = self.shelf.glob("*.pkl")
        return path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- hits and misses -------------------------------------------------------------------------


def test_what_was_kept_stands_in(desk: Desk) -> None:
    assert desk.reason() == "no entry yet"
    desk.make()
    desk.clock.now += 125

    assert desk.hit().entry.result == {"value": 42}
    assert desk.hit().reason == "nothing changed since run r1, 2m ago"


def test_a_large_value_is_in_a_file_of_its_own(desk: Desk) -> None:
    desk.make(value=list(range(5000)))

    assert load(desk.shelf, desk.hit().entry.result) == list(range(5000))


def test_what_it_depends_on_differs_by_name(desk: Desk) -> None:
    desk.make(10)

    assert desk.reason(20) == "argument `x`: 10 → 20"
    assert desk.reason(components={}) == "argument `x` is gone"
    more = {"argument `x`": Component("10"), "argument `y`": Component("1")}
    assert desk.reason(components=more) == "argument `y` is new"
    unshown = {"argument `x`": Component("20")}
    assert desk.reason(components=unshown) == "argument `x` changed"


def test_many_differences_are_counted(desk: Desk) -> None:
    desk.make(components={f"variable `{n}`": Component("a") for n in range(5)})

    other = {f"variable `{n}`": Component("b") for n in range(5)}
    assert desk.reason(components=other) == (
        "variable `0` changed; variable `1` changed; variable `2` changed and 2 more"
    )


def test_the_key_depends_on_nothing_but_names_and_digests() -> None:
    one, two = Component("1", "one"), Component("2", "two")

    assert key_of({"a": one, "b": two}) == key_of({"b": Component("2"), "a": Component("1")})
    assert key_of({"a": one, "b": two}) != key_of({"a": two, "b": one})
    assert key_of({"a": one}) != key_of({})


def test_an_older_success_stands_in_too(desk: Desk) -> None:
    desk.make(1)
    desk.make(2)

    desk.hit(1)
    desk.hit(2)


def test_it_is_good_for_its_time_to_live(desk: Desk) -> None:
    desk.make(ttl=3600.0)
    desk.clock.now += 3599
    desk.hit(ttl=3600.0)
    desk.clock.now += 1
    assert desk.reason(ttl=3600.0) == "expired 0s ago"
    desk.clock.now += 7200
    assert desk.reason(ttl=3600.0) == "expired 2h ago"
    desk.hit()  # with no limit it is still good

    desk.make(ttl=3600.0)
    desk.hit(ttl=3600.0)


def test_a_clock_that_went_back_makes_nothing_expire(desk: Desk) -> None:
    desk.make(ttl=60.0)
    desk.clock.now -= 86_400

    assert desk.hit(ttl=60.0).reason == "nothing changed since run r1, 0s ago"


def test_one_that_is_not_to_be_looked_up_is_kept_all_the_same(desk: Desk) -> None:
    desk.make(value=1)
    assert desk.reason(refusal="not now") == "not now"
    desk.make(value=2, refusal="not now")

    assert desk.hit().entry.result == {"value": 2}


def test_what_cannot_be_compared_is_neither_looked_up_nor_kept(desk: Desk) -> None:
    def ask() -> Components:
        raise UndigestibleError("argument `x` cannot be compared: it holds a lock")

    check = desk.check(ask=ask)

    answer = check.look()
    assert isinstance(answer, Miss)
    assert answer.reason == (
        "it cannot be cached: argument `x` cannot be compared: it holds a lock"
    )
    assert check.keep(desk.value(1), {}) == "argument `x` cannot be compared: it holds a lock"
    assert not desk.shelf.exists()


def test_what_cannot_be_pickled_is_not_kept_and_that_is_said(desk: Desk) -> None:
    check = desk.check()
    check.look()

    said = check.keep(desk.value(threading.Lock()), {})

    assert said == "a value of type lock cannot be stored: cannot pickle '_thread.lock' object"
    assert desk.reason() == "no entry yet"


# --- files -----------------------------------------------------------------------------------


def test_files_count_by_what_is_in_them(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("1")
    desk.make(files=("*.csv",))
    os.utime(file, (1, 1))
    desk.hit(files=("*.csv",))

    file.write_text("2")
    assert desk.reason(files=("*.csv",)) == "file `orders.csv` changed"
    (tmp_path / "more.csv").touch()
    assert "file `more.csv` is new" in desk.reason(files=("*.csv",))
    (tmp_path / "more.csv").unlink()
    file.unlink()
    assert desk.reason(files=("*.csv",)) == "file `orders.csv` is gone"


def test_that_a_file_is_missing_counts(desk: Desk, tmp_path: Path) -> None:
    desk.make(files=("settings.ini",))
    desk.hit(files=("settings.ini",))
    (tmp_path / "settings.ini").touch()

    assert desk.reason(files=("settings.ini",)) == "file `settings.ini` changed"


def test_a_folder_stands_for_all_files_in_it(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a").write_text("1")
    desk.make(files=("data",))
    desk.hit(files=("data",))
    (tmp_path / "data" / "deep" / "a").write_text("2")

    assert desk.reason(files=("data",)) == "file `data/deep/a` changed"


def test_a_pipe_is_no_file(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    desk.make(files=("p*",))

    desk.hit(files=("p*",))


def test_what_depends_on_a_file_that_changed_meanwhile_is_not_kept(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("1")
    check = desk.check(files=("orders.csv",))
    check.look()
    file.write_text("longer")

    assert check.keep(desk.value(1), {}) == "orders.csv changed while it ran"
    assert desk.reason(files=("orders.csv",)) == "no entry yet"


def test_a_file_that_cannot_be_read_is_a_reason_not_to_cache(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "orders.csv").touch()
    monkeypatch.setattr(hashlib, "file_digest", broken)

    assert desk.reason(files=("orders.csv",)).endswith("cannot be read: Input/output error")


# --- what is survived ------------------------------------------------------------------------


def test_an_entry_that_is_cut_off_is_a_miss_at_every_length(desk: Desk) -> None:
    desk.make()
    path, whole = desk.entry, desk.entry.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert desk.reason() in {"the entry is cut off or damaged", "the entry is damaged"}, length


def test_an_entry_with_a_wrong_byte_is_a_miss_wherever_it_is(desk: Desk) -> None:
    desk.make()
    path, whole = desk.entry, desk.entry.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        assert desk.reason().startswith("the entry "), place


@pytest.mark.parametrize("garbage", [b"", b"\0" * 100, b"TaskFlow cache entry 1 x\n", b"\n"])
def test_garbage_is_a_miss(desk: Desk, garbage: bytes) -> None:
    desk.make()
    desk.entry.write_bytes(garbage)

    assert desk.reason() in {"the entry is damaged", "the entry is cut off or damaged"}
    desk.make(value=7)
    assert desk.hit().entry.result == {"value": 7}


def test_an_entry_whose_content_is_of_another_shape_is_a_miss(desk: Desk) -> None:
    desk.make()
    body = msgspec.msgpack.encode({"task": 1})
    seal = hashlib.sha256(body).hexdigest().encode()
    desk.entry.write_bytes(b"TaskFlow cache entry 1 " + seal + b"\n" + body)

    assert desk.reason().startswith("the entry is damaged: ")


def test_an_entry_of_another_version_is_a_miss(desk: Desk) -> None:
    desk.make()
    desk.entry.write_bytes(desk.entry.read_bytes().replace(b"entry 1 ", b"entry 2 ", 1))

    assert desk.reason() == "the entry was written by another version of TaskFlow"


def test_an_entry_that_cannot_be_read_is_a_miss(desk: Desk) -> None:
    desk.make()
    path = desk.entry
    path.unlink()
    path.mkdir()

    assert desk.reason() == "the entry cannot be read: Is a directory"


@pytest.mark.parametrize("length", [0, 10, -1])
def test_a_result_that_is_cut_off_is_a_miss(desk: Desk, length: int) -> None:
    desk.make(value=list(range(5000)))
    desk.payload.write_bytes(desk.payload.read_bytes()[:length])

    assert desk.reason() == "the entry's result is damaged"


def test_a_result_that_is_another_one_is_a_miss(desk: Desk) -> None:
    desk.make(value=list(range(5000)))
    desk.payload.write_bytes(pickle.dumps(list(range(1, 5001))))

    assert desk.reason() == "the entry's result is damaged"


def test_a_result_that_is_gone_is_a_miss(desk: Desk) -> None:
    desk.make(value=list(range(5000)))
    desk.payload.unlink()

    assert desk.reason().startswith("the entry's result cannot be read: ")
    desk.make(value=list(range(5000)))
    desk.hit()


def test_what_is_remembered_of_the_last_one_may_be_garbage(desk: Desk) -> None:
    desk.make(1)
    (last,) = desk.shelf.glob("*.last")
    last.write_bytes(b"\xff\xfe../../x made")

    assert desk.reason(2) == "no entry yet"
    desk.hit(1)


def test_a_folder_that_cannot_be_made_is_a_reason_not_to_keep(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    check = desk.check()

    answer = check.look()
    assert isinstance(answer, Miss)
    assert check.keep(desk.value(1), {}) == "the cache cannot be written: File exists"


def test_a_full_disk_is_a_reason_not_to_keep(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    check = desk.check()
    check.look()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    said = [check.keep(desk.value(value), {}) for value in (1, "x" * 5000)]
    monkeypatch.undo()

    assert "No space left on device" in (said[0] or "")
    assert "No space left on device" in (said[1] or "")
    assert desk.reason() == "no entry yet"
    assert not list(desk.shelf.glob("*.part"))


def test_files_are_for_their_owner_alone(desk: Desk) -> None:
    desk.make(value=list(range(5000)))

    assert {path.stat().st_mode & 0o777 for path in desk.shelf.iterdir()} == {0o600}
    assert desk.shelf.stat().st_mode & 0o777 == 0o700


def test_many_who_keep_the_same_at_once_leave_one_whole_entry(desk: Desk) -> None:
    gate, said = threading.Barrier(8), list[object]()

    def keep(number: int) -> None:
        check = desk.check(run=f"r{number}")
        check.look()
        gate.wait()
        said.append(check.keep(desk.value([number] * 5000), {}))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said == [None] * 8
    found = desk.hit().entry
    assert load(desk.shelf, found.result) == [int(found.run[1:])] * 5000
    assert not list(desk.shelf.glob("*.part"))


# --- growth ----------------------------------------------------------------------------------


def test_only_so_many_entries_are_kept_those_that_were_of_use_last(desk: Desk) -> None:
    for number in range(KEPT):
        desk.make(number)
        os.utime(desk.shelf / f"{desk.key(number)}.entry", (number, number))
    desk.check(0).used()
    check = desk.check(0)
    check.look()
    check.used()

    Shelf(desk.shelf).prune(3, now=desk.clock())

    left = {number for number in range(KEPT) if isinstance(desk.check(number).look(), Hit)}
    assert left == {0, KEPT - 1, KEPT - 2}


def test_a_shelf_never_holds_many_more_than_it_may(desk: Desk) -> None:
    for number in range(100):
        desk.make(number, value=[number] * 2000)

    assert len(list(desk.shelf.glob("*.entry"))) <= 2 * KEPT


def test_results_that_no_entry_needs_go_once_they_are_not_fresh(desk: Desk) -> None:
    desk.make(1, value=[1] * 2000)
    desk.make(2, value=[2] * 2000)
    Shelf(desk.shelf).discard(desk.key(1))
    left = desk.shelf / "abandoned.part"
    left.touch()
    written = max(path.stat().st_mtime for path in desk.shelf.iterdir())

    Shelf(desk.shelf).prune(9, now=written + FRESH - 60)
    assert len(list(desk.shelf.glob("*.pkl"))) == 2  # one may be about to be part of an entry
    Shelf(desk.shelf).prune(9, now=written + FRESH + 60)

    assert len(list(desk.shelf.glob("*.pkl"))) == 1
    assert not left.exists()
    desk.hit(2)


def test_shelves_that_nobody_uses_go_in_the_end(desk: Desk, tmp_path: Path) -> None:
    desk.make()
    cache, used = tmp_path / "cache", desk.shelf.stat().st_mtime
    mark = cache / "swept"

    for looked_at, now in [(used, used + UNUSED - 60), (used + UNUSED, used + UNUSED + 60)]:
        os.utime(mark, (looked_at, looked_at))
        sweep(cache, now=now)  # it was used lately; and then, somebody has just looked
        desk.hit()
    os.utime(mark, (used, used))
    sweep(cache, now=used + UNUSED + 60)

    assert not desk.shelf.exists()


def test_shelves_have_names_that_people_can_read() -> None:
    assert shelf_name("/a/etl.yaml", "load orders").startswith("load-orders-")
    assert shelf_name("/a/etl.yaml", "load") != shelf_name("/b/etl.yaml", "load")
    assert "/" not in shelf_name("/a/etl.yaml", "../../x/load")


def test_a_value_that_is_stored_already_is_not_stored_twice(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    dump(tmp_path / "1.pkl", [1] * 5000)

    value = kept({"type": "list", "ref": "1.pkl"}, tmp_path, lambda: pytest.fail("not needed"))
    assert value.write is not None
    value.write(tmp_path / "cache" / "x.part")

    assert (tmp_path / "cache" / "x.part").samefile(tmp_path / "1.pkl")
