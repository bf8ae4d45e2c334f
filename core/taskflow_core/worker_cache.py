"""Looking into the cache in the process that has loaded the function, and keeping its success."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import taskflow_core.results as results
from taskflow_core.caching.check import Check
from taskflow_core.caching.entry import Components
from taskflow_core.caching.files import FilesError
from taskflow_core.caching.functions import Called, CodeBook, components_of
from taskflow_core.caching.lookup import Hit, Lookup, Miss, kept
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.promises import broken, lacking_input
from taskflow_core.executors.protocol import Missed, NotKept, Work
from taskflow_core.outcomes import Cached, Outcome, Succeeded
from taskflow_core.worker_inputs import Given

_books: dict[str | None, CodeBook] = {}
"""By the folder of the flow: this process holds the code that it has loaded."""

Say = Callable[[Missed | NotKept], None]


class WorkerCheck:
    """One attempt's look into the cache.

    Args:
        work: The attempt.
        lookup: What is asked.
        inputs: What it calls, and with what.
        say: Sends the engine a message.
    """

    def __init__(self, work: Work, lookup: Lookup, inputs: Given, say: Say) -> None:
        self._work = work
        self._lookup = lookup
        self._inputs = inputs
        self._say = say
        self._check = Check(lookup, self._asked)
        self._folder = Path(work.results)

    def look(self) -> Outcome | None:
        """Return how the attempt ends without being made; None if it has to be, after saying why.

        An earlier success stands in for it, or an input is not there.
        """
        try:
            answer = self._check.look()
        except FilesError as error:
            return lacking_input(error)
        if isinstance(answer, Hit):
            try:
                return self._taken(answer)
            except TaskflowError as error:
                answer = Miss(f"the entry cannot be used: {error}")
        self._say(Missed(answer.reason))
        self._check.begins()
        return None

    def keep(self, outcome: Succeeded) -> Outcome:
        """Keep a success, and return the outcome: a failure if an output was not made."""
        if lacking := self._check.lacking():
            return broken(lacking)
        load = partial(results.load, self._folder)
        why_not = self._check.keep(
            kept(outcome.result, self._folder, partial(load, outcome.result)),
            {
                key: kept(shown, self._folder, partial(load, shown))
                for key, shown in (outcome.context or {}).items()
            },
        )
        if why_not is not None:
            self._say(NotKept(why_not))
        return outcome

    def _taken(self, hit: Hit) -> Cached:
        folder, stem = self._check.shelf.folder, self._work.result_name.removesuffix(".pkl")
        written = {
            key: results.taken(self._folder, f"{stem}.{results.key_name(key)}.pkl", folder, shown)
            for key, shown in hit.entry.context.items()
        }
        result = results.taken(self._folder, self._work.result_name, folder, hit.entry.result)
        self._check.used()
        return Cached(result, hit.reason, written or None)

    def _asked(self) -> Components:
        work, inputs = self._work, self._inputs
        home = self._lookup.home
        book = _books.setdefault(home, CodeBook(home))
        called = Called(
            func=inputs.func,
            binding=inputs.binding,
            args=inputs.args,
            kwargs=inputs.kwargs,
            context=inputs.context if inputs.binding.takes_context else None,
            upstream={
                name: partial(results.load, self._folder, shown) for name, shown in work.upstream
            },
            changed=work.changes,
        )
        return components_of(called, book, counts_upstream=self._lookup.counts_upstream)
