"""The run of the mock-ups at its telling moments, for pictures and tests."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

import taskflow_core.events as ev
from taskflow_core.actions import Break, Hold
from taskflow_core.errors import FlowFileError, NotTrustedError, Problem
from taskflow_core.params import Param
from taskflow_core.plan import Approval, ForEach, Plan, RollbackSpec, SubFlow, TaskSpec, Wait
from taskflow_core.statuses import RunStatus
from tests.tui.fakes import NOON, Clock, FakeRun, FakeRuns, nightly_etl, plan_of

LINES = (
    "\x1b[2m12:40:49.120\x1b[0m starting region=apac rows=8_114_220\n"
    "\x1b[2m12:40:51.870\x1b[0m loading features…\n"
    "\x1b[2m12:40:53.004\x1b[0m \x1b[33mWARN\x1b[0m rss 3.6 GiB of 4.0 GiB limit\n"
    "\x1b[2m12:40:54.733\x1b[0m \x1b[1;31mKilled\x1b[0m\n"
)
BROKEN = FlowFileError(
    [
        Problem(
            file="broken.yaml",
            slug="unknown-task",
            message="task 'join' depends on 'clean_userz', but no task has that name",
            line=14,
            column=20,
            hint="Did you mean 'clean_users'?",
        ),
        Problem(
            file="broken.yaml",
            slug="unknown-key",
            message="a task has no key called 'retires'; the keys of a task are those that the"
            " reference lists, and a few shorthands",
            line=18,
            column=5,
            hint="Did you mean 'retries'?",
        ),
    ]
)
OOM = "exit 137 (killed by SIGKILL, likely out of memory)"


def runs_in(folder: Path) -> FakeRuns:
    """Return runs with the flow of the mock-ups, in a trusted folder."""
    runs = FakeRuns(folder, Clock())
    runs.flows["nightly-etl.yaml"] = nightly_etl(folder)
    runs.trusted.add(folder)
    (folder / "nightly-etl.yaml").write_text("tasks:\n")
    return runs


def started(runs: FakeRuns, plan: Plan | None = None) -> FakeRun:
    """Return a run that has just begun."""
    run = runs.runs[runs.start(plan or nightly_etl(runs.folder))]
    runs.asked.clear()
    return run


def half_way(runs: FakeRuns, plan: Plan | None = None) -> FakeRun:
    """Return a run that trains its models: one of them for the second time."""
    run, clock = started(runs, plan), runs.clock
    assert isinstance(clock, Clock)
    run.begin("fetch_orders", "fetch_users", "fetch_fx")
    clock.go_on(0.6)
    run.fail("fetch_fx", "ConnectionError: no route to host", again_in=1)
    clock.go_on(1.5)
    run.succeed("fetch_orders", "fetch_users")
    run.begin("clean_orders", "clean_users")
    run.begin("fetch_fx", attempt=2)
    clock.go_on(8)
    run.succeed("clean_orders", "clean_users")
    run.succeed("fetch_fx", attempt=2)
    run.begin("join")
    clock.go_on(11.9)
    run.succeed("join")
    run.begin("train_eu", "train_us", "train_apac")
    run.write("train_apac", LINES)
    clock.go_on(5.9)
    run.fail("train_apac", OOM, again_in=2)
    clock.go_on(2)
    run.begin("train_apac", attempt=2)
    run.write("train_apac", LINES.replace("Killed", "still going"), 2)
    clock.go_on(3.7)
    return run


def failed(runs: FakeRuns, plan: Plan | None = None) -> FakeRun:
    """Return a run that failed: one model ran out of memory three times."""
    run, clock = half_way(runs, plan), runs.clock
    assert isinstance(clock, Clock)
    run.fail("train_apac", OOM, attempt=2, again_in=4)
    clock.go_on(4)
    run.begin("train_apac", attempt=3)
    run.write("train_apac", LINES, 3)
    clock.go_on(5.7)
    run.fail("train_apac", OOM, attempt=3)
    run.block("eval", "report", "publish", by="train_apac")
    clock.go_on(12.4)
    run.succeed("train_eu", "train_us")
    run.settle(RunStatus.FAILED, "1 task failed")
    return run


def at_breakpoint(runs: FakeRuns) -> FakeRun:
    """Return a run that stands still before `join`, with one more breakpoint and a hold."""
    run, clock = started(runs), runs.clock
    assert isinstance(clock, Clock)
    run.begin("fetch_orders", "fetch_users", "fetch_fx")
    clock.go_on(2.1)
    run.succeed("fetch_orders", "fetch_users", "fetch_fx")
    run.begin("clean_orders", "clean_users")
    clock.go_on(8)
    run.succeed("clean_orders", "clean_users")
    run.obey(Break(task="publish", condition="params.mode != 'prod'"), "ann")
    run.obey(Hold(tasks=("report",)), "ann")
    run.stop_at("join")
    clock.go_on(4)
    return run


def stalled(runs: FakeRuns) -> FakeRun:
    """Return a run in which nothing is left but what a person holds, and what waits for it."""
    run, clock = half_way(runs), runs.clock
    assert isinstance(clock, Clock)
    run.obey(Hold(tasks=("eval",)), "ann")
    run.succeed("train_eu", "train_us")
    run.succeed("train_apac", attempt=2)
    run.task(ev.TaskReady, "eval")
    run.task(ev.TaskHeld, "eval", reason="operator", breakpoint=None)
    run.add(ev.RunStalled, waiting=["eval"])
    return run


def patched_up(runs: FakeRuns) -> FakeRun:
    """Return a run that ended PARTIAL: one result is a person's, and others are stale."""
    run = half_way(runs)
    run.succeed("train_eu", "train_us")
    run.fail("train_apac", OOM, attempt=2)
    run.task(ev.TaskSucceeded, "eval", how="injected", result={"value": 0.9})
    run.begin("report", "publish")
    run.succeed("report", "publish")
    run.task(ev.TaskStale, "report", because="train_us")
    run.task(ev.TaskStale, "publish", because="train_us")
    run.settle(RunStatus.PARTIAL, "1 task failed that may")
    return run


