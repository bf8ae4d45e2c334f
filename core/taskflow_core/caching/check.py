"""One attempt's look into the cache, and what is kept of it if it succeeds."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from taskflow_core.caching.entry import Component, Components, Entry, EntryError, key_of
from taskflow_core.caching.files import Stamp, contents, found, is_pattern, missing, stamps
from taskflow_core.caching.freshness import changed, no_match, outdated, require
from taskflow_core.caching.lookup import Hit, Kept, Lookup, Miss
from taskflow_core.caching.reasons import difference, span
from taskflow_core.caching.shelf import Shelf, sweep
from taskflow_core.errors import TaskflowError
from taskflow_core.events import Preview

KEPT = 8
"""How many entries a task has at most; a mapped one so many for each of its children."""


class Check:
    """Looks an attempt up, and keeps what it returns.

    Args:
        lookup: What is asked.
        ask: Returns the rest of what the result depends on; may raise TaskflowError.
        clock: Returns Unix seconds.
    """

    def __init__(
        self, lookup: Lookup, ask: Callable[[], Components], clock: Callable[[], float] = time.time
    ) -> None:
        self._lookup = lookup
        self._ask = ask
        self._clock = clock
        self.shelf = Shelf(Path(lookup.shelf))
        self._key: str | None = None
        """None if it cannot be said what the result depends on."""
        self._why_no_key = ""
        self._components: Components = {}
        self._before: dict[str, Stamp] = {}
        """The files it depends on, as they were when it was looked up."""
        self._inputs: dict[str, Stamp] = {}

    # --- looking up ----------------------------------------------------------------------

    def look(self) -> Hit | Miss:
        """Return an earlier success that stands in for the attempt, or why there is none.

        Raises:
            FilesError: an input is not there.
        """
        lookup = self._lookup
        require(lookup.inputs, lookup.folder)
        self._inputs = stamps(self._read(), lookup.folder)
        try:
            self._components = {**lookup.components, **self._ask(), **self._contents()}
        except TaskflowError as error:
            self._why_no_key = str(error)
            return Miss(f"it cannot be cached: {error}")
        self._key = key_of(self._components)
        if lookup.refusal is not None:
            return Miss(lookup.refusal)
        try:
            return self._entry(self._key)
        except EntryError as error:
            self.shelf.discard(self._key)
            return Miss(str(error))

    def used(self) -> None:
        """Note that what `look` returned was of use."""
        if self._key is not None:
            self.shelf.touch(self._key)
            with contextlib.suppress(OSError):
                self.shelf.note_last(self._owner, self._key)

    def begins(self) -> None:
        """Note that the task is about to run: what it makes is not what it was any more."""
        last = self.shelf.last(self._owner) if self._lookup.outputs else None
        if last is not None:
            with contextlib.suppress(OSError):
                self.shelf.note_last(self._owner, last[0], is_made=False)

    def _read(self) -> list[str]:
        """Return its input files; what it makes is none of them, even if it fits a pattern."""
        lookup = self._lookup
        made = set(found(lookup.outputs, lookup.folder))
        return [name for name in found(lookup.inputs, lookup.folder) if name not in made]

    def _contents(self) -> Components:
        """Return the files that count by what is in them, and note how old they are."""
        lookup = self._lookup
        read = self._inputs if lookup.by_content else ()
        files = list(dict.fromkeys([*found(lookup.files, lookup.folder), *read]))
        self._before = self._inputs | stamps(files, lookup.folder)
        components = {
            f"file `{name}`": Component(digest)
            for name, digest in contents(files, lookup.folder).items()
        }
        for name in missing([n for n in lookup.files if not is_pattern(n)], lookup.folder):
            components[f"file `{name}`"] = Component("missing")
        return components

    def _entry(self, key: str) -> Hit | Miss:
        entry = self.shelf.read(key)
        if entry is None:
            return Miss(self._why_none())
        age = max(0.0, self._clock() - entry.made_at)
        if self._lookup.ttl is not None and age >= self._lookup.ttl:
            return Miss(f"expired {span(age - self._lookup.ttl)} ago")
        why_not = self._outdated(key, entry)
        if why_not is not None:
            return Miss(why_not)
        self.shelf.check(entry)
        what = "nothing changed" if self._lookup.by_content else "up to date"
        return Hit(entry, f"{what} since run {entry.run}, {span(age)} ago")

    def _why_none(self) -> str:
        """Return how what is asked differs from the entry that the task used last."""
        last = self.shelf.last(self._owner)
        try:
            entry = None if last is None else self.shelf.read(last[0])
        except EntryError as error:
            return str(error)
        return "no entry yet" if entry is None else difference(entry.components, self._components)

    def _outdated(self, key: str, entry: Entry) -> str | None:
        """Return why the files that the task reads and makes do not allow the entry."""
        lookup = self._lookup
        empty, lacking = no_match(lookup.inputs, lookup.folder), self.lacking()
        if empty is not None:
            return empty
        if lacking:
            return f"its output {lacking[0]} is missing"
        if lookup.outputs and self.shelf.last(self._owner) != (key, True):
            return "its outputs may not be those of its last success"
        if lookup.by_content:
            return None
        return outdated(entry.inputs, self._inputs, lookup.outputs, lookup.folder)

    # --- keeping -------------------------------------------------------------------------

    def lacking(self) -> list[str]:
        """Return the outputs that the task promised and did not make."""
        return missing(self._lookup.outputs, self._lookup.folder)

    def keep(self, result: Kept, context: Mapping[str, Kept]) -> str | None:
        """Keep a success for later; return why it cannot be kept, or None.

        Args:
            result: What it returned.
            context: What it wrote to the context.
        """
        if self._key is None:
            return self._why_no_key
        file = changed(self._before, self._lookup.folder)
        if file is not None:
            return f"{file} changed while it ran"
        try:
            self._write(self._key, result, context)
            self.shelf.note_last(self._owner, self._key)
            self._tidy_up()
        except OSError as error:
            return f"the cache cannot be written: {error.strerror or error}"
        except TaskflowError as error:
            return str(error)
        return None

    def _write(self, key: str, result: Kept, context: Mapping[str, Kept]) -> None:
        payloads: dict[str, str] = {}
        entry = Entry(
            task=self._lookup.task,
            run=self._lookup.run,
            made_at=self._clock(),
            components=self._components,
            inputs={} if self._lookup.by_content else self._inputs,
            result=self._put(result, payloads),
            context={name: self._put(kept, payloads) for name, kept in context.items()},
            payloads=payloads,
        )
        self.shelf.write(key, entry)

    def _put(self, kept: Kept, payloads: dict[str, str]) -> Preview:
        if kept.write is None:
            return kept.shown
        with self.shelf.new_file() as part:
            kept.write(part)
            name, payloads[name] = self.shelf.adopt(part)
        return kept.shown | {"ref": name}

    def _tidy_up(self) -> None:
        """Throw away what is too much, now and then."""
        limit = KEPT * self._lookup.siblings
        _kept[self._lookup.shelf] += 1
        if _kept[self._lookup.shelf] % limit == 1:
            self.shelf.prune(limit, now=self._clock())
            sweep(self.shelf.folder.parent, now=self._clock())

    @property
    def _owner(self) -> str:
        """What `last` goes by: the task, or where several share outputs, these."""
        outputs = self._lookup.outputs
        return "\n".join(["outputs", *outputs]) if outputs else self._lookup.task


_kept: Counter[str] = Counter()
"""How many entries this process has put on each shelf."""
