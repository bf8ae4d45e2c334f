"""What the app says of services: whether each is ready, and who waits for what."""

from typing import Any

import taskflow_core.events as ev
from taskflow_core.plan import Plan, TaskSpec
from taskflow_core.readiness import Probe, Service
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus
from taskflow_tui.cli.event_lines import event_line
from taskflow_tui.task_definition import definition
from taskflow_tui.task_facts import note

DB = TaskSpec(
    name="db",
    kind="command",
    command="postgres",
    service=Service(ready=Probe(tcp="5432", within=120), stop="INT"),
)
PLAN = Plan.of(
    name="f",
    tasks=[
        DB,
        TaskSpec(name="load", depends_on=("db",)),
        TaskSpec(name="clean", depends_on=("db",), conditions=("completed",)),
    ],
)


class Run:
    """A run whose events a test writes."""

    def __init__(self) -> None:
        self.state = RunState(PLAN)
        self.tell(ev.RunStarted, owner=1, term=1)

    def tell(self, kind: type[ev.Event], **fields: Any) -> ev.Event:
        if issubclass(kind, ev.TaskEvent):
            fields = {"task": "db", "epoch": 0, **fields}
        if issubclass(kind, ev.AttemptEvent):
            fields = {"attempt": 1, **fields}
        seq = self.state.seq + 1
        event = kind(seq=seq, at=float(seq), run="r", **fields)
        self.state.apply_one(event)
        return event

    def begin(self) -> None:
        self.tell(ev.TaskReady)
        self.tell(ev.AttemptStarted, executor="shell", pid=7, arguments=None)

    def says(self, number: int = 0) -> str:
        return note(self.state, number, RunStatus.RUNNING, 10.0)


def test_a_service_says_how_it_is_found_out_that_it_is_ready_and_why_it_is_not_yet() -> None:
    run = Run()
    run.begin()
    assert run.says() == "starting: tcp 5432"
    run.tell(ev.ProbeFailed, error="connection refused")
    assert run.says() == "starting: tcp 5432 – connection refused"
    run.tell(ev.AttemptReady, how="tcp")
    assert run.says() == "healthy"
    run.tell(ev.AttemptStopping, signal="INT", reason="not_needed")
    assert run.says() == "stopping"
    run.tell(ev.AttemptStopped, forced=False, leftovers=0)
    run.tell(ev.TaskSucceeded, how="stopped", result=None)
    assert run.says() == "stopped: nobody needed it any more"


def test_who_waits_says_for_what() -> None:
    run = Run()
    run.begin()
    assert (run.says(1), run.says(2)) == ("needs db healthy", "needs db completed")
    run.tell(ev.AttemptReady, how="tcp")
    assert run.says(1) == ""


def test_what_the_flow_says_of_it_is_among_the_facts() -> None:
    facts = dict(definition(PLAN, 0))
    assert facts["service"] == "ready tcp 5432, within 2m00s"
    assert facts["stopped by"] == "INT"
    assert dict(definition(PLAN, 2))["needs"] == "db completed"


def test_plain_lines_say_when_it_is_healthy_and_that_it_was_stopped() -> None:
    run = Run()
    run.begin()
    ready = run.tell(ev.AttemptReady, how="tcp")
    assert str(event_line(ready, run.state)).endswith("• db is healthy  1.0s")
    run.tell(ev.AttemptStopping, signal="INT", reason="not_needed")
    run.tell(ev.AttemptStopped, forced=False, leftovers=0)
    stopped = run.tell(ev.TaskSucceeded, how="stopped", result=None)
    assert str(event_line(stopped, run.state)).endswith("✔ db  stopped after 4.0s")
