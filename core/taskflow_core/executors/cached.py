"""Looking into the cache before an attempt is made in this process, and keeping its success."""

from functools import partial

from taskflow_core.caching.check import Check
from taskflow_core.caching.entry import Components
from taskflow_core.caching.files import FilesError
from taskflow_core.caching.functions import Called, CodeBook, components_of
from taskflow_core.caching.lookup import Hit, Miss, kept
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, CachePlace, Executor, Workplace
from taskflow_core.executors.cache_lookups import command_components, lookup_of, needs_check
from taskflow_core.executors.inputs import inputs_of, refused
from taskflow_core.executors.promises import broken, lacking_input
from taskflow_core.outcomes import Cached, Job, Outcome, Succeeded


class CachingExecutor:
    """Makes attempts by another executor, unless an earlier success stands in for them.

    Args:
        inner: Makes them; their functions can be loaded in this process.
        place: The run.
        cache: Where successes are kept.
    """

    def __init__(self, inner: Executor, place: Workplace, cache: CachePlace) -> None:
        self._inner = inner
        self._place = place
        self._cache = cache
        self._books: dict[str | None, CodeBook] = {}
        """By the folder of the flow, or sub-flow, that a function is from."""
        self._told: set[Job] = set()

    def run(self, job: Job, began: Began) -> Outcome:
        if not needs_check(self._place, job):
            return self._inner.run(job, began)
        try:
            check = Check(lookup_of(self._place, job, self._cache), partial(self._asked, job))
            return self._look(check, job) or self._made(check, job, began)
        except FilesError as error:
            return lacking_input(error)
        except TaskflowError as error:
            return refused(job, error)
        finally:
            self._told.discard(job)

    def stop(self, job: Job, *, kill: bool) -> Outcome | None:
        self._told.add(job)
        return self._inner.stop(job, kill=kill)

    def forget_code(self) -> None:
        self._books.clear()
        self._inner.forget_code()

    def close(self) -> None:
        self._inner.close()

    def _look(self, check: Check, job: Job) -> Cached | None:
        """Return what stands in for an attempt; else record why nothing does."""
        answer = check.look()
        if isinstance(answer, Hit):
            try:
                return self._taken(check, answer, job)
            except TaskflowError as error:
                answer = Miss(f"the entry cannot be used: {error}")
        self._place.missed(job, answer.reason)
        return None

    def _taken(self, check: Check, hit: Hit, job: Job) -> Cached:
        """Take over what an earlier success returned and wrote.

        Raises:
            ResultError: it cannot be had.
        """
        results, folder = self._place.results, check.shelf.folder
        take = partial(results.take_written, job.key)
        written = {key: take(key, folder, shown) for key, shown in hit.entry.context.items()}
        result = results.take(job.key, folder, hit.entry.result)
        check.used()
        return Cached(result, hit.reason, written or None)

    def _made(self, check: Check, job: Job, began: Began) -> Outcome:
        """Make the attempt, and keep its success."""
        check.begins()
        outcome = self._inner.run(job, began)
        if not isinstance(outcome, Succeeded) or job in self._told:
            return outcome
        if lacking := check.lacking():
            return broken(lacking)
        results = self._place.results
        why_not = check.keep(
            kept(outcome.result, results.folder, partial(results.get, job.number)),
            {
                key: kept(shown, results.folder, partial(results.written, shown))
                for key, shown in (outcome.context or {}).items()
            },
        )
        if why_not is not None:
            self._place.not_kept(job, why_not)
        return outcome

    def _asked(self, job: Job) -> Components:
        """Return what the result depends on, as far as `lookup` does not say."""
        place = self._place
        if place.spec(job).kind != "function":
            return command_components(place, job)
        func, binding = place.code.function(job.number)
        inputs = inputs_of(place, job, (func, binding), lambda: False)
        needs = place.plan.needs[job.number]
        called = Called(
            func=func,
            binding=binding,
            args=inputs.args,
            kwargs=inputs.kwargs,
            context=inputs.context,
            upstream={place.sight.local_name(n): partial(place.results.get, n) for n in needs},
            changed=place.sight.changes(job.number),
        )
        counts = not place.plan.nesting.is_copy(job.number)
        home = place.plan.home(job.number).folder
        book = self._books.setdefault(home, CodeBook(home))
        return components_of(called, book, counts_upstream=counts)