def reused(runs: FakeRuns) -> FakeRun:
    """Return a run of which one task is reused, one had to run, and one runs."""
    run = started(runs)
    looks: list[tuple[str, bool, str]] = [
        ("fetch_orders", True, "nothing changed since run 7kq2, 3h ago"),
        ("fetch_users", False, "argument `day`: 'monday' → 'tuesday'"),
    ]
    for task, hit, reason in looks:
        run.begin(task)
        run.task(ev.CacheChecked, task, attempt=1, hit=hit, reason=reason)
    run.task(ev.AttemptSucceeded, "fetch_orders", attempt=1, result=None, peak_rss=None)
    run.task(ev.TaskSucceeded, "fetch_orders", how="cached", result=None)
    run.task(ev.CacheNotKept, "fetch_users", attempt=1, reason="the disk is full")
    return run


def undoable(folder: Path) -> Plan:
    """Return the flow of the mock-ups, with rollbacks from its joining on."""
    plan = nightly_etl(folder)
    for number, spec in enumerate(plan.tasks):
        if spec.name.startswith(("join", "train")):
            rollback = RollbackSpec(executor="shell", command=f"python flows/undo.py {spec.name}")
            plan.tasks[number] = msgspec.structs.replace(spec, rollback=rollback)
    return plan


def rolling_back(runs: FakeRuns) -> FakeRun:
    """Return a run that failed and is being undone: one model is, another one is about to be."""
    run, clock = failed(runs, undoable(runs.folder)), runs.clock
    assert isinstance(clock, Clock)
    run.add(ev.RollbackStarted, by="ann", scope=None)
    for task in ("train_eu", "train_us"):
        run.task(ev.CompensationStarted, task, attempt=1, executor="shell")
    run.write("train_us", "dropping the model of us\n", -1)
    clock.go_on(1.5)
    run.task(ev.CompensationSucceeded, "train_eu", attempt=1, how="executed")
    return run


def not_undone(runs: FakeRuns) -> FakeRun:
    """Return a run of which one model could not be undone, and so nothing upstream of it."""
    run = rolling_back(runs)
    run.task(
        ev.CompensationFailed, "train_us", attempt=1, error="exit code 1: registry is read-only",
        traceback=None, exit_code=1, due_at=None,
    )  # fmt: skip
    names = {"undone": ["train_eu"], "failed": ["train_us"], "blocked": ["join"]}
    why = "1 could not be undone"
    run.add(ev.RollbackSettled, state="ROLLBACK_FAILED", reason=why, **names)
    run.settle(RunStatus.ROLLBACK_FAILED, why)
    return run


