"""Flow files with mapped tasks, sub-flows and approvals in real runs, whose runners are killed."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taskflow_core import runs
from taskflow_core.actions import Action, Answer, Reject, Retry
from taskflow_core.errors import RefusedError
from taskflow_core.runs import RunReader
from taskflow_core.statuses import RunStatus, TaskStatus

FUNCTIONS = """
from pathlib import Path

def load(item, folder):
    with open(Path(folder) / "loaded", "a") as file:
        file.write(f"{item}\\n")
    if item == "two" and not (Path(folder) / "go").exists():
        import time; time.sleep(300)
    return item.upper()

def ship(get, name):
    return f"{name}: {get}"
"""
OUTER = """
params: { folder: { type: str } }
tasks:
  - { name: words, command: "printf 'one\\\\ntwo\\\\nthree\\\\n'", output: lines }
  - name: load
    function: steps.load
    foreach: tasks.words.result
    depends_on: words
    max_parallel: 1
  - name: ask
    approve: { prompt: "Ship ${{ tasks.load.result | join }}?", fields: { times: int } }
    depends_on: load
  - name: shipping
    flow: inner.yaml
    foreach: [eu, us]
    params: { name: "${{ item }}", times: "${{ tasks.ask.result.times }}" }
    depends_on: ask
  - { name: report, command: "echo ${{ tasks.shipping.result[1].ship }}", depends_on: shipping }
"""
INNER = """
params: { name: { type: str }, times: { type: int } }
tasks:
  - { name: get, command: "printf '%s ' $(seq ${{ params.times }})" }
  - { name: ship, function: steps.ship, depends_on: get }
"""


class Lab:
    """A folder with the flow files, and one run of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "steps.py").write_text(FUNCTIONS)
        (folder / "outer.yaml").write_text(OUTER)
        (folder / "inner.yaml").write_text(INNER)
        plan = runs.load(str(folder / "outer.yaml"), trusted=True).plan
        run = runs.start(plan, state_dir=folder / "state", params={"folder": str(folder)})
        self.reader: RunReader = runs.open_run(run, folder / "state")

    def act(self, action: Action) -> object:
        return runs.act(self.reader.run, action, by="ann", state_dir=self.folder / "state")

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not what():
            assert time.monotonic() < deadline, self.reader.state.counts
            self.reader.poll()
            threading.Event().wait(0.005)

    def until_waiting(self, name: str) -> None:
        self.until(lambda: self.reader.state.task(name).state is TaskStatus.WAITING)

    def kill(self) -> None:
        assert self.reader.owner is not None
        os.kill(self.reader.owner.pid, signal.SIGKILL)
        self.until(lambda: self.reader.status is RunStatus.INTERRUPTED)

    @property
    def loaded(self) -> list[str]:
        return (self.folder / "loaded").read_text().split()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.reader.close()


def test_killed_while_children_run_and_while_it_waits_for_a_person_it_goes_on(lab: Lab) -> None:
    lab.until(lambda: (lab.folder / "loaded").exists() and "two" in lab.loaded)
    lab.kill()
    (lab.folder / "go").touch()
    lab.act(Retry())

    lab.until_waiting("ask")
    assert lab.loaded == ["one", "two", "two", "three"]
    waiting = lab.reader.state.task("ask").waiting
    assert waiting is not None
    assert waiting.about == "Ship ONETWOTHREE?"
    lab.kill()
    lab.act(Retry())

    with pytest.raises(RefusedError, match="'times'"):
        lab.act(Answer(task="ask"))
    lab.act(Answer(task="ask", fields={"times": "2"}))
    lab.until(lambda: lab.reader.status is RunStatus.SUCCEEDED)
    assert lab.reader.state.task("report").result == {"value": "us: 1 2 "}
    assert [e.name for e in lab.reader.state.plan.tasks].count("load[0]") == 1


def test_rejected_by_a_person_the_run_fails_with_the_reason(lab: Lab) -> None:
    (lab.folder / "go").touch()
    lab.until_waiting("ask")
    lab.act(Reject(task="ask", reason="not today"))
    lab.until(lambda: lab.reader.status is RunStatus.FAILED)
    assert lab.reader.state.task("ask").reason == "rejected by ann: not today"
    assert lab.reader.state.task("shipping").state is TaskStatus.UPSTREAM_FAILED
