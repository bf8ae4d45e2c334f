"""A run in this process: started, watched and asked from Python."""

import contextlib
import datetime as dt
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from taskflow_core.assembly import Parts, assemble, check_executors, created
from taskflow_core.bus import EventBus
from taskflow_core.bus.log import EventLog
from taskflow_core.engine import Engine
from taskflow_core.events import Event
from taskflow_core.executors.base import FRESH, CachePlace
from taskflow_core.folder import (
    Ownership,
    RunFolder,
    cache_folder,
    new_run_id,
    state_directory,
)
from taskflow_core.garbage import collection_paused
from taskflow_core.journal.sqlite import JournalReader, SqliteJournal
from taskflow_core.memory_code import MemoryCode, RunCode
from taskflow_core.output_router import routed_output
from taskflow_core.params import params_to_json, resolve_params
from taskflow_core.plan import Plan
from taskflow_core.policies import Order
from taskflow_core.results import ResultStore
from taskflow_core.session.handle import RunHandle
from taskflow_core.state import RunState

Journaling: TypeAlias = bool | str | Path | None
"""None or False records nothing; True records in the state directory; a path is another such."""


def begin(  # noqa: PLR0913  what holds for a run, all of it named
    code: MemoryCode,
    *,
    buses: Sequence[EventBus],
    journal: Journaling,
    max_parallel: int | None,
    order: Order | None = None,
    params: Mapping[str, Any] | None = None,
    fresh: bool = False,
) -> RunHandle:
    """Start a run in this process and return at once. See `Flow.start`."""
    own = _RunBus()
    today = dt.datetime.now().astimezone().date()
    values = resolve_params(
        code.plan.params, given=params or {}, file={}, environ=os.environ, today=today
    )
    with collection_paused():
        plan = code.plan.in_order(order)
        cache = _cache(journal, fresh=fresh) if plan.checked_by else None
        parts = _prepared(code, plan, [*buses, own], journal, max_parallel, values, cache)
    engine, state, results = parts
    engine.start()
    return RunHandle(engine, state, results, own)


def _prepared(  # noqa: PLR0913  the same
    code: MemoryCode,
    plan: Plan,
    buses: Sequence[EventBus],
    journal: Journaling,
    max_parallel: int | None,
    params: Mapping[str, Any],
    cache: CachePlace | None,
) -> tuple[Engine, RunState, ResultStore]:
    check_executors(plan)
    state = RunState(plan)
    run = new_run_id()
    slots = max_parallel or plan.max_parallel
    place = _Place(journal, run)
    results = ResultStore(place.results, len(plan.tasks), keep=True)
    if place.folder is None:
        weakref.finalize(results, shutil.rmtree, place.home, ignore_errors=True)
    parts = Parts(
        run=run,
        state=state,
        results=results,
        tmp=place.home / "tmp",
        code=RunCode(code, state.plan.nesting.codes) if plan.is_dynamic else code,
        functions=code.functions,
        folder=None if place.folder is None else place.folder.path,
        journal=place.journal,
        cache=cache,
        buses=buses,
        max_parallel=slots,
        describe=code.describer(results.previews),
        handlers=None if code.handlers is None else (code.handlers, code.handlers.functions),
    )
    engine = assemble(parts)
    shown = params_to_json(params)
    engine.note(created(plan, run, max_parallel=slots, by="python", params=shown))
    return engine, state, results


def _cache(journal: Journaling, *, fresh: bool) -> CachePlace:
    return CachePlace(cache_folder(_state(journal)), FRESH if fresh else None)


def _state(journal: Journaling) -> Path:
    return state_directory(None if isinstance(journal, bool | None) else Path(journal))


class _RunBus(EventBus):
    """The bus of one run, for subscribers who come late, even after its end."""

    def detach(self, log: EventLog) -> None:
        """Keep the run: who has the bus has its handle."""


class _Place:
    """Where a run of this process keeps its things: a run folder, or a temporary one."""

    def __init__(self, journal: Journaling, run: str) -> None:
        self.folder: RunFolder | None = None
        self.journal: _OwnJournal | None = None
        if journal is None or journal is False:
            self.home = Path(tempfile.mkdtemp(prefix="taskflow-"))
            self.results = self.home
            return
        self.folder = RunFolder.create(_state(journal), run)
        self.folder.write_request({"by": "python"})
        self.journal = _OwnJournal(self.folder)
        self.home = self.folder.path
        self.results = self.folder.results


class _OwnJournal(SqliteJournal):
    """The journal of a run that this process owns as long as the journal is open."""

    def __init__(self, folder: RunFolder) -> None:
        self._ownership = Ownership(folder)
        self._file = folder.journal
        self._routing = contextlib.ExitStack()
        self._routing.enter_context(routed_output(echo=True))
        super().__init__(folder.journal, owner=os.getpid())

    def read(self, after: int) -> Sequence[Event]:
        """Return what was recorded after number `after`; also when the journal is closed."""
        with contextlib.closing(JournalReader(self._file)) as reader:
            return reader.read(after)

    def close(self) -> None:
        super().close()
        self._routing.close()
        self._ownership.close()
