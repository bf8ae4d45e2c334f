"""Which ready task starts next, and in how many slots: priorities, lanes, pools, parallelism."""

import random

import pytest

import taskflow_core.events as ev
from taskflow_core.actions import Resume
from taskflow_core.clock import Instant
from taskflow_core.errors import RefusedError, UnknownPoolError
from taskflow_core.forecast import Terms, forecast
from taskflow_core.lanes import INLINE, PROCESSES, THREADS
from taskflow_core.plan import TaskSpec
from taskflow_core.scheduling.scheduler import Scheduler
from taskflow_core.state import RunState
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import OK, Drive, plan, spec

TERMS = Terms(slots={THREADS: 10}, total=10)


def order(drive: Drive) -> list[str]:
    """Start everything that may, and return it in order."""
    names: list[str] = []
    while (job := drive.take()) is not None:
        names.append(job.task)
    return names


# --- order -------------------------------------------------------------------------------


def test_a_higher_priority_goes_first_whatever_else() -> None:
    drive = Drive(
        spec("low", priority=-1), spec("head"), spec("high", priority=5), spec("tail", "head")
    )

    assert order(drive) == ["high", "head", "low"]


def test_of_equal_priority_the_longest_way_to_the_end_goes_first() -> None:
    drive = Drive(
        spec("short"), spec("x", "short"), spec("long"), spec("y", "long"), spec("z", "y")
    )

    assert order(drive) == ["long", "short"]


def test_of_equal_ways_the_file_order_decides() -> None:
    assert order(Drive(spec("b"), spec("c"), spec("a"))) == ["b", "c", "a"]


def test_known_durations_say_which_way_is_the_longest() -> None:
    flow = plan(spec("many"), spec("more", "many"), spec("slow"))
    scheduler = Scheduler(
        flow, RunState(flow), run="r", slots={THREADS: 2}, longest=[2.0, 1.0, 60.0]
    )
    drive = Drive(*flow.tasks)
    scheduler.begin(drive.now, owner=1, term=1)

    first, second = scheduler.take(THREADS, drive.now), scheduler.take(THREADS, drive.now)

    assert (first and first.task, second and second.task) == ("slow", "many")


@pytest.mark.parametrize("ready_order", ["critical", "file", "fifo"])
def test_a_task_of_high_priority_that_becomes_ready_overtakes_what_waits(ready_order: str) -> None:
    tasks = [spec("a"), spec("b"), spec("urgent", "a", priority=9)]
    drive = Drive(*tasks, slots=1, ready_order=ready_order)
    drive.start("a")
    drive.wait(1.0)
    drive.end("a")

    assert order(drive) == ["urgent"]


def test_the_order_does_not_depend_on_when_tasks_became_ready() -> None:
    """Whatever the order in which those upstream end, the dependents start in the same one."""
    names = [f"t{number}" for number in range(8)]
    behind = [spec(f"after-{name}", name) for name in names]
    started = set[tuple[str, ...]]()
    for seed in range(20):
        drive = Drive(*map(spec, names), *behind, slots=8)
        drive.start(*names)
        for name in random.Random(seed).sample(names, len(names)):
            drive.end(name)
        started.add(tuple(order(drive)))

    assert started == {tuple(f"after-{name}" for name in names)}


def test_the_same_story_gives_the_same_events() -> None:
    def story() -> list[ev.Event]:
        drive = Drive(spec("a", priority=1), spec("b"), spec("c", "a", "b"), slots=2)
        drive.start("a", "b")
        drive.end("b")
        drive.end("a")
        drive.run("c")
        return drive.events

    assert story() == story()


# --- the other orders --------------------------------------------------------------------


def test_in_file_order_the_way_to_the_end_does_not_count() -> None:
    drive = Drive(spec("short"), spec("long"), spec("tail", "long"), ready_order="file")

    assert order(drive) == ["short", "long"]


