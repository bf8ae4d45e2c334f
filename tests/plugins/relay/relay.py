"""An executor of another package: relays each call to a thread that it starts for it alone."""

import threading
from queue import SimpleQueue

from taskflow_core.calling import call
from taskflow_core.errors import TaskflowError
from taskflow_core.executors.base import Began, Workplace
from taskflow_core.executors.inputs import inputs_of, success
from taskflow_core.failure import outcome_of
from taskflow_core.outcomes import Job, Outcome, Stopped
from taskflow_core.output_router import destination


class RelayExecutor:
    """Calls functions in fresh threads. Those that take the context can see that they must stop."""

    lane = "threads"

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._told: set[Job] = set()
        self._outcomes: dict[Job, SimpleQueue[Outcome]] = {}

    def run(self, job: Job, began: Began) -> Outcome:
        outcome: SimpleQueue[Outcome] = SimpleQueue()
        self._outcomes[job] = outcome
        if job in self._told:
            return Stopped(forced=False)
        thread = threading.Thread(target=lambda: outcome.put(self._make(job)), daemon=True)
        thread.start()
        return outcome.get()

    def stop(self, job: Job, *, kill: bool) -> None:
        self._told.add(job)
        if kill and job in self._outcomes:
            self._outcomes[job].put(Stopped(forced=True, leftovers=1))

    def forget_code(self) -> None:
        self._workplace.code.forget()

    def close(self) -> None:
        """Nothing is kept between calls."""

    def _make(self, job: Job) -> Outcome:
        place = self._workplace
        output = place.output(job)
        destination.set(None if place.folder is None else output)
        try:
            code = place.code.function(job.number)
            inputs = inputs_of(place, job, code, lambda: job in self._told)
            value = call(code[0], inputs.args, inputs.kwargs)
            return success(place, job, value, inputs.context)
        except TaskflowError as error:
            return outcome_of(error)
        except BaseException as error:  # noqa: BLE001  SystemExit and the like fail the task
            return Stopped(forced=False) if job in self._told else outcome_of(error, own_frames=2)
        finally:
            output.close()
