"""Looking at a run: live, settled or interrupted, from any process."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from taskflow_core.events import Event
from taskflow_core.folder import Owner, RunFolder
from taskflow_core.handling import handler_name, pending_handlers
from taskflow_core.journal.sqlite import JournalReader
from taskflow_core.output import handlers_folder, output_path
from taskflow_core.state import Attempt, RunState
from taskflow_core.state.counting import counted
from taskflow_core.statuses import RunStatus


class RunReader:
    """Follows one run. Reading changes nothing, whoever owns the run.

    Raises:
        JournalError: the run has no journal, or it cannot be read.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.run = folder.run
        self.state = RunState()
        self._journal = JournalReader(folder.journal)

    def poll(self) -> Sequence[Event]:
        """Fold what has been recorded since the last call, and return it.

        Raises:
            JournalError: the record is damaged.
        """
        events = self._journal.read(self.state.seq)
        self.state.apply(events)
        return events

    @property
    def owner(self) -> Owner | None:
        """Who owns, or owned, the run."""
        return self.folder.owner()

    @property
    def status(self) -> RunStatus:
        """The run's state; INTERRUPTED if it has not settled and its owner is dead."""
        state = self.state.state
        if state.is_settled:
            return state
        owner = self.owner
        return state if owner is not None and owner.alive else RunStatus.INTERRUPTED

    @property
    def reason(self) -> str | None:
        """Why the run is in its `status`, if there is more to say than the status itself."""
        return _reason(self.state, self.status)

    @property
    def is_over(self) -> bool:
        """Nothing more happens unless somebody asks: it is settled and handled, or left alone."""
        if self.status.is_live:
            return False
        owner = self.owner
        is_at_it = owner is not None and owner.alive and bool(pending_handlers(self.state))
        return not is_at_it

    def handler_output(self, moment: str) -> Path:
        """Return where the output of a handler is, of those that ran last."""
        names = [spec.name for spec in self.state.plan.handlers]
        number = names.index(handler_name(moment)) + 1
        return output_path(handlers_folder(self.folder.path), number, self.state.term, 1)

    def output_path(self, task: str, attempt: Attempt) -> Path:
        """Return where the output of an attempt is; the file appears with the first byte."""
        number = self.state.number_of(task)
        return output_path(self.folder.path, number, attempt.epoch, attempt.attempt)

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of runs. Times are Unix seconds."""

    run: str
    flow: str
    source: str | None
    state: RunStatus
    reason: str | None
    created_at: float | None
    started_at: float | None
    ended_at: float | None
    counts: dict[str, int]
    """How many tasks are in which state; containers leave that to their children."""
    folder: Path


def summarise(folder: RunFolder) -> RunSummary | None:
    """Return the summary of a run; None if nothing of it was ever recorded.

    Raises:
        JournalError: the record is damaged, or of a newer version.
    """
    if not folder.journal.exists():
        return None
    reader = RunReader(folder)
    try:
        reader.poll()
        status = reader.status
    finally:
        reader.close()
    state = reader.state
    if not state.seq:
        return None
    return RunSummary(
        run=folder.run,
        flow=state.flow,
        source=state.source,
        state=status,
        reason=_reason(state, status),
        created_at=state.created_at,
        started_at=state.started_at,
        ended_at=state.ended_at,
        counts={name.value: count for name, count in counted(state).items() if count},
        folder=folder.path,
    )


def _reason(state: RunState, status: RunStatus) -> str | None:
    return "its owner died" if status is RunStatus.INTERRUPTED else state.reason
