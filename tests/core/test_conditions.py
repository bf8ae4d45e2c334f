"""`when` decides, once everything upstream has ended, whether a task runs at all."""

from taskflow_core.errors import TaskflowError
from taskflow_core.outcomes import Skipped
from taskflow_core.statuses import RunStatus, TaskStatus
from tests.core.driving import BROKEN, Drive, spec


class Expressions:
    """Evaluates by looking the text up, and remembers what it was asked."""

    def __init__(self, **values: object) -> None:
        self._values = values
        self.asked: list[tuple[str, int]] = []

    def __call__(self, expression: str, number: int) -> object:
        self.asked.append((expression, number))
        value = self._values[expression]
        if isinstance(value, TaskflowError):
            raise value
        return value


def test_a_task_whose_condition_is_true_runs() -> None:
    drive = Drive(spec("a", when="full"), evaluate=Expressions(full=True))

    assert drive.status("a") is TaskStatus.READY


def test_a_task_whose_condition_is_false_is_skipped_and_so_is_what_depends_on_it() -> None:
    drive = Drive(spec("a", when="full"), spec("b", "a"), evaluate=Expressions(full=False))

    assert drive.status("a") is TaskStatus.SKIPPED
    assert drive.state.task("a").reason == "condition"
    assert drive.state.task("b").reason == "upstream_skipped"
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_value_that_is_no_bool_counts_as_python_counts_it() -> None:
    drive = Drive(
        spec("a", when="text"), spec("b", when="empty"), evaluate=Expressions(text="x", empty=[])
    )

    assert drive.statuses() == {"a": "READY", "b": "SKIPPED"}


def test_an_error_in_a_condition_fails_the_task_and_blocks_what_depends_on_it() -> None:
    broken = TaskflowError("'day' is undefined")
    drive = Drive(spec("a", when="day"), spec("b", "a"), evaluate=Expressions(day=broken))

    assert drive.status("a") is TaskStatus.FAILED
    assert drive.state.task("a").reason == "condition: 'day' is undefined"
    assert drive.state.task("a").attempts == []
    assert drive.status("b") is TaskStatus.UPSTREAM_FAILED
    assert drive.outcome() is RunStatus.FAILED


def test_a_condition_is_evaluated_once_and_only_when_everything_upstream_has_ended() -> None:
    expressions = Expressions(full=True)
    drive = Drive(spec("a"), spec("b"), spec("c", "a", "b", when="full"), evaluate=expressions)
    drive.run("a")

    assert expressions.asked == []

    drive.run("b")

    assert expressions.asked == [("full", 2)]

    drive.run("c")

    assert expressions.asked == [("full", 2)]


def test_a_condition_is_not_evaluated_for_what_the_rule_already_decided() -> None:
    expressions = Expressions(full=True)
    drive = Drive(
        spec("a"), spec("b"), spec("c", "a", when="full"), spec("d", "b", when="full"),
        evaluate=expressions,
    )  # fmt: skip
    drive.start("a", "b")
    drive.end("a", BROKEN)
    drive.end("b", Skipped("nothing new"))

    assert expressions.asked == []
    assert (drive.status("c"), drive.status("d")) == (
        TaskStatus.UPSTREAM_FAILED,
        TaskStatus.SKIPPED,
    )


def test_what_was_held_up_by_a_rule_of_its_own_is_asked_for_its_condition_too() -> None:
    drive = Drive(
        spec("a"),
        spec("alarm", "a", trigger_rule="one_failed", when="quiet"),
        evaluate=Expressions(quiet=False),
    )
    drive.start("a")
    drive.end("a", BROKEN)

    assert drive.state.task("alarm").reason == "condition"


def test_a_broken_condition_may_be_tolerated_as_any_failure() -> None:
    broken = TaskflowError("'day' is undefined")
    drive = Drive(
        spec("a", when="day", allow_failure=True), spec("b", "a"), evaluate=Expressions(day=broken)
    )
    drive.run("b")

    assert drive.statuses() == {"a": "FAILED", "b": "SUCCEEDED"}
    assert drive.outcome() is RunStatus.PARTIAL


def test_a_broken_condition_does_what_on_failure_says() -> None:
    broken = TaskflowError("'day' is undefined")
    drive = Drive(
        spec("a"), spec("b", "a", when="day"), spec("c", "a"),
        evaluate=Expressions(day=broken), on_failure="stop",
    )  # fmt: skip
    drive.run("a")

    assert drive.statuses() == {"a": "SUCCEEDED", "b": "FAILED", "c": "CANCELLED"}
    assert drive.outcome() is RunStatus.FAILED


def test_retrying_evaluates_the_condition_again() -> None:
    values: dict[str, object] = {"day": TaskflowError("'day' is undefined")}
    drive = Drive(spec("a", when="day"), evaluate=lambda text, number: _raise_or(values[text]))
    values["day"] = True
    drive.begin_again()
    drive.scheduler.retry(drive.now, ["a"], by="ann")
    drive.turn()
    drive.run("a")

    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_chain_of_100000_that_a_condition_skips_needs_no_recursion() -> None:
    names = [f"t{number}" for number in range(100_000)]
    tasks = [spec(name, *names[max(0, n - 1) : n]) for n, name in enumerate(names[1:], 1)]
    head = spec("t0", when="full")
    drive = Drive(head, *tasks, evaluate=Expressions(full=False), begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)
    drive.scheduler.settle(drive.now)

    assert drive.state.counts[TaskStatus.SKIPPED] == 100_000
    assert drive.outcome() is RunStatus.SUCCEEDED


def test_a_chain_of_100000_false_conditions_needs_no_recursion() -> None:
    expressions = Expressions(no=False)
    names = [f"t{number}" for number in range(100_000)]
    tasks = [
        spec(name, *names[max(0, n - 1) : n], when="no", trigger_rule="all_skipped")
        for n, name in enumerate(names)
    ]
    drive = Drive(*tasks, evaluate=expressions, begin=False)
    drive.scheduler.begin(drive.now, owner=1, term=1)

    assert drive.state.counts[TaskStatus.SKIPPED] == 100_000
    assert len(expressions.asked) == 100_000


def _raise_or(value: object) -> object:
    if isinstance(value, TaskflowError):
        raise value
    return value