def test_in_file_order_known_durations_do_not_count_either() -> None:
    flow = plan(spec("quick"), spec("slow"), ready_order="file")
    scheduler = Scheduler(flow, RunState(flow), run="r", slots={THREADS: 2}, longest=[1.0, 60.0])
    scheduler.begin(Instant(0.0, 0.0), owner=1, term=1)
    job = scheduler.take(THREADS, Instant(0.0, 0.0))

    assert job is not None
    assert job.task == "quick"


@pytest.mark.parametrize("ready_order", ["critical", "file", "fifo"])
def test_in_every_order_priority_comes_first(ready_order: str) -> None:
    drive = Drive(
        spec("low", priority=-3), spec("none"), spec("high", priority=2), ready_order=ready_order
    )

    assert order(drive) == ["high", "none", "low"]


def waiting_for(ready_order: str) -> Drive:
    """Return a paused run in which `late`, then `early`, became ready at different moments."""
    tasks = [spec("a"), spec("b"), spec("early", "b"), spec("late", "a"), spec("end", "early")]
    drive = Drive(*tasks, ready_order=ready_order)
    drive.start(*("b", "a") if ready_order == "critical" else ("a", "b"))
    drive.scheduler.pause(drive.now, by="ann")
    drive.end("a")
    drive.wait(1.0)
    drive.end("b")
    return drive


@pytest.mark.parametrize(
    ("ready_order", "started"),
    [("fifo", ["late", "early"]), ("file", ["early", "late"]), ("critical", ["early", "late"])],
)
def test_first_come_is_first_served_only_in_fifo(ready_order: str, started: list[str]) -> None:
    drive = waiting_for(ready_order)
    drive.scheduler.resume(drive.now, by="ann")

    assert order(drive) == started


def test_a_new_owner_of_a_run_knows_who_came_first() -> None:
    drive = waiting_for("fifo").taken_up(after=60.0)
    drive.start("late", "early")


def test_a_plan_of_a_resume_tells_the_order_in_which_tasks_came() -> None:
    state = waiting_for("fifo").state

    assert forecast(state, Resume(), TERMS, now=Instant(2000.0, 0.0)).runs[:2] == ("late", "early")


def test_tasks_that_come_at_one_moment_start_in_file_order() -> None:
    drive = Drive(
        spec("a"), spec("b"), spec("x", "b"), spec("y", "a"), spec("z", "b"), ready_order="fifo"
    )
    drive.start("a", "b")
    drive.scheduler.pause(drive.now, by="ann")
    drive.end("a")
    drive.end("b")
    drive.scheduler.resume(drive.now, by="ann")

    assert order(drive) == ["x", "y", "z"]


def test_at_one_moment_those_come_first_that_were_ready_before_the_last_start() -> None:
    drive = Drive(spec("a"), spec("x", "a"), spec("b"), slots=1, ready_order="fifo")
    drive.run("a")  # no time goes by, but `b` was ready before `a` began

    assert order(drive) == ["b"]


def test_a_task_that_was_held_came_when_it_was_released() -> None:
    drive = Drive(spec("a"), spec("b"), spec("c", "b"), slots=1, ready_order="fifo")
    drive.scheduler.hold(drive.now, ["a"], by="ann")
    drive.start("b")
    drive.wait(1.0)
    drive.end("b")
    drive.wait(1.0)
    drive.scheduler.release(drive.now, ["a"], by="ann")
    drive.turn()
    drive.start("c")
    drive.end("c")
    drive.start("a")


def test_a_breakpoint_that_does_not_hold_a_ready_task_leaves_it_in_its_place() -> None:
    drive = Drive(spec("a"), spec("b"), spec("c"), slots=1, ready_order="fifo")
    drive.start("a")
    drive.scheduler.set_breakpoint(drive.now, "b", by="ann", hit=5)
    drive.end("a")

    assert order(drive) == ["b"]


def test_a_lot_of_tasks_start_in_the_order_in_which_they_came() -> None:
    names = [f"t{number}" for number in range(300)]
    drive = Drive(*(spec(n) for n in names), *(spec(f"x{n}", n) for n in names), slots=300,
                  ready_order="fifo")  # fmt: skip
    drive.start(*names)
    drive.scheduler.pause(drive.now, by="ann")
    shuffled = random.Random(3).sample(names, len(names))
    for name in shuffled:
        drive.wait(0.001)
        drive.end(name)
    drive.scheduler.resume(drive.now, by="ann")

    assert order(drive) == [f"x{name}" for name in shuffled]


