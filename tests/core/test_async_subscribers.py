"""Async callbacks are awaited one at a time, on the loop they came from or on one of their own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import taskflow_core.events as ev
from taskflow_core import EventBus, Subscription
from tests.core.feeding import SOON, Feed


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def feed(bus: EventBus) -> Iterator[Feed]:
    feed = Feed(bus)
    yield feed
    feed.log.close()


async def test_a_coroutine_runs_on_the_loop_it_was_subscribed_from(
    bus: EventBus, feed: Feed
) -> None:
    heard: list[ev.Event] = []
    loops: set[asyncio.AbstractEventLoop] = set()

    async def hear(event: ev.Event) -> None:
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        heard.append(event)

    bus.subscribe(hear)
    feed.publish(*["t"] * 250)
    await asyncio.to_thread(feed.wait)

    assert heard == feed.events
    assert loops == {asyncio.get_running_loop()}


def test_a_coroutine_without_a_loop_gets_one(bus: EventBus, feed: Feed) -> None:
    heard: list[ev.Event] = []
    now = 0

    async def hear(event: ev.Event) -> None:
        nonlocal now
        now += 1
        await asyncio.sleep(0)
        heard.append(event)
        assert now == 1, "one at a time"
        now -= 1

    bus.subscribe(hear)
    feed.publish(*["t"] * 250)
    feed.wait()

    assert heard == feed.events


class Listener:
    """Has every shape of an async callback."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def hear(self, event: ev.Event) -> None:
        await asyncio.sleep(0)
        self.heard.append(event.seq)

    async def __call__(self, event: ev.Event) -> None:
        await self.hear(event)


def the_object(listener: Listener) -> Callable[[ev.Event], object]:
    return listener


def a_method(listener: Listener) -> Callable[[ev.Event], object]:
    return listener.hear


def a_lambda(listener: Listener) -> Callable[[ev.Event], object]:
    return lambda event: listener.hear(event)


@pytest.mark.parametrize("shape", [the_object, a_method, a_lambda])
def test_whatever_returns_something_to_await_is_awaited(
    bus: EventBus, feed: Feed, shape: Callable[[Listener], Callable[[ev.Event], object]]
) -> None:
    listener = Listener()

    bus.subscribe(shape(listener))
    feed.publish("a", "b", "c")
    feed.wait()

    assert listener.heard == [1, 2, 3]


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit("broken")])
def test_a_coroutine_that_raises_is_logged_and_called_no_more_after_ten_times(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    heard: list[ev.Event] = []

    async def broken(event: ev.Event) -> None:
        raise error

    async def hear(event: ev.Event) -> None:
        heard.append(event)

    subscription = bus.subscribe(broken)
    bus.subscribe(hear)
    feed.publish(*["t"] * 50)
    feed.wait()

    assert heard == feed.events
    assert (subscription.failures, subscription.is_open) == (10, False)
    assert caplog.text.count("failed 10 times in a row") == 1


def test_a_subscriber_whose_loop_has_ended_hears_no_more(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    async def hear(event: ev.Event) -> None: ...

    async def listen() -> Subscription:
        return bus.subscribe(hear)

    subscription = asyncio.run(listen())
    feed.publish("a")
    feed.wait()

    assert not subscription.is_open
    assert "has ended; it hears no more" in caplog.text


def test_a_subscriber_whose_loop_ends_in_the_middle_of_a_call_hears_no_more(
    bus: EventBus, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    async def listen() -> Subscription:
        entered = asyncio.Event()

        async def hear(event: ev.Event) -> None:
            entered.set()
            await asyncio.sleep(3600)

        subscription = bus.subscribe(hear)
        feed.publish("a")
        await entered.wait()
        return subscription

    subscription = asyncio.run(listen())
    feed.wait()

    assert not subscription.is_open
    assert "has ended; it hears no more" in caplog.text


def test_a_loop_that_was_closed_without_a_word_is_noticed(
    bus: EventBus, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskflow_core.bus.loops.LOOK", 0.01)
    loop = asyncio.new_event_loop()
    asked = threading.Event()
    ask = loop.call_soon_threadsafe

    def note(*args: Any, **options: Any) -> asyncio.Handle:
        handle = ask(*args, **options)
        asked.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", note)
    heard: list[ev.Event] = []

    async def hear(event: ev.Event) -> None:
        heard.append(event)

    async def listen() -> Subscription:
        return bus.subscribe(hear)

    subscription = loop.run_until_complete(listen())
    feed.publish("a")
    assert asked.wait(SOON)
    loop.close()  # what it was asked for is never done
    feed.wait()

    assert heard == []
    assert not subscription.is_open


async def test_who_blocks_the_loop_does_not_wait_for_what_runs_on_it(
    bus: EventBus, feed: Feed
) -> None:
    heard: list[ev.Event] = []

    async def hear(event: ev.Event) -> None:
        heard.append(event)

    bus.subscribe(hear, patience=3600)
    feed.publish("a")
    feed.wait()  # blocks the loop: would take an hour

    await asyncio.to_thread(feed.wait)
    assert heard == feed.events
