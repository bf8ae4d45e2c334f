"""A task starts when everything upstream has succeeded and a slot is free."""

from taskflow_core.scheduling.ready import PROCESSES
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, OK, Drive, spec


def test_a_task_without_dependencies_is_ready_at_once() -> None:
    drive = Drive(spec("a"))

    assert drive.status("a") is TaskStatus.READY


def test_a_task_waits_for_all_of_its_upstream() -> None:
    drive = Drive(spec("a"), spec("b"), spec("join", "a", "b"))
    drive.run("a")

    assert drive.status("join") is TaskStatus.PENDING

    drive.run("b")

    assert drive.status("join") is TaskStatus.READY


def test_there_are_no_waves() -> None:
    """The dependent of a quick task starts while a slow one of the first layer still runs."""
    drive = Drive(spec("slow"), spec("quick"), spec("after", "quick"))
    drive.start("quick", "slow")
    drive.end("quick")
    drive.start("after")

    assert drive.status("slow") is TaskStatus.RUNNING
    assert drive.status("after") is TaskStatus.RUNNING


def test_no_more_tasks_run_than_there_are_slots() -> None:
    drive = Drive(*(spec(name) for name in "abc"), slots=2)
    drive.start("a", "b")

    assert drive.take() is None

    drive.end("a")
    drive.start("c")


def test_slots_are_shared_between_threads_and_processes() -> None:
    drive = Drive(spec("a"), spec("b", executor="process"), slots=1)
    drive.start("a")

    assert drive.take(PROCESSES) is None


def test_the_longest_way_to_the_end_goes_first_then_file_order() -> None:
    drive = Drive(spec("leaf"), spec("head"), spec("other"), spec("tail", "head"))

    drive.start("head", "leaf", "other")


def test_a_process_task_is_queued_until_its_worker_has_begun() -> None:
    drive = Drive(spec("a", executor="process"))
    job = drive.take(PROCESSES)

    assert job is not None
    assert drive.status("a") is TaskStatus.QUEUED

    drive.scheduler.began(job, drive.now, 77, {})
    drive.turn()

    assert drive.status("a") is TaskStatus.RUNNING
    assert drive.state.task("a").attempts[0].pid == 77


def test_an_empty_flow_succeeds_at_once() -> None:
    drive = Drive()

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_dependency_named_twice_is_one_edge() -> None:
    drive = Drive(spec("a"), spec("b", "a", "a"))
    drive.run("a", "b")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_run_is_told_in_events() -> None:
    drive = Drive(spec("a"))
    drive.run("a")

    assert drive.kinds() == [
        "RunStarted",
        "TaskReady",
        "AttemptStarted",
        "AttemptSucceeded",
        "TaskSucceeded",
        "RunSettled",
    ]


def test_the_settled_run_counts_its_tasks() -> None:
    drive = Drive(spec("a"), spec("b", "a"), spec("c"))
    drive.start("a", "c")
    drive.end("a", BROKEN)
    drive.end("c", OK)

    settled = drive.events[-1]

    assert getattr(settled, "counts", None) == {"SUCCEEDED": 1, "FAILED": 1, "UPSTREAM_FAILED": 1}


def test_a_chain_of_100000_needs_no_recursion() -> None:
    names = [f"t{number}" for number in range(100_000)]
    tasks = [spec(name, *names[max(0, n - 1) : n]) for n, name in enumerate(names)]
    drive = Drive(*tasks, begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)
    job = drive.scheduler.take("threads", drive.now)
    assert job is not None

    drive.scheduler.ended(job, BROKEN, drive.now, lambda: 0.0)
    drive.scheduler.settle(drive.now)

    assert drive.outcome() is RunStatus.FAILED
    assert drive.state.counts[TaskStatus.UPSTREAM_FAILED] == 99_999
