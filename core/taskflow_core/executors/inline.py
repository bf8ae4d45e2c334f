"""Python functions on the thread that waits for the run, one at a time.

So `breakpoint()` works in a task, and so does what only a main thread may do. A run that was only
started makes these tasks once somebody waits for it.
"""

from typing import ClassVar

from taskflow_core.executors.base import Began
from taskflow_core.executors.thread import ThreadExecutor
from taskflow_core.interrupts import interrupts_let_through
from taskflow_core.outcomes import Job, Outcome


class InlineExecutor(ThreadExecutor):
    """Calls functions on the thread that waits. A task's KeyboardInterrupt is raised by `run`."""

    lets_through: ClassVar[tuple[type[BaseException], ...]] = (KeyboardInterrupt,)

    def run(self, job: Job, began: Began) -> Outcome:
        with interrupts_let_through():
            return super().run(job, began)
