"""Subscribers hear what they asked for, in order; one that fails harms nobody."""

import logging

import pytest

import taskflow_core.events as ev
from taskflow_core import EventBus

READY = ev.TaskReady(1, 1.0, "r", "a", 0)
BLOCKED = ev.TaskBlocked(2, 1.0, "r", "b", 0, "a")


def test_everything_is_heard_in_order() -> None:
    heard: list[ev.Event] = []
    bus = EventBus()
    bus.subscribe(heard.append)

    bus.publish([READY, BLOCKED])

    assert heard == [READY, BLOCKED]


def test_kinds_are_filtered() -> None:
    heard: list[ev.Event] = []
    bus = EventBus()
    bus.subscribe(heard.append, kinds=["TaskBlocked"])

    bus.publish([READY, BLOCKED])

    assert heard == [BLOCKED]


def test_a_closed_subscription_hears_no_more() -> None:
    heard: list[ev.Event] = []
    bus = EventBus()
    subscription = bus.subscribe(heard.append)
    subscription.close()
    subscription.close()

    bus.publish([READY])

    assert heard == []


def test_a_subscriber_that_raises_is_logged_and_the_others_hear(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: ev.Event) -> None:
        raise ValueError("broken subscriber")

    heard: list[ev.Event] = []
    bus = EventBus()
    bus.subscribe(broken)
    bus.subscribe(heard.append)

    with caplog.at_level(logging.ERROR):
        bus.publish([READY])

    assert heard == [READY]
    assert "broken subscriber" in caplog.text
