"""Where the events of a run go: callbacks, each kept apart from the run and from the others."""

import threading

from taskflow_core.bus.delivery import Delivery
from taskflow_core.bus.filter import EventFilter, Names
from taskflow_core.bus.log import KEPT, EventLog
from taskflow_core.bus.subscription import Subscriber, Subscription
from taskflow_core.errors import DefinitionError

__all__ = ["EventBus", "Subscriber", "Subscription"]

PATIENCE = 5.0
"""Seconds without progress after which the end of a run no longer waits for a subscriber."""


class EventBus:
    """Hands the events of runs to subscribers, in the order they happened.

    Every subscriber is called from a thread of its own, one for each run: no run and no other
    subscriber ever waits for it, whatever it does. It hears every event of a run in order, or one
    `SubscriberGap` in place of those that it missed.

    A callback that raises is logged, and called no more after ten times in a row. It may call
    whatever it likes: pause, retry, cancel or wait for the run, subscribe, or close a subscription.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._logs: tuple[EventLog, ...] = ()
        self._deliveries: tuple[Delivery, ...] = ()
        """What is under way from a run to a subscriber."""

    def __reduce__(self) -> tuple[type["EventBus"], tuple[()]]:
        return EventBus, ()  # subscribers stay in their process

    def subscribe(
        self,
        callback: Subscriber,
        *,
        kinds: Names | None = None,
        tasks: Names | None = None,
        after: int | None = None,
        queue: int = KEPT,
        patience: float = PATIENCE,
    ) -> Subscription:
        """Call `callback` with every event from now on, or with those that are wanted.

        Args:
            callback: If it is async, it runs on the event loop that runs here and now; failing
                that, on one in a thread of TaskFlow's. Each call ends before the next begins.
            kinds: Names of kinds of events, such as `AttemptFailed`. Where there are any,
                `SubscriberGap` is only heard if it is among them.
            tasks: Names of tasks, or patterns such as `load_*`: only events about them are heard.
            after: Of runs that are under way, begin with the event after this number, so 0 means
                all of them; None means those to come. Runs that start later are heard in full.
            queue: How many events may wait in memory when the callback is slow, up to 50,000. The
                rest is read from the run's journal when it gets there; without a journal, one
                `SubscriberGap` takes its place.
            patience: The end of a run waits until the callback has heard everything, but no longer
                when this many seconds pass without its dealing with a single event.

        Raises:
            DefinitionError: there is no such kind of event, or no room in the queue.
        """
        if queue < 1:
            raise DefinitionError(
                f"a queue of {queue} events holds none", hint="Give it 1 or more."
            )
        subscription = Subscription(
            callback, EventFilter(kinds, tasks), queue=queue, patience=patience, on_close=self._drop
        )
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
            for log in self._logs:
                self._deliver(log, subscription, log.last if after is None else after)
        return subscription

    def attach(self, log: EventLog) -> None:
        """Hand over the events of a run, from its first one on."""
        with self._lock:
            self._logs = (*self._logs, log)
            for subscription in self._subscriptions:
                self._deliver(log, subscription, 0)

    def detach(self, log: EventLog) -> None:
        """Forget a run; those who listen to it already hear the rest."""
        with self._lock:
            self._logs = tuple(other for other in self._logs if other is not log)

    def deliveries(self, log: EventLog) -> list[Delivery]:
        """Return what is under way from a run to subscribers."""
        return [delivery for delivery in self._deliveries if delivery.events is log]

    def _deliver(self, log: EventLog, subscription: Subscription, after: int) -> None:
        delivery = Delivery(subscription, log, after, self._forget)
        self._deliveries = (*self._deliveries, delivery)
        delivery.start()

    def _forget(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries = tuple(other for other in self._deliveries if other is not delivery)

    def _drop(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
            concerned = [d for d in self._deliveries if d.subscription is subscription]
        for delivery in concerned:
            delivery.wake()
