"""A slow subscriber harms nobody; it hears every event, or a gap in place of those it missed."""

import time
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import taskflow_core.events as ev
from taskflow_core import EventBus
from taskflow_core.bus.delivery import wait_until_heard
from taskflow_core.bus.log import KEPT, EventLog
from taskflow_core.errors import JournalError
from tests.core.feeding import SOON, Feed, Gate, accounted, numbers


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def feed(bus: EventBus) -> Iterator[Feed]:
    feed = Feed(bus)
    yield feed
    feed.log.close()


# --- slow subscribers --------------------------------------------------------------------


def test_subscribers_of_different_speed_all_hear_everything(bus: EventBus, feed: Feed) -> None:
    quick: list[ev.Event] = []
    slow, slower = Gate(), Gate()
    bus.subscribe(slow)
    bus.subscribe(slower)
    bus.subscribe(quick.append, patience=SOON)

    for _ in range(100):
        feed.publish("a", "b")
        slow.let(1)
    wait_until_heard(bus.deliveries(feed.log)[2:], 200)
    in_time = len(quick), len(slower.heard)
    slow.open()
    slower.open()
    feed.wait()

    assert in_time == (200, 0)
    assert quick == slow.heard == slower.heard == feed.events


def test_publishing_does_not_wait_for_a_slow_subscriber(bus: EventBus, feed: Feed) -> None:
    gate = Gate()
    bus.subscribe(gate)
    feed.publish("a")
    assert gate.entered.wait(SOON)

    for _ in range(200):
        feed.publish(*["t"] * 100)

    assert gate.heard == []
    gate.open()
    feed.wait()
    assert gate.heard == feed.events


def test_what_a_full_queue_could_not_hold_is_one_gap(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    subscription = bus.subscribe(gate, queue=3)
    feed.publish("a")
    assert gate.entered.wait(SOON)

    feed.publish(*"bcdefghij")
    gate.open()
    feed.wait()

    first, gap, *rest = gate.heard
    assert first.seq == 1
    assert isinstance(gap, ev.SubscriberGap)
    assert (gap.first, gap.last) == (2, 7)
    assert numbers(rest) == [8, 9, 10]
    assert subscription.dropped == 6
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_a_full_queue_could_not_hold_is_read_from_the_record(bus: EventBus) -> None:
    gate = Gate()
    subscription = bus.subscribe(gate, queue=3)
    feed = Feed(bus, record=True)
    feed.publish("a")
    assert gate.entered.wait(SOON)

    feed.publish(*"bcdefghij")
    gate.open()
    feed.wait()
    feed.log.close()

    assert gate.heard == feed.events
    assert subscription.dropped == 0


def test_a_record_that_cannot_be_read_leaves_a_gap(
    bus: EventBus, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged(after: int) -> Sequence[ev.Event]:
        raise JournalError("events 1 to 9 are damaged")

    heard: list[ev.Event] = []
    log = EventLog(damaged, kept=1)
    bus.attach(log)
    log.append([ev.TaskReady(n, 1.0, "r", "a", 0) for n in (1, 2, 3)])

    bus.subscribe(heard.append, after=0)
    wait_until_heard(bus.deliveries(log), 3)
    log.close()

    assert [event.kind for event in heard] == ["SubscriberGap", "TaskReady"]
    assert "events 1 to 9 are damaged" in caplog.text


@pytest.mark.parametrize(
    ("kinds", "tasks", "expected"),
    [
        ("TaskReady", None, ["TaskReady"]),
        (["TaskReady", "SubscriberGap"], None, ["SubscriberGap", "TaskReady"]),
        (None, "z", ["SubscriberGap", "TaskReady"]),
    ],
)
def test_a_gap_is_kept_from_those_who_asked_for_other_kinds_only(
    bus: EventBus, kinds: str | list[str] | None, tasks: str | None, expected: list[str]
) -> None:
    heard: list[str] = []
    feed = Feed(bus, kept=1)
    feed.publish("x", "y", "z")

    subscription = bus.subscribe(
        lambda event: heard.append(event.kind), kinds=kinds, tasks=tasks, after=0
    )
    feed.wait()
    feed.log.close()

    assert heard == expected
    assert subscription.dropped == 2


@given(
    steps=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=20),
    queue=st.integers(1, 12),
    kept=st.integers(1, 12),
    record=st.booleans(),
    after=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_however_it_comes_every_event_is_heard_or_in_a_gap(
    steps: list[tuple[int, int]], queue: int, kept: int, record: bool, after: int
) -> None:
    bus, gate, late = EventBus(), Gate(), Gate()
    feed = Feed(bus, record=record, kept=kept)
    bus.subscribe(gate, queue=queue)

    for number, (published, let_through) in enumerate(steps):
        feed.publish(*["t"] * published)
        gate.let(let_through)
        if number == len(steps) // 2:
            bus.subscribe(late, queue=queue, after=after)
    gate.open()
    late.open()
    feed.wait()
    feed.log.close()

    assert accounted(gate.heard) == numbers(feed.events)
    assert accounted(late.heard) == numbers(feed.events)[after:]
    if record:
        assert gate.heard == feed.events


def test_memory_is_bounded_whether_anybody_listens_or_not() -> None:
    feed = Feed(kept=100)

    for _ in range(1_000):
        feed.publish("a", "b", "c")

    (gap,) = feed.log.read(0, KEPT, lambda: False)
    assert 2_800 <= gap.seq <= 2_900


# --- waiting for subscribers -------------------------------------------------------------


def test_nobody_waits_for_ever_for_a_subscriber_that_is_stuck(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = Gate()
    heard: list[ev.Event] = []
    bus.subscribe(stuck, patience=0.01)
    bus.subscribe(heard.append, patience=SOON)

    feed.publish("a", "b")
    feed.wait()
    feed.wait()

    assert heard == feed.events
    assert [record.getMessage().partition("> ")[2] for record in caplog.records] == [
        "is stuck after event 0; nobody waits for it any longer"
    ]
    stuck.open()


def test_patience_begins_anew_whenever_a_subscriber_has_moved(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    bus.subscribe(gate, patience=0)
    (delivery,) = bus.deliveries(feed.log)
    feed.publish("a", "b")
    assert gate.entered.wait(SOON)
    gate.entered.clear()
    gate.let(1)
    assert gate.entered.wait(SOON), "it has dealt with the first"

    delivery.wait(2, place=0, since=time.monotonic() - 3600)

    assert "is stuck after event 1;" in caplog.text
    gate.open()


def test_a_callback_that_waits_for_everybody_waits_for_nobody(bus: EventBus, feed: Feed) -> None:
    heard: list[int] = []

    def wait(event: ev.Event) -> None:
        feed.wait()
        heard.append(event.seq)

    bus.subscribe(wait)
    bus.subscribe(wait)
    feed.publish("a")
    feed.wait()

    assert heard == [1, 1]
