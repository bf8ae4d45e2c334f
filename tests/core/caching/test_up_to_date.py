"""`inputs` and `outputs`: a task is up to date while what it makes is newer than what it reads."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskflow_core import Flow, RunResult, Task
from tests.core.caching.looking import check, hit, missed, run

MAKE = "cp in.csv out.csv && cat out.csv"
EXECUTORS = ["thread", "process", "async", "inline", "shell"]


def each(*executors: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("executor", executors or EXECUTORS)


class Workshop:
    """A folder with an input, and a task that makes an output from it."""

    moment = 1_700_000_000.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.write("in.csv", "1")

    def write(self, name: str, text: str, *, age: float = 100) -> Path:
        """Write a file that was changed so many seconds before a moment that never moves."""
        path = self.folder / name
        path.write_text(text)
        os.utime(path, (self.moment - age, self.moment - age))
        return path

    def task(self, executor: str = "thread", command: str = MAKE, **options: Any) -> Task:
        keys: dict[str, Any] = {
            "name": "t",
            "inputs": "in.csv",
            "outputs": ["out.csv"],
            "cwd": str(self.folder),
            **options,
        }
        if executor == "shell":
            return Task(command=command, **keys)
        return Task(self.work(executor), executor=executor, **keys)

    def work(self, executor: str) -> Callable[..., Any]:
        home = str(self.folder)

        def work() -> str:
            text = (Path(home) / "in.csv").read_text()
            (Path(home) / "out.csv").write_text(text)
            return text

        async def awork() -> str:
            return work()

        return awork if executor == "async" else work

    def run(self, executor: str = "thread", **options: Any) -> RunResult:
        return run(self.task(executor, **options))


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


# --- up to date ------------------------------------------------------------------------------


@each()
def test_while_its_output_is_newer_it_does_not_run(shop: Workshop, executor: str) -> None:
    assert missed(shop.run(executor)) == "no entry yet"
    second = shop.run(executor)

    assert hit(second)
    assert check(second).reason.startswith("up to date since run ")
    assert second["t"] == "1"


@each()
def test_once_its_input_is_newer_it_runs(shop: Workshop, executor: str) -> None:
    shop.run(executor)
    shop.write("in.csv", "2", age=-1_000_000_000)

    second = shop.run(executor)
    assert missed(second) == "input in.csv is not older than output out.csv"
    assert second["t"] == "2"


@each()
def test_without_its_output_it_runs(shop: Workshop, executor: str) -> None:
    shop.run(executor)
    (shop.folder / "out.csv").unlink()

    assert missed(shop.run(executor)) == "its output out.csv is missing"
    assert (shop.folder / "out.csv").exists()


def test_an_input_as_new_as_the_output_counts_as_changed(shop: Workshop) -> None:
    shop.run()
    stamp = (shop.folder / "out.csv").stat().st_mtime_ns
    os.utime(shop.folder / "in.csv", ns=(stamp, stamp))

    assert missed(shop.run()) == "input in.csv is not older than output out.csv"


def test_a_difference_of_a_nanosecond_is_enough(shop: Workshop) -> None:
    shop.run()
    stamp = (shop.folder / "out.csv").stat().st_mtime_ns
    os.utime(shop.folder / "in.csv", ns=(stamp - 1, stamp - 1))

    assert hit(shop.run())


def test_another_file_with_an_older_time_is_noticed_by_its_size(shop: Workshop) -> None:
    shop.run()
    shop.write("in.csv", "an older one", age=10_000)

    assert missed(shop.run()) == "input in.csv changed"


def test_files_that_come_and_go_are_noticed(shop: Workshop) -> None:
    shop.run(inputs="in*.csv")
    shop.write("in2.csv", "2")
    assert missed(shop.run(inputs="in*.csv")) == "input in2.csv is new"
    (shop.folder / "in2.csv").unlink()
    assert missed(shop.run(inputs="in*.csv")) == "input in2.csv is gone"
    assert hit(shop.run(inputs="in*.csv"))


def test_the_oldest_of_several_outputs_counts(shop: Workshop) -> None:
    shop.write("other.csv", "x", age=50)
    keys: dict[str, Any] = {"outputs": ["out.csv", "other.csv"]}
    shop.run(**keys)
    assert hit(shop.run(**keys))
    shop.write("in.csv", "1", age=50)

    assert missed(shop.run(**keys)) == "input in.csv is not older than output other.csv"


def test_what_it_makes_is_no_input_although_the_pattern_fits(shop: Workshop) -> None:
    shop.run(inputs="*.csv")

    assert hit(shop.run(inputs="*.csv"))


def test_its_definition_counts(shop: Workshop) -> None:
    shop.run("shell")

    assert missed(shop.run("shell", env={"A": "1"})) == "variable `A` is new"
    other = f"{MAKE} && true"
    assert missed(shop.run("shell", command=other)) == "the command changed; variable `A` is gone"


def test_outputs_of_an_earlier_success_do_not_count_for_another(shop: Workshop) -> None:
    def make(limit: int) -> int:
        return limit

    def once(limit: int) -> RunResult:
        keys: dict[str, Any] = {"name": "t", "inputs": "in.csv", "outputs": "out.csv"}
        return run(Task(make, kwargs={"limit": limit}, cwd=str(shop.folder), **keys))

    shop.write("out.csv", "x", age=0)
    once(1)
    assert hit(once(1))
    once(2)
    assert missed(once(1)) == "its outputs may not be those of its last success"
    assert hit(once(1))


@each("thread", "process", "shell")
def test_nor_do_those_that_a_failure_left(shop: Workshop, executor: str) -> None:
    shop.run(executor)
    broken = Task(name="t", command="echo half > out.csv; exit 1", inputs="in.csv",
                  outputs=["out.csv"], cwd=str(shop.folder))  # fmt: skip
    assert run(broken).state == "FAILED"

    assert missed(shop.run(executor)) == "its outputs may not be those of its last success"
    assert hit(shop.run(executor))


def test_an_input_that_changed_while_it_ran_makes_no_success_to_rely_on(shop: Workshop) -> None:
    command = "cp in.csv out.csv; echo longer > in.csv"
    results = shop.run("shell", command=command)

    assert results.state == "SUCCEEDED"
    assert check(results).not_kept == "in.csv changed while it ran"
    assert missed(shop.run("shell", command=command)) == "no entry yet"


def test_without_outputs_an_input_has_to_be_as_it_was(shop: Workshop) -> None:
    keys: dict[str, Any] = {"outputs": None}
    shop.run(**keys)
    assert hit(shop.run(**keys))
    shop.write("in.csv", "1", age=99)

    assert missed(shop.run(**keys)) == "input in.csv changed"


def test_without_inputs_it_is_up_to_date_while_its_output_is_there(shop: Workshop) -> None:
    keys: dict[str, Any] = {"inputs": None}
    shop.run(**keys)
    shop.write("in.csv", "2", age=-(10**9))
    assert hit(shop.run(**keys))
    (shop.folder / "out.csv").unlink()
    assert missed(shop.run(**keys)) == "its output out.csv is missing"


def test_a_folder_is_as_new_as_the_files_in_it(shop: Workshop) -> None:
    (shop.folder / "made").mkdir()
    command = "cp in.csv made/a && cp in.csv made/b"
    keys: dict[str, Any] = {"outputs": "made", "inputs": ["in.csv"]}

    def once() -> RunResult:
        return shop.run("shell", command=command, **keys)

    once()
    assert hit(once())
    shop.write("in.csv", "1", age=5)
    os.utime(shop.folder / "made" / "b", (shop.moment - 10, shop.moment - 10))
    assert missed(once()) == "input in.csv is not older than output made/b"


# --- by content ------------------------------------------------------------------------------


@each("thread", "process", "shell")
def test_with_a_cache_inputs_count_by_what_is_in_them(shop: Workshop, executor: str) -> None:
    shop.run(executor, cache=True)
    shop.write("in.csv", "1", age=-(10**9))
    assert hit(shop.run(executor, cache=True))

    shop.write("in.csv", "2")
    assert missed(shop.run(executor, cache=True)) == "file `in.csv` changed"
    (shop.folder / "out.csv").unlink()
    assert missed(shop.run(executor, cache=True)) == "its output out.csv is missing"


# --- promises --------------------------------------------------------------------------------


@each()
def test_an_input_that_is_not_there_fails_the_task(shop: Workshop, executor: str) -> None:
    (shop.folder / "in.csv").unlink()
    results = shop.run(executor)

    assert results.state == "FAILED"
    assert results.error == f"its input in.csv does not exist – It belongs in {shop.folder}."


@each()
def test_an_output_that_was_not_made_fails_the_task(shop: Workshop, executor: str) -> None:
    results = shop.run(executor, outputs=["out.csv", "report.pdf", "more.pdf"])

    assert results.state == "FAILED"
    assert results.error == (
        "it succeeded, but its output report.pdf and 1 more is not there – make it, or correct "
        "`outputs`"
    )
    assert check(shop.run(executor)).reason == "no entry yet"


def test_such_a_failure_is_retried_like_any_other(shop: Workshop) -> None:
    results = shop.run("shell", outputs="never.csv", retries=2)

    assert len(results.tasks["t"].attempts) == 3


def test_a_pattern_that_fits_nothing_is_never_up_to_date(shop: Workshop) -> None:
    keys: dict[str, Any] = {"inputs": ["in.csv", "*.xls"]}
    assert missed(shop.run(**keys)) == "no entry yet"

    assert missed(shop.run(**keys)) == "no file matches *.xls"


# --- names -----------------------------------------------------------------------------------


@each("thread", "process", "shell")
def test_names_of_files_may_hold_expressions(shop: Workshop, executor: str) -> None:
    shop.write("in-1.csv", "1")
    (shop.folder / "out-1.csv").touch()
    keys: dict[str, Any] = {
        "inputs": "${{ tasks.up.result }}.csv",
        "outputs": ["out-${{ params.day }}.csv"],
        "depends_on": "up",
    }

    def once(day: int) -> RunResult:
        tasks = [Task(lambda: f"in-{day}", name="up"), shop.task(executor, **keys)]
        return Flow("f", tasks, params={"day": day}).run()

    once(1)
    assert hit(once(1))
    failed = once(2)
    assert failed.error == f"its input in-2.csv does not exist – It belongs in {shop.folder}."


def test_a_file_may_be_named_absolutely_and_from_home(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(shop.folder))
    keys: dict[str, Any] = {"inputs": ["~/in.csv", str(shop.folder / "in.csv")]}
    shop.run(**keys)

    assert hit(shop.run(**keys))
