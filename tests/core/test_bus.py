"""Subscribers hear what they asked for, in order; one that fails harms nobody."""

import logging
import pickle
import threading
from collections.abc import Iterator

import pytest

import taskflow_core.events as ev
from taskflow_core import EventBus
from taskflow_core.errors import DefinitionError
from tests.core.feeding import SOON, Feed, numbers


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def feed(bus: EventBus) -> Iterator[Feed]:
    feed = Feed(bus)
    yield feed
    feed.log.close()


# --- what is heard -----------------------------------------------------------------------


def test_everything_is_heard_in_order(bus: EventBus, feed: Feed) -> None:
    heard: list[ev.Event] = []
    bus.subscribe(heard.append)

    feed.publish("a", "b")
    feed.publish("c")
    feed.wait()

    assert heard == feed.events


@pytest.mark.parametrize("kinds", ["TaskBlocked", ["TaskBlocked"], ["TaskBlocked", "TaskFailed"]])
def test_kinds_are_filtered(bus: EventBus, feed: Feed, kinds: str | list[str]) -> None:
    heard: list[ev.Event] = []
    bus.subscribe(heard.append, kinds=kinds)

    feed.publish_kinds()
    feed.wait()

    assert [event.kind for event in heard] == ["TaskBlocked"]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ("load_a", ["load_a"]),
        (["load_*"], ["load_a", "load_b"]),
        (["save", "*_b"], ["load_b", "save"]),
        (["nothing"], []),
    ],
)
def test_tasks_are_filtered_by_name_and_by_pattern(
    bus: EventBus, feed: Feed, tasks: str | list[str], expected: list[str]
) -> None:
    heard: list[str] = []
    bus.subscribe(lambda event: heard.append(getattr(event, "task", "?")), tasks=tasks)

    feed.publish("load_a", "load_b", "save")
    feed.wait()

    assert heard == expected


def test_an_event_about_no_task_is_not_about_the_tasks_asked_for(bus: EventBus, feed: Feed) -> None:
    heard: list[ev.Event] = []
    bus.subscribe(heard.append, tasks="*")

    feed.publish_kinds()
    feed.wait()

    assert [event.kind for event in heard] == ["TaskReady", "TaskBlocked"]


def test_a_kind_that_does_not_exist_is_refused_with_a_suggestion(bus: EventBus) -> None:
    with pytest.raises(DefinitionError, match="no event called 'AtemptFailed'") as refusal:
        bus.subscribe(print, kinds=["AtemptFailed"])

    assert refusal.value.hint == "Did you mean 'AttemptFailed'?"


@pytest.mark.parametrize("family", ["Event", "TaskEvent", "UnknownEvent"])
def test_a_family_of_events_is_no_kind(bus: EventBus, family: str) -> None:
    with pytest.raises(DefinitionError, match="no event called"):
        bus.subscribe(print, kinds=family)


def test_a_queue_holds_at_least_one_event(bus: EventBus) -> None:
    with pytest.raises(DefinitionError, match="holds none"):
        bus.subscribe(print, queue=0)


def test_a_subscriber_hears_several_runs(bus: EventBus) -> None:
    heard: list[ev.Event] = []
    bus.subscribe(heard.append)
    first, second = Feed(bus), Feed(bus)

    first.publish("a")
    first.wait()
    second.publish("b")
    second.wait()
    first.log.close()
    second.log.close()

    assert heard == first.events + second.events


def test_a_bus_that_is_pickled_leaves_its_subscribers_behind(bus: EventBus) -> None:
    bus.subscribe(lambda _: None)

    copy = pickle.loads(pickle.dumps(bus))

    assert isinstance(copy, EventBus)


# --- coming late and leaving -------------------------------------------------------------


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (None, [3]), (3, [])])
def test_a_late_subscriber_begins_after_the_number_it_names(
    bus: EventBus, feed: Feed, after: int | None, expected: list[int]
) -> None:
    heard: list[ev.Event] = []
    feed.publish("a", "b")

    bus.subscribe(heard.append, after=after)
    feed.publish("c")
    feed.wait()

    assert numbers(heard) == expected