def nesting() -> Plan:
    """Return a flow that maps, runs a sub-flow, asks a person, and waits."""
    fields = {"note": Param(help="why"), "copies": Param(type="int", default=1, min=1)}
    tasks = [
        TaskSpec(name="list", kind="command", command="ls *.csv"),
        TaskSpec(
            name="load", kind="command", command="load $ITEM", depends_on=("list",),
            foreach=ForEach("tasks.list.result"), max_parallel=4,
        ),
        TaskSpec(
            name="publish", kind="flow", depends_on=("load",),
            subflow=SubFlow(name="publishing", params={"day": Param()}),
        ),
        TaskSpec(name="publish/render", kind="command", command="render", parent="publish"),
        TaskSpec(
            name="publish/upload", kind="command", command="upload",
            parent="publish", depends_on=("publish/render",),
        ),
        TaskSpec(
            name="sign-off", kind="approve", depends_on=("publish",),
            approval=Approval("Ship ${{ tasks.load.result | length }} files?", fields),
        ),
        TaskSpec(name="settle", kind="wait", wait=Wait(seconds=90), depends_on=("load",)),
        TaskSpec(name="tell", kind="command", command="mail", depends_on=("sign-off", "settle")),
    ]  # fmt: skip
    return Plan.of(name="nested", tasks=tasks)


def opened(runs: FakeRuns, *items: str) -> FakeRun:
    """Return a run whose mapped task has just become one child for each item."""
    run, clock = started(runs, nesting()), runs.clock
    assert isinstance(clock, Clock)
    run.begin("list")
    clock.go_on(0.4)
    run.succeed("list")
    run.task(ev.TaskReady, "load")
    shown = {"value": list(items)} if len(items) < 50 else {"type": "list", "size": len(items)}
    run.task(ev.TaskExpanded, "load", children=len(items), items=shown, params={})
    return run


def loading(runs: FakeRuns) -> FakeRun:
    """Return a run that loads five files: two are done, one failed, one runs."""
    run, clock = opened(runs, "eu.csv", "us.csv", "apac.csv", "uk.csv", "jp.csv"), runs.clock
    assert isinstance(clock, Clock)
    run.begin("load[0]", "load[1]", "load[2]", "load[3]")
    clock.go_on(3)
    run.succeed("load[0]", "load[1]")
    run.fail("load[2]", "exit code 1: no such table")
    return run


def asking(runs: FakeRuns) -> FakeRun:
    """Return a run in which a person is asked, while another task waits for its time."""
    run, clock = opened(runs, "eu.csv", "us.csv"), runs.clock
    assert isinstance(clock, Clock)
    run.begin("load[0]", "load[1]")
    clock.go_on(3)
    run.succeed("load[0]", "load[1]")
    run.task(ev.TaskSucceeded, "load", how="executed", result=None)
    run.task(ev.TaskReady, "settle")
    run.task(ev.TaskWaiting, "settle", for_="moment", until=clock() + 90, about="")
    run.task(ev.TaskReady, "publish")
    told = {"day": "2026-11-24"}
    run.task(ev.TaskExpanded, "publish", children=2, items=None, params=told)
    for task in ("publish/render", "publish/upload"):
        run.begin(task)
        clock.go_on(2)
        run.succeed(task)
    run.task(ev.TaskSucceeded, "publish", how="executed", result=None)
    run.task(ev.TaskReady, "sign-off")
    run.task(ev.TaskWaiting, "sign-off", for_="approval", until=None, about="Ship 2 files?")
    return run


def summary(run: str, flow: str, state: RunStatus, *, started: float, took: float | None) -> Any:
    return SimpleNamespace(
        run=run,
        flow=flow,
        source=None,
        state=state,
        reason=None,
        created_at=NOON - started,
        started_at=NOON - started,
        ended_at=None if took is None else NOON - started + took,
        counts={"SUCCEEDED": 6, "FAILED": 1 if state is RunStatus.FAILED else 0},
    )


def home_runs(folder: Path) -> FakeRuns:
    """Return a folder of flows, one of them broken, and some recent runs."""
    found = runs_in(folder)
    for name in ("broken.yaml", "lint.yaml"):
        (folder / name).write_text("tasks:\n")
    (folder / "release.py").write_text("flow = Flow('release')\n")
    found.flows |= {
        "broken.yaml": BROKEN,
        "lint.yaml": plan_of({"ruff": (), "mypy": ("ruff",)}, name="lint"),
        "release.py": NotTrustedError("a Python flow runs code"),
    }
    found.summaries = [
        summary("r-214", "nightly-etl", RunStatus.RUNNING, started=58, took=None),
        summary("r-213", "lint", RunStatus.SUCCEEDED, started=300, took=11),
        summary("r-212", "backfill", RunStatus.FAILED, started=7200, took=1084),
        summary("r-211", "nightly-etl", RunStatus.INTERRUPTED, started=90_000, took=None),
        summary("r-210", "release", RunStatus.STALLED, started=95_000, took=None),
        summary("r-209", "nightly-etl", RunStatus.PARTIAL, started=99_000, took=189),
    ]
    failed(found)
    return found