# --- lanes -------------------------------------------------------------------------------


def test_each_lane_has_its_own_slots() -> None:
    in_threads = [spec(name) for name in ("t0", "t1", "t2")]
    flow = plan(*in_threads, spec("pa", executor="shell"), spec("pb", executor="shell"))
    scheduler = Scheduler(flow, RunState(flow), run="r", slots={THREADS: 2, PROCESSES: 1})
    now = Drive().now
    scheduler.begin(now, owner=1, term=1)

    threads = [scheduler.take(THREADS, now) for _ in range(3)]
    processes = [scheduler.take(PROCESSES, now) for _ in range(2)]

    assert [job and job.task for job in threads] == ["t0", "t1", None]
    assert [job and job.task for job in processes] == ["pa", None]


def test_inline_tasks_have_one_slot_and_count_among_all() -> None:
    drive = Drive(spec("a", executor="inline"), spec("b", executor="inline"), spec("c"), slots=1)
    job = drive.take(INLINE)

    assert job is not None
    assert job.task == "a"
    assert drive.take(INLINE) is None
    assert drive.take(THREADS) is None


def test_a_scheduler_knows_which_lanes_it_has_tasks_for() -> None:
    drive = Drive(spec("a"), spec("b", executor="async"), spec("c", executor="shell"))

    assert drive.scheduler.lanes == [PROCESSES, THREADS]
    assert drive.scheduler.startable(THREADS)
    assert not drive.scheduler.startable(INLINE)


# --- pools -------------------------------------------------------------------------------


def test_no_more_tasks_of_a_pool_run_than_it_has_slots() -> None:
    drive = Drive(*(spec(f"gpu{n}", pool="gpu") for n in range(3)), spec("free"), pools={"gpu": 1})

    assert order(drive) == ["gpu0", "free"]

    drive.end("gpu0")

    assert order(drive) == ["gpu1"]


def test_a_pool_is_shared_by_threads_and_processes() -> None:
    drive = Drive(spec("a", pool="db"), spec("b", pool="db", executor="process"), pools={"db": 1})
    drive.start("a")

    assert drive.take(PROCESSES) is None

    drive.end("a")

    assert drive.take(PROCESSES) is not None


def test_a_full_pool_lets_others_pass_whatever_their_priority() -> None:
    drive = Drive(
        spec("a", pool="gpu", priority=9),
        spec("b", pool="gpu", priority=9),
        spec("c"),
        pools={"gpu": 1},
        slots=2,
    )

    assert order(drive) == ["a", "c"]


def test_between_pools_the_priority_decides() -> None:
    drive = Drive(
        spec("a", pool="x"), spec("b", pool="y", priority=1), spec("c", priority=2),
        pools={"x": 1, "y": 1},
    )  # fmt: skip

    assert order(drive) == ["c", "b", "a"]


def test_a_pool_that_the_flow_does_not_declare_is_an_error() -> None:
    with pytest.raises(UnknownPoolError) as caught:
        plan(spec("a", pool="gppu"), pools={"gpu": 1})

    assert caught.value.hint == "Did you mean 'gpu'?"


def test_a_slot_of_a_pool_is_free_again_however_the_attempt_ended() -> None:
    drive = Drive(spec("a", pool="gpu"), spec("b", pool="gpu"), pools={"gpu": 1})
    drive.start("a")
    drive.scheduler.cancel(drive.now, ["a"], by="ann")
    drive.turn()

    assert drive.take() is None

    drive.end("a", OK)
    drive.start("b")


# --- changing how many run at once -------------------------------------------------------


def six(slots: int) -> Drive:
    """Return a run of six tasks."""
    return Drive(*(spec(name) for name in "abcdef"), slots=slots)


