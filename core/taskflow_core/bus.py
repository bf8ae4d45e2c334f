"""Where the events of a run go: callbacks, each kept apart from the run and from the others."""

import logging
from collections.abc import Callable, Iterable, Sequence

from taskflow_core.events import Event

log = logging.getLogger(__name__)

Subscriber = Callable[[Event], object]
"""Called with one event at a time, in order, on a thread of the engine's."""


class Subscription:
    """One callback's place on a bus."""

    def __init__(self, bus: "EventBus", callback: Subscriber, kinds: frozenset[str] | None) -> None:
        self._bus = bus
        self._callback = callback
        self._kinds = kinds

    def close(self) -> None:
        """Hear no more. Closing twice is harmless."""
        self._bus.drop(self)

    def deliver(self, events: Sequence[Event]) -> None:
        """Call the callback with each event it asked for; what it raises is logged."""
        kinds, callback = self._kinds, self._callback
        wanted = events if kinds is None else [event for event in events if event.kind in kinds]
        for event in wanted:
            try:
                callback(event)
            except Exception:
                log.exception("subscriber %r failed on %s", callback, event.kind)


class EventBus:
    """Hands events to subscribers, in the order they happened.

    A subscriber that raises is logged and goes on hearing; the run is untouched.
    """

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()

    def subscribe(
        self, callback: Subscriber, *, kinds: Iterable[str] | None = None
    ) -> Subscription:
        """Call `callback` with every event from now on, or those of `kinds`.

        Args:
            callback: Called from a thread of the engine's, never under one of its locks, so it
                may pause, retry or cancel the run.
            kinds: Names of event kinds, such as `AttemptFailed`.
        """
        subscription = Subscription(self, callback, None if kinds is None else frozenset(kinds))
        self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget `subscription`."""
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

    def publish(self, events: Sequence[Event]) -> None:
        """Deliver `events` to every subscriber before returning."""
        for subscription in self._subscriptions:
            subscription.deliver(events)
