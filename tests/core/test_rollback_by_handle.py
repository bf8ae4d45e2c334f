"""A rollback that the holder of a run in this process asks for."""

from taskflow_core import Flow, Task
from taskflow_core.actions import Rollback
from taskflow_core.statuses import RunStatus


def travel(undone: list[object]) -> Flow:
    """Return a flow of two bookings and a payment that fails."""

    def pay() -> None:
        raise ValueError("no money")

    def undo(result: str) -> None:
        undone.append(result)

    return Flow(
        "travel",
        [
            Task(lambda: "room", name="hotel", rollback=undo),
            Task(
                lambda: "seat",
                name="flight",
                depends_on="hotel",
                rollback=undo,
            ),
            Task(pay, depends_on="flight"),
        ],
    )


def test_a_settled_run_is_undone_in_reverse_order() -> None:
    undone: list[object] = []
    with travel(undone).start() as run:
        run.wait()

        run.rollback()
        run.wait()

        assert (run.state, undone) == (RunStatus.ROLLED_BACK, ["seat", "room"])


def test_a_run_is_undone_down_to_a_task() -> None:
    undone: list[object] = []
    with travel(undone).start() as run:
        run.wait()
        assert run.plan(Rollback(to="flight")).reverted == ("flight",)

        run.rollback("flight")
        run.wait()

        assert undone == ["seat"]


def test_what_could_not_be_undone_may_count_as_undone() -> None:
    undone: list[object] = []

    def cannot(result: int) -> float:
        return result / 0

    once = Task(lambda: 1, name="once", depends_on="flight", rollback=cannot)
    flow = travel(undone)
    flow.add_task(once)
    with flow.start() as run:
        run.wait()
        run.rollback()
        run.wait()
        assert (run.state, undone) == (RunStatus.ROLLBACK_FAILED, [])

        run.rollback(skip=["once"])
        run.wait()

        assert (run.state, undone) == (RunStatus.ROLLED_BACK, ["seat", "room"])
