"""The threads that call subscribers: one for each run that a subscriber listens to."""

import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from operator import length_hint
from typing import cast

from taskflow_core.bus.log import EventLog
from taskflow_core.bus.loops import LoopEndedError, complete, running_loop
from taskflow_core.bus.subscription import Subscriber, Subscription
from taskflow_core.events import Event, SubscriberGap

TURN = 100
"""After how many events an async subscriber lets the other tasks of its loop go on."""

log = logging.getLogger(__name__)


class Delivery:
    """Calls one subscriber with the events of one run, from a thread of its own.

    Args:
        subscription: Whom to call.
        events: Those of the run.
        after: The number of the event before the first that the subscriber is to hear.
        on_end: Called when there is nothing more to hear.
    """

    def __init__(
        self,
        subscription: Subscription,
        events: EventLog,
        after: int,
        on_end: Callable[["Delivery"], None],
    ) -> None:
        self.subscription = subscription
        self.events = events
        self._on_end = on_end
        self._position = after
        """The number of the last event of the batches that the subscriber has dealt with."""
        self._batch: Sequence[Event] = ()
        """What it is called with now, one by one."""
        self._left: Iterator[Event] = iter(self._batch)
        self._stuck_at: int | None = None
        """Where it was when somebody waited for it in vain."""
        self._is_over = False
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="taskflow-subscriber", daemon=True)

    def start(self) -> None:
        """Begin to call."""
        self._thread.start()

    def wake(self) -> None:
        """Notice that the subscription was closed."""
        self.events.announce()
        with self._moved:
            self._moved.notify_all()

    # --- calling ---------------------------------------------------------------------------

    def _run(self) -> None:
        subscription, read = self.subscription, self.events.read
        try:
            while events := read(self._position, subscription.queue, self._is_unwanted):
                if isinstance(events[0], SubscriberGap):
                    subscription.note_gap(events[0])
                self._hand_over(subscription.wanted.select(events))
                self._move(events[-1].seq)
        except LoopEndedError:
            subscription.note_loop_ended()
        finally:
            self._finish()

    def _is_unwanted(self) -> bool:
        return not self.subscription.is_open

    def _hand_over(self, events: Sequence[Event]) -> None:
        if not self.subscription.is_async:
            self._call_each(events)
            return
        for start in range(0, len(events), TURN):
            complete(self._await_each(events[start : start + TURN]), self.subscription.loop)

    def _call_each(self, events: Sequence[Event]) -> None:
        """Call the subscriber with each of `events`, for as long as it is open."""
        subscription, left = self.subscription, iter(events)
        self._batch, self._left = events, left
        while subscription.is_open and length_hint(left):
            try:
                self._call_on(left)
            except BaseException as error:  # noqa: BLE001  not even SystemExit ends this thread
                subscription.note_failure(self._at_hand(), error)

    def _call_on(self, events: Iterable[Event]) -> None:
        subscription = self.subscription
        for answer in map(subscription.callback, events):  # half as dear as calling it here
            if answer is not None and inspect.isawaitable(answer):
                self._complete(self._at_hand(), answer)
            elif subscription.failures_in_a_row:
                subscription.failures_in_a_row = 0
            if not subscription.is_open:
                return

    def _at_hand(self) -> Event:
        """Return the event of the batch that the subscriber was called with last."""
        return self._batch[-1 - length_hint(self._left)]

    def _complete(self, event: Event, answer: Awaitable[object]) -> None:
        self.subscription.uses_loop = True
        complete(self._await(lambda _: answer, event), self.subscription.loop)

    async def _await_each(self, events: Iterable[Event]) -> None:
        for event in events:
            if not self.subscription.is_open:
                return
            await self._await(self.subscription.callback, event)
            self._position = event.seq

    async def _await(self, callback: Subscriber, event: Event) -> None:
        try:
            await cast("Awaitable[object]", callback(event))
        except (Exception, SystemExit) as error:  # noqa: BLE001  it must not end the loop either
            self.subscription.note_failure(event, error)
        else:
            self.subscription.failures_in_a_row = 0

    def _move(self, position: int) -> None:
        with self._moved:
            self._position = position
            self._batch, self._left = (), iter(())
            self._moved.notify_all()

    def _finish(self) -> None:
        self._on_end(self)
        with self._moved:
            self._is_over = True
            self._moved.notify_all()

    # --- waiting ---------------------------------------------------------------------------

    @property
    def is_current_thread(self) -> bool:
        """Whoever asks is a callback that this delivery calls."""
        return threading.current_thread() is self._thread

    @property
    def needs_current_thread(self) -> bool:
        """The callback runs on the event loop of whoever asks, so that waiting would be in vain."""
        running = running_loop()
        subscription = self.subscription
        return running is not None and subscription.uses_loop and running is subscription.loop

    def wait(self, target: int, place: int, since: float) -> None:
        """Wait until the event numbered `target` was dealt with; give up if nothing moves.

        Args:
            target: The number of the event.
            place: Where the delivery was at the time `since`, by the monotonic clock.
            since: When counting the seconds without progress begins.
        """
        with self._moved:
            while not self._is_past(target) and place != self._stuck_at:
                left = since + self.subscription.patience - time.monotonic()
                if left > 0:
                    self._moved.wait(left)
                elif self.position != place:
                    place, since = self.position, time.monotonic()
                else:
                    self._give_up(place)

    @property
    def position(self) -> int:
        """The number of the last event that the subscriber has dealt with."""
        done = len(self._batch) - length_hint(self._left) - 1  # the one at hand is under way
        return max(self._position, self._batch[done - 1].seq) if done > 0 else self._position

    def _is_past(self, target: int) -> bool:
        return self.position >= target or self._is_over or self._is_unwanted()

    def _give_up(self, place: int) -> None:
        self._stuck_at = place
        text = "subscriber %r is stuck after event %d; nobody waits for it any longer"
        log.warning(text, self.subscription.callback, place)


def wait_until_heard(deliveries: Iterable[Delivery], target: int) -> None:
    """Wait until subscribers have dealt with the event numbered `target`, or are stuck.

    A callback waits for nobody: others may be waiting for it. Nor can the thread of an event
    loop wait for the callbacks that run on it.
    """
    began = time.monotonic()
    places = [(delivery, delivery.position) for delivery in deliveries]
    if any(delivery.is_current_thread for delivery, _ in places):
        return
    for delivery, place in places:
        if not delivery.needs_current_thread:
            delivery.wait(target, place, began)
