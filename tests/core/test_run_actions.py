"""A run in another process is debugged like one in this: stepped, mended, given results, rerun."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskflow_core import runs
from taskflow_core.actions import (
    Action,
    Break,
    Parallelism,
    Rerun,
    Resume,
    Retry,
    Rollback,
    Skip,
    Step,
    Succeed,
)
from taskflow_core.errors import RefusedError
from taskflow_core.params import ParamsError
from taskflow_core.plan import Plan
from taskflow_core.runs import RunReader
from taskflow_core.statuses import RunStatus

FUNCTIONS = """
def size(fetch): return len(fetch)
def report(size, day="never", times=1): return f"{day}: {size}" * times
def broken(): raise ValueError("no")
"""


class Lab:
    """A folder of flow files, and the runs started from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self._readers: list[RunReader] = []
        (folder / "steps.py").write_text(FUNCTIONS)

    def plan(self, text: str) -> Plan:
        file = self.folder / "flow.yaml"
        file.write_text(text)
        return runs.load(str(file), trusted=True).plan

    def start(self, text: str, **options: object) -> RunReader:
        start: Callable[..., str] = runs.start
        run = start(self.plan(text), state_dir=self.state, **options)
        self._readers.append(runs.open_run(run, self.state))
        return self._readers[-1]

    def act(self, reader: RunReader, action: Action) -> object:
        return runs.act(reader.run, action, by="ann", state_dir=self.state)

    def until(self, reader: RunReader, *wanted: RunStatus) -> None:
        deadline = time.monotonic() + 30
        while reader.status not in wanted:
            assert time.monotonic() < deadline, f"{reader.status}: {reader.state.counts}"
            reader.poll()
            threading.Event().wait(0.005)

    def close(self) -> None:
        for reader in self._readers:
            reader.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.close()


CHAIN = """
tasks:
  - { name: fetch, command: "printf abc" }
  - { name: size, function: steps.size, depends_on: fetch }
  - { name: report, function: steps.report, depends_on: size }
"""


def test_a_run_that_starts_at_a_breakpoint_is_stepped_and_resumed(lab: Lab) -> None:
    reader = lab.start(CHAIN, actions=[Break(task="fetch")])
    lab.until(reader, RunStatus.PAUSED)
    assert reader.state.task("fetch").state == "HELD"

    assert lab.act(reader, Step()) == ["fetch"]
    lab.act(reader, Step(mode="to", task="report"))
    deadline = time.monotonic() + 30
    while reader.state.task("report").state != "READY":
        assert time.monotonic() < deadline
        reader.poll()
        threading.Event().wait(0.005)
    assert reader.state.state is RunStatus.PAUSED
    lab.act(reader, Resume())

    lab.until(reader, RunStatus.SUCCEEDED)
    assert reader.state.task("report").result == {"value": "never: 3"}


FAILING = """
tasks:
  - { name: fetch, function: steps.broken }
  - { name: size, function: steps.size, depends_on: fetch }
  - { name: beside, command: "true" }
"""


def test_a_failed_task_is_given_a_result_and_the_rest_goes_on(lab: Lab) -> None:
    reader = lab.start(FAILING)
    lab.until(reader, RunStatus.FAILED)

    plan = runs.plan_action(reader.run, Succeed(task="fetch"), state_dir=lab.state)
    runs.succeed(reader.run, "fetch", "x" * 5_000, by="ann", state_dir=lab.state)

    assert (plan.runs, plan.reused) == (("size",), ("beside",))
    lab.until(reader, RunStatus.SUCCEEDED)
    assert reader.state.task("size").result == {"value": 5_000}
    assert reader.state.task("fetch").reason == "injected"


def test_a_failed_task_is_skipped_after_the_end(lab: Lab) -> None:
    reader = lab.start(FAILING)
    lab.until(reader, RunStatus.FAILED)

    lab.act(reader, Skip(tasks=("fetch",)))

    lab.until(reader, RunStatus.SUCCEEDED)
    assert reader.state.task("size").reason == "upstream_skipped"


