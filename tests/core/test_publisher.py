"""A run records its events, then tells subscribers, and never waits for one while it goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

import taskflow_core.events as ev
from taskflow_core import EventBus, Flow, RunHandle, Task
from taskflow_core.errors import RefusedError
from taskflow_core.journal.sqlite import JournalReader, SqliteJournal
from taskflow_core.publisher import Publisher
from tests.core.feeding import SOON, Gate, accounted, numbers


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """What the task of `waiting` waits for."""
    held = threading.Event()
    yield held
    held.set()


@pytest.fixture
def waiting(held: threading.Event) -> Flow:
    """A flow that goes on until it is let go."""
    return Flow("waiting", [Task(held.wait, name="a", args=(SOON,)), Task(int, name="b")])


def ready(number: int) -> ev.Event:
    return ev.TaskReady(number, 1.0, "r", "a", 0)


def fail(error: Exception) -> None:
    raise error


# --- recording ---------------------------------------------------------------------------


def test_nothing_is_heard_before_it_is_recorded(tmp_path: Path) -> None:
    recorded: list[bool] = []
    journal = SqliteJournal(tmp_path / "journal.db", owner=1)
    news = [[ready(1), ready(2)], [ready(3)]]

    def look(event: ev.Event) -> None:
        with closing(JournalReader(tmp_path / "journal.db")) as reader:
            recorded.append(event in reader.read())

    bus = EventBus()
    bus.subscribe(look)
    publisher = Publisher(lambda: news.pop(0) if news else [], journal, [bus], on_failure=fail)
    publisher.flush()
    publisher.close()
    journal.close()

    assert recorded == [True, True, True]


def test_recording_goes_on_while_a_subscriber_stands_still(tmp_path: Path, gate: Gate) -> None:
    journal = SqliteJournal(tmp_path / "journal.db", owner=1)
    news: list[ev.Event] = [ready(1)]
    bus = EventBus()
    bus.subscribe(gate, patience=0)

    def fetch() -> list[ev.Event]:
        new = news[:]
        news.clear()
        return new

    publisher = Publisher(fetch, journal, [bus], on_failure=fail)
    publisher.hear_of_events()
    assert gate.entered.wait(SOON)
    news.append(ready(2))
    publisher.commit()

    with closing(JournalReader(tmp_path / "journal.db")) as reader:
        assert numbers(reader.read()) == [1, 2]
    assert gate.heard == []
    gate.open()
    publisher.close()
    journal.close()


# --- slow subscribers of a run -----------------------------------------------------------


def test_a_callback_that_never_returns_does_not_keep_a_run_from_ending(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[ev.Event] = []
    bus = EventBus()
    bus.subscribe(gate, patience=0.01)
    bus.subscribe(heard.append)

    results = Flow("stuck", [Task(int, name="a")]).run(bus=bus)

    assert results["a"] == 0
    assert heard[-1].kind == "RunSettled"
    assert caplog.text.count("is stuck after event 0") == 1


def test_a_run_settles_while_a_subscriber_stands_still(gate: Gate) -> None:
    settled = threading.Event()
    bus = EventBus()
    bus.subscribe(gate, queue=10)
    bus.subscribe(lambda _: settled.set(), kinds="RunSettled")

    with Flow("many", [Task(int, name=f"t{n}") for n in range(1_000)]).start(bus=bus) as handle:
        assert settled.wait(SOON)
        state_when_nothing_was_heard = (handle.state, len(gate.heard))
        gate.open()
        handle.wait()

    assert state_when_nothing_was_heard == ("SUCCEEDED", 0)
    last = gate.heard[-1]
    assert last.kind == "RunSettled"
    assert accounted(gate.heard) == list(range(1, last.seq + 1))
    assert len(gate.heard) < last.seq


def test_a_slow_subscriber_of_a_recorded_run_hears_everything(tmp_path: Path, gate: Gate) -> None:
    settled = threading.Event()
    bus = EventBus()
    subscription = bus.subscribe(gate, queue=10)
    bus.subscribe(lambda _: settled.set(), kinds="RunSettled")
    flow = Flow("many", [Task(int, name=f"t{n}") for n in range(1_000)])

    with flow.start(bus=bus, journal=tmp_path) as handle:
        assert settled.wait(SOON)
        gate.open()
        handle.wait()

    assert numbers(gate.heard) == list(range(1, len(gate.heard) + 1))
    assert gate.heard[-1].kind == "RunSettled"
    assert subscription.dropped == 0


# --- late subscribers of a run -----------------------------------------------------------


@pytest.mark.parametrize("journal", [False, True])
def test_a_late_subscriber_hears_a_run_from_its_beginning(
    waiting: Flow, held: threading.Event, tmp_path: Path, journal: bool
) -> None:
    during: list[ev.Event] = []
    ended: list[ev.Event] = []
    closed: list[ev.Event] = []
    replayed = threading.Event()

    with waiting.start(journal=tmp_path if journal else None) as handle:
        handle.subscribe(during.append)
        held.set()
        handle.wait()
        handle.subscribe(ended.append, after=3)
        handle.wait()
    handle.subscribe(closed.append)
    handle.subscribe(lambda _: replayed.set(), kinds="RunSettled")
    assert replayed.wait(SOON)

    assert numbers(during) == list(range(1, len(during) + 1))
    assert during[-1].kind == "RunSettled"
    assert ended == during[3:]


def test_a_bus_forgets_a_run_that_is_closed() -> None:
    heard: list[ev.Event] = []
    bus = EventBus()
    flow = Flow("once", [Task(int, name="a")])
    flow.run(bus=bus)

    bus.subscribe(heard.append, after=0)
    flow.run(bus=bus)

    assert numbers(heard) == list(range(1, len(heard) + 1))


# --- callbacks that act on the run -------------------------------------------------------

Act = Callable[[RunHandle], object]


def retry_later(handle: RunHandle) -> None:
    with suppress(RefusedError):
        handle.retry("b")


def wait_in_vain(handle: RunHandle) -> None:
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0)


@pytest.mark.parametrize(
    ("act", "effect"),
    [
        (RunHandle.pause, {"RunPaused", "RunResumed"}),
        (RunHandle.cancel, {"CancelRequested"}),
        (retry_later, set[str]()),
        (wait_in_vain, set[str]()),
    ],
    ids=["pause", "cancel", "retry", "wait"],
)
def test_a_callback_may_act_on_the_run_that_calls_it(
    waiting: Flow, held: threading.Event, act: Act, effect: set[str]
) -> None:
    kinds: set[str] = set()
    acted = threading.Event()

    def callback(event: ev.Event) -> None:
        act(handle)
        acted.set()

    with waiting.start() as handle:
        handle.subscribe(lambda event: kinds.add(event.kind))
        subscription = handle.subscribe(callback, kinds="AttemptStarted", tasks="a")
        assert acted.wait(SOON)
        with suppress(RefusedError):
            handle.resume()
        held.set()
        handle.wait()

    assert subscription.failures == 0
    assert "RunSettled" in kinds
    assert kinds & {"RunPaused", "RunResumed", "CancelRequested"} == effect


def test_a_callback_may_retry_a_run_that_has_settled() -> None:
    broken = [True]
    mended = threading.Event()

    def fragile() -> str:
        if broken:
            raise ValueError("broken")
        return "mended"

    def mend(event: ev.Event) -> None:
        if broken.pop() if broken else False:
            handle.retry()
        else:
            mended.set()

    with Flow("mend", [Task(fragile, name="a")]).start() as handle:
        handle.subscribe(mend, kinds="RunSettled")
        assert mended.wait(SOON)
        assert handle.wait()["a"] == "mended"


def test_a_callback_may_wait_for_the_end_and_close_the_run(
    waiting: Flow, held: threading.Event
) -> None:
    states: list[str] = []
    closed = threading.Event()

    def callback(_: ev.Event) -> None:
        held.set()
        states.append(handle.wait().state)
        handle.close()
        closed.set()

    handle = waiting.start()
    handle.subscribe(callback, kinds="AttemptStarted", tasks="a")

    assert closed.wait(SOON)
    assert states == ["SUCCEEDED"]


def test_a_script_needs_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    flow = Flow("three", [Task(int, name="a")])

    bus = EventBus()
    bus.subscribe(print)
    flow.run(bus=bus)

    assert capsys.readouterr().out.count("AttemptStarted(") == 1