def test_subscribing_while_events_are_published_leaves_no_gap_and_no_duplicate(
    bus: EventBus, feed: Feed
) -> None:
    heard: list[list[ev.Event]] = [[] for _ in range(50)]
    begin = threading.Barrier(2, timeout=SOON)

    def publish() -> None:
        begin.wait()
        for _ in range(500):
            feed.publish("a", "b", "c")

    publisher = threading.Thread(target=publish)
    publisher.start()
    begin.wait()
    for number, one in enumerate(heard):
        bus.subscribe(one.append, after=number)
    publisher.join()
    feed.wait()

    for number, one in enumerate(heard):
        assert numbers(one) == list(range(number + 1, 1501))


def test_what_is_no_longer_in_memory_is_a_gap_to_a_late_subscriber(bus: EventBus) -> None:
    heard: list[ev.Event] = []
    feed = Feed(bus, kept=2)
    feed.publish("a", "b", "c", "d", "e")

    bus.subscribe(heard.append, after=1)
    feed.wait()
    feed.log.close()

    gap, *rest = heard
    assert isinstance(gap, ev.SubscriberGap)
    assert (gap.first, gap.last, gap.seq, gap.run) == (2, 3, 3, "r")
    assert numbers(rest) == [4, 5]


def test_a_closed_subscription_hears_no_more(bus: EventBus, feed: Feed) -> None:
    heard: list[ev.Event] = []
    with bus.subscribe(heard.append) as subscription:
        feed.publish("a")
        feed.wait()
    subscription.close()

    feed.publish("b")
    feed.wait()

    assert numbers(heard) == [1]


def test_a_callback_may_close_its_subscription_in_the_middle_of_a_batch(
    bus: EventBus, feed: Feed
) -> None:
    heard: list[ev.Event] = []

    def once(event: ev.Event) -> None:
        heard.append(event)
        subscription.close()

    subscription = bus.subscribe(once)
    feed.publish("a", "b", "c")
    feed.wait()

    assert numbers(heard) == [1]


def test_a_callback_may_subscribe_another(bus: EventBus, feed: Feed) -> None:
    heard: list[ev.Event] = []
    ready = threading.Event()

    def recruit(event: ev.Event) -> None:
        if event.seq == 1:
            bus.subscribe(heard.append, after=0)
            ready.set()

    bus.subscribe(recruit)
    feed.publish("a", "b")
    assert ready.wait(SOON)
    feed.wait()

    assert heard == feed.events


# --- subscribers that fail ---------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ValueError("broken subscriber"), SystemExit("broken subscriber")]
)
def test_a_subscriber_that_raises_is_logged_and_everybody_hears(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    heard: list[ev.Event] = []

    def broken(event: ev.Event) -> None:
        if event.seq == 1:
            raise error
        heard.append(event)

    subscription = bus.subscribe(broken)
    bus.subscribe(heard.append)
    feed.publish("a", "b")
    feed.wait()

    assert sorted(numbers(heard)) == [1, 2, 2]
    assert subscription.failures == 1
    assert "broken subscriber" in caplog.text


def test_after_ten_failures_in_a_row_a_subscriber_is_called_no_more(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def broken(event: ev.Event) -> None:
        calls.append(event.seq)
        raise ValueError("broken subscriber")

    subscription = bus.subscribe(broken)
    feed.publish(*["t"] * 50)
    feed.wait()

    assert calls == list(range(1, 11))
    assert subscription.failures == 10
    assert not subscription.is_open
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "failed 10 times in a row" in warnings[0]
    assert [r.levelno for r in caplog.records].count(logging.ERROR) == 1


def test_a_success_in_between_makes_the_count_begin_anew(bus: EventBus, feed: Feed) -> None:
    def moody(event: ev.Event) -> None:
        if event.seq % 10:
            raise ValueError("not today")

    subscription = bus.subscribe(moody)
    feed.publish(*["t"] * 50)
    feed.wait()

    assert subscription.is_open
    assert subscription.failures == 45