def test_a_task_runs_again_with_another_argument_and_all_behind_it(lab: Lab) -> None:
    reader = lab.start(CHAIN)
    lab.until(reader, RunStatus.SUCCEEDED)

    changed = Rerun(tasks=("report",), changes={"times": {"value": 2}})
    assert lab.act(reader, changed) == ["report"]

    lab.until(reader, RunStatus.RUNNING)
    lab.until(reader, RunStatus.SUCCEEDED)
    assert reader.state.task("report").result == {"value": "never: 3never: 3"}
    assert reader.state.task("report").epoch == 1


def test_what_is_refused_leaves_a_settled_run_as_it_was(lab: Lab) -> None:
    reader = lab.start(CHAIN)
    lab.until(reader, RunStatus.SUCCEEDED)
    seq = reader.state.seq

    for action in (Retry(), Skip(tasks=("fetch",)), Step(), Resume()):
        with pytest.raises(RefusedError):
            lab.act(reader, action)

    reader.poll()
    assert reader.state.seq == seq


WITH_PARAMS = """
params:
  day: { type: date }
  times: { type: int, default: 1, min: 1 }
tasks:
  - { name: fetch, command: "printf %s ${{ params.day }}" }
  - { name: size, function: steps.size, depends_on: fetch }
  - name: report
    function: steps.report
    depends_on: size
    kwargs: { day: "${{ tasks.fetch.result }}" }
"""


def test_parameters_reach_commands_expressions_and_functions(lab: Lab) -> None:
    reader = lab.start(WITH_PARAMS, params={"day": "2026-02-03", "times": "2"})

    lab.until(reader, RunStatus.SUCCEEDED)

    assert reader.state.task("report").result == {"value": "2026-02-03: 102026-02-03: 10"}
    assert reader.state.params == {"day": "2026-02-03", "times": 2}


def test_wrong_and_missing_parameters_are_all_named_before_anything_runs(lab: Lab) -> None:
    with pytest.raises(ParamsError) as caught:
        lab.start(WITH_PARAMS, params={"times": 0, "dya": "x"})

    assert len(caught.value.problems) == 3
    assert runs.list_runs(lab.state) == []


UNDOABLE = """
on_failure: rollback
tasks:
  - { name: a, command: "echo do-a >> log", rollback: { command: "echo undo-a >> log" } }
  - name: b
    command: "true"
    depends_on: a
    rollback: { command: "echo undo-b >> log; until [ -e gate ]; do sleep 0.01; done" }
  - { name: fails, command: "false", depends_on: b }
"""


def test_a_rollback_whose_runner_was_killed_goes_on_where_it_was(lab: Lab) -> None:
    reader = lab.start(UNDOABLE)
    log = lab.folder / "log"
    deadline = time.monotonic() + 30
    while not (log.exists() and "undo-b" in log.read_text()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    reader.poll()
    assert reader.owner is not None
    os.kill(reader.owner.pid, signal.SIGKILL)
    lab.until(reader, RunStatus.INTERRUPTED)

    (lab.folder / "gate").touch()
    lab.act(reader, Rollback())

    lab.until(reader, RunStatus.ROLLED_BACK)
    assert log.read_text().split() == ["do-a", "undo-b", "undo-b", "undo-a"]
    assert [a.state for a in reader.state.task("b").undo] == ["FAILED", "SUCCEEDED"]


TOGETHER = """
tasks:
  - { name: a, command: "test -e go || sleep 300" }
  - { name: b, command: "test -e go || sleep 300" }
"""


def test_a_revived_run_keeps_the_parallelism_that_people_set(lab: Lab) -> None:
    reader = lab.start(TOGETHER, max_parallel=2)
    lab.until(reader, RunStatus.RUNNING)
    lab.act(reader, Parallelism(max_parallel=1))
    assert reader.owner is not None
    os.kill(reader.owner.pid, signal.SIGKILL)
    lab.until(reader, RunStatus.INTERRUPTED)

    (lab.folder / "go").touch()
    lab.act(reader, Retry())

    lab.until(reader, RunStatus.SUCCEEDED)
    first, second = sorted(
        (reader.state.task(name).attempts[-1] for name in "ab"), key=lambda a: a.started_at or 0
    )
    assert first.ended_at is not None
    assert second.started_at is not None
    assert first.ended_at <= second.started_at