def test_more_parallelism_takes_effect_at_once() -> None:
    drive = six(slots=1)
    drive.start("a")

    assert drive.take() is None

    drive.slots = 3
    drive.scheduler.set_parallelism(drive.now, 3, by="ann")
    drive.turn()

    assert order(drive) == ["b", "c"]
    assert drive.state.max_parallel == 3


def test_less_parallelism_lets_what_runs_go_on() -> None:
    drive = six(slots=3)
    drive.start("a", "b", "c")
    drive.scheduler.set_parallelism(drive.now, 1, by="ann")
    drive.turn()

    assert drive.stops() == []

    drive.end("a")
    drive.end("b")

    assert drive.take() is None

    drive.end("c")

    assert order(drive) == ["d"]


def test_parallelism_goes_down_and_up_again_without_losing_a_slot() -> None:
    drive = six(slots=2)
    drive.start("a", "b")
    for most in (1, 4, 1, 2):
        drive.scheduler.set_parallelism(drive.now, most, by="ann")
        drive.turn()

    assert drive.take() is None

    drive.end("a")

    assert order(drive) == ["c"]


def test_no_parallelism_is_refused() -> None:
    drive = six(slots=2)

    with pytest.raises(RefusedError, match="0 tasks at once") as caught:
        drive.scheduler.set_parallelism(drive.now, 0, by="ann")
    assert caught.value.hint == "Pause the run instead."


def test_a_change_of_parallelism_is_recorded_with_who_asked() -> None:
    drive = six(slots=2)
    drive.scheduler.set_parallelism(drive.now, 1, by="ann")
    drive.turn()
    changed = drive.events[-1]

    assert isinstance(changed, ev.ParallelismChanged)
    assert (changed.by, changed.max_parallel) == ("ann", 1)


# --- many --------------------------------------------------------------------------------


def run_through(*tasks: TaskSpec) -> Scheduler:
    """Run a flow to its end, one task after another."""
    drive = Drive(*tasks, begin=False)
    scheduler, now = drive.scheduler, drive.now
    scheduler.begin(now, owner=1, term=1)
    while (job := scheduler.take(THREADS, now)) is not None:
        scheduler.ended(job, OK, now, lambda: 0.0)
        scheduler.settle(now)
    return scheduler


def test_a_chain_of_100000_runs_to_its_end_without_recursion() -> None:
    names = [f"t{number}" for number in range(100_000)]
    scheduler = run_through(
        *(spec(name, *names[max(0, n - 1) : n]) for n, name in enumerate(names))
    )

    assert scheduler.state.state is RunStatus.SUCCEEDED
    assert scheduler.state.counts[TaskStatus.SUCCEEDED] == 100_000


@pytest.mark.parametrize("rule", ["all_success", "all_done"])
def test_a_fan_of_100000_runs_to_its_end(rule: str) -> None:
    middle = [f"t{number}" for number in range(99_998)]
    scheduler = run_through(
        spec("first"),
        *(spec(name, "first", trigger_rule=rule) for name in middle),
        spec("last", *middle, trigger_rule=rule),
    )

    assert scheduler.state.state is RunStatus.SUCCEEDED
    assert scheduler.state.counts[TaskStatus.SUCCEEDED] == 100_000


def test_100000_ready_tasks_are_cancelled_in_one_go() -> None:
    drive = Drive(*(spec(f"t{number}") for number in range(100_000)), begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)
    drive.scheduler.cancel(drive.now, None, by="ann")
    drive.scheduler.settle(drive.now)

    assert drive.outcome() is RunStatus.CANCELLED


def test_100000_dependents_wait_again_in_one_go() -> None:
    drive = Drive(
        spec("first"), *(spec(f"t{number}", "first") for number in range(100_000)), begin=False
    )
    drive.scheduler.begin(drive.now, owner=1, term=1)
    job = drive.scheduler.take(THREADS, drive.now)
    assert job is not None
    drive.scheduler.ended(job, OK, drive.now, lambda: 0.0)
    drive.scheduler.rerun(drive.now, ["first"], by="ann", from_here=True)

    assert drive.state.counts[TaskStatus.PENDING] == 100_000
    assert drive.state.counts[TaskStatus.READY] == 1
