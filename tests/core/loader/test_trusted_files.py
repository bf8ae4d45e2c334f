"""Of a trusted YAML or JSON file the functions are looked up, by a process of its own."""

import os
import subprocess
import textwrap
import time
from pathlib import Path

import psutil
import pytest

import taskflow_core.loader.ask as asking
from taskflow_core.errors import FlowFileError, Problem
from taskflow_core.loader import load_plan
from taskflow_core.plan import Plan, RollbackSpec


class Folder:
    """A folder with modules and a flow file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def module(self, name: str, code: str) -> None:
        """Write a module, or one of a package."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code))

    def flow(self, *tasks: str) -> Path:
        """Write a flow file; each task is written as in a flow mapping."""
        file = self.path / "flow.yaml"
        file.write_text("tasks:\n" + "".join(f"  - {{{task}}}\n" for task in tasks))
        return file

    def plan(self, *tasks: str) -> Plan:
        """Return the plan of these tasks, which are right."""
        return load_plan(self.flow(*tasks), trusted=True).plan

    def problem(self, *tasks: str) -> Problem:
        """Return the only thing wrong with these tasks."""
        with pytest.raises(FlowFileError) as caught:
            load_plan(self.flow(*tasks), trusted=True)
        (problem,) = caught.value.problems
        return problem


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_nothing_is_looked_up_without_trust(folder: Folder) -> None:
    folder.module("steps.py", "open('imported', 'w')")

    load_plan(folder.flow("name: a, function: steps.f"))

    assert not (folder.path / "imported").exists()


def test_functions_are_found_next_to_the_flow_file(folder: Folder) -> None:
    folder.module("steps.py", "def f(): ...")
    folder.module("pkg/__init__.py", "")
    folder.module("pkg/mod.py", "class C:\n    @staticmethod\n    def f(): ...")

    plan = folder.plan("name: a, function: steps.f", "name: b, function: pkg.mod.C.f")

    assert [task.function for task in plan.tasks] == ["steps.f", "pkg.mod.C.f"]


def test_who_asks_for_the_context_is_noted(folder: Folder) -> None:
    folder.module("steps.py", "def with_it(ctx): ...\ndef without(): ...")

    plan = folder.plan("name: a, function: steps.with_it", "name: b, function: steps.without")

    assert [task.takes_context for task in plan.tasks] == [True, False]


def test_nothing_is_started_for_a_flow_of_commands(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)

    assert folder.plan("name: a, command: ls").tasks[0].command == "ls"


def test_no_traces_are_left_in_the_folder(folder: Folder) -> None:
    folder.module("steps.py", "def f(): ...")

    folder.plan("name: a, function: steps.f")

    assert sorted(file.name for file in folder.path.iterdir()) == ["flow.yaml", "steps.py"]


def test_what_modules_print_is_not_taken_for_the_answer(folder: Folder) -> None:
    folder.module("steps.py", "import os\nprint('{}')\nos.write(1, b'{}\\n')\ndef f(): ...")

    assert folder.plan("name: a, function: steps.f").tasks


def test_a_module_is_imported_once_for_all_tasks(folder: Folder) -> None:
    folder.module("steps.py", "open('log', 'a').write('x')\ndef f(): ...\ndef g(): ...")

    folder.plan("name: a, function: steps.f", "name: b, function: steps.g")

    assert (folder.path / "log").read_text() == "x"


def test_a_module_that_fails_is_imported_once_too(folder: Folder) -> None:
    folder.module("steps.py", "open('log', 'a').write('x')\nraise ValueError('no')")

    with pytest.raises(FlowFileError) as caught:
        folder.plan("name: a, function: steps.f", "name: b, function: steps.g")

    assert [problem.slug for problem in caught.value.problems] == ["import-failed"] * 2
    assert (folder.path / "log").read_text() == "x"


def test_a_missing_module(folder: Folder) -> None:
    folder.module("steps.py", "")

    problem = folder.problem("name: a, function: stepz.f")

    assert (problem.slug, problem.line, problem.column) == ("unknown-module", 2, 25)
    assert problem.message == "there is no module 'stepz'"
    assert problem.hint == "Did you mean 'steps'?"


def test_a_missing_function(folder: Folder) -> None:
    folder.module("steps.py", "def load(): ...")

    problem = folder.problem("name: a, function: steps.lod")

    assert (problem.slug, problem.line, problem.column) == ("unknown-function", 2, 25)
    assert (problem.end_line, problem.end_column) == (2, 34)
    assert problem.message == "module 'steps' has no 'lod'"
    assert problem.hint == "Did you mean 'load'?"


def test_something_that_is_no_function(folder: Folder) -> None:
    folder.module("steps.py", "LIMIT = 3")

    problem = folder.problem("name: a, function: steps.LIMIT")

    assert problem.slug == "not-callable"
    assert problem.message == "'steps.LIMIT' is no function but of type 'int'"


def test_a_module_that_raises(folder: Folder) -> None:
    folder.module("steps.py", "import os\n\nraise ValueError('no\\nway')")

    problem = folder.problem("name: a, function: steps.f")

    assert problem.slug == "import-failed"
    assert problem.message == "importing 'steps' raised ValueError: no (steps.py:3)"
    assert "ValueError: no\nway" in (problem.hint or "")
    assert "importlib" not in (problem.hint or "")


def test_a_module_that_is_no_python(folder: Folder) -> None:
    folder.module("steps.py", "\ndef f(:\n")

    problem = folder.problem("name: a, function: steps.f")

    assert problem.message == "importing 'steps' raised SyntaxError: invalid syntax (steps.py:2)"


def test_a_module_that_needs_a_missing_one(folder: Folder) -> None:
    folder.module("steps.py", "import nowhere_to_be_found")

    problem = folder.problem("name: a, function: steps.f")

    assert problem.slug == "import-failed"
    assert problem.message == (
        "importing 'steps' raised ModuleNotFoundError: "
        "No module named 'nowhere_to_be_found' (steps.py:1)"
    )


def test_a_module_that_exits(folder: Folder) -> None:
    folder.module("steps.py", "import sys\nsys.exit(3)")

    assert folder.problem("name: a, function: steps.f").message == (
        "importing 'steps' raised SystemExit: 3 (steps.py:2)"
    )


def test_arguments_that_nothing_fills(folder: Folder) -> None:
    folder.module("steps.py", "def f(pages): ...")

    problem = folder.problem("name: a, function: steps.f")

    assert (problem.slug, problem.line, problem.column) == ("bad-arguments", 2, 25)
    assert problem.message == "nothing fills 'pages' of a(pages)"


def test_arguments_that_the_function_does_not_take(folder: Folder) -> None:
    folder.module("steps.py", "def f(path='x'): ...")

    problem = folder.problem("name: a, function: steps.f, kwargs: {pth: y}")

    assert problem.slug == "bad-arguments"
    assert problem.hint == "Did you mean 'path'?"


def test_everything_wrong_with_arguments_is_a_problem_of_its_own(folder: Folder) -> None:
    folder.module("steps.py", "def f(pages, *, path='x'): ...")

    with pytest.raises(FlowFileError) as caught:
        folder.plan("name: a, function: steps.f, kwargs: {pth: y}")

    assert [(p.slug, p.line, p.column) for p in caught.value.problems] == [
        ("bad-arguments", 2, 25)
    ] * 2
    assert [p.message for p in caught.value.problems] == [
        "nothing fills 'pages' of a(pages, *, path='x')",
        "a(pages, *, path='x') takes no argument 'pth'",
    ]


def test_parameters_of_the_flow_fill_those_of_functions(folder: Folder) -> None:
    folder.module("steps.py", "def f(day, rows): ...")
    file = folder.flow("name: a, function: steps.f")
    file.write_text("params: {day: today, rows: 5, unused: x}\n" + file.read_text())

    loaded = load_plan(file, trusted=True)

    assert [(w.slug, w.line, w.column) for w in loaded.warnings] == [("unused-param", 1, 31)]


def test_no_parameter_counts_as_unused_where_a_function_may_look_at_all(folder: Folder) -> None:
    folder.module("steps.py", "def f(ctx): ...")
    file = folder.flow("name: a, function: steps.f")
    file.write_text("params: {day: today}\n" + file.read_text())

    assert load_plan(file, trusted=True).warnings == ()
    assert load_plan(file).warnings == ()


def test_a_plain_function_does_not_go_to_the_event_loop(folder: Folder) -> None:
    folder.module("steps.py", "def f(): ...\nasync def g(): ...")

    folder.plan("name: a, function: steps.g, executor: async")
    problem = folder.problem("name: a, function: steps.f, executor: async")

    assert (problem.slug, problem.line, problem.column) == ("wrong-executor", 2, 25)


def test_upstream_results_count_once_even_if_listed_twice(folder: Folder) -> None:
    folder.module("steps.py", "def f(): ...\ndef g(pages): ...")
    tasks = "name: a, function: steps.f", "name: b, function: steps.g, depends_on: [a, a]"

    assert len(folder.plan(*tasks).tasks) == 2


def test_arguments_are_not_checked_where_the_task_itself_is_wrong(folder: Folder) -> None:
    folder.module("steps.py", "def f(pages): ...")

    problem = folder.problem("name: a, function: steps.f, kwargz: {pages: 1}")

    assert problem.slug == "unknown-key"


def test_other_problems_do_not_hide_a_missing_function(folder: Folder) -> None:
    with pytest.raises(FlowFileError) as caught:
        folder.plan("name: a, function: nowhere.f, depends_on: b", "name: c, comand: x")

    assert [problem.slug for problem in caught.value.problems] == [
        "unknown-module",
        "unknown-task",
        "missing-action",
        "unknown-key",
    ]


def test_a_module_that_ends_the_process(folder: Folder) -> None:
    folder.module("steps.py", "import os\nos.write(2, b'bye')\nos._exit(7)")

    problem = folder.problem("name: a, function: steps.f")

    assert (problem.slug, problem.line, problem.hint) == ("helper-died", None, "bye")
    assert problem.message == "the flow's code ended the process that imported it (exit code 7)"


def test_a_module_that_crashes_the_process(folder: Folder) -> None:
    folder.module("steps.py", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")

    problem = folder.problem("name: a, function: steps.f")

    assert problem.message == "the flow's code ended the process that imported it (SIGSEGV)"


def test_a_module_that_takes_forever(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TIME_LIMIT", 1.0)
    folder.module("steps.py", "import time\nprint('waiting', flush=True)\ntime.sleep(60)")
    started = time.monotonic()

    problem = folder.problem("name: a, function: steps.f")

    assert (problem.slug, problem.hint) == ("helper-timeout", "waiting")
    assert problem.message == "the flow's code took more than 1 seconds to import"
    assert time.monotonic() - started < 10


def test_processes_that_a_module_leaves_behind_are_ended(folder: Folder) -> None:
    code = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open("pid", "w").write(str(child.pid))
        def f(): ...
    """
    folder.module("steps.py", code)

    folder.plan("name: a, function: steps.f")

    assert _is_gone(int((folder.path / "pid").read_text()))


def test_a_fork_that_holds_on_to_the_answer_holds_up_nothing(folder: Folder) -> None:
    code = """
        import os, time
        if os.fork() == 0:
            time.sleep(600)
        def f(): ...
    """
    folder.module("steps.py", code)
    started = time.monotonic()

    folder.plan("name: a, function: steps.f")

    assert time.monotonic() - started < 10


def test_files_in_the_current_folder_do_not_stand_in_for_ours(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "msgspec.py", "taskflow_core.py", "inspect.py"):
        folder.module(name, "raise SystemExit('imported by mistake')")
    folder.module("steps.py", "def f(): ...")
    monkeypatch.chdir(folder.path)
    monkeypatch.delenv("PYTHONPATH", raising=False)

    assert folder.plan("name: a, function: steps.f").tasks


def test_a_module_reads_nothing_from_standard_input(folder: Folder) -> None:
    folder.module("steps.py", "import sys\nassert sys.stdin.read() == ''\ndef f(): ...")

    assert folder.plan("name: a, function: steps.f").tasks


def test_many_tasks_with_large_arguments(folder: Folder) -> None:
    folder.module("steps.py", "def f(text): ...")
    tasks = [f"name: t{n}, function: steps.f, args: [{'x' * 1_000}]" for n in range(1_000)]

    assert len(folder.plan(*tasks).tasks) == 1_000


def _is_gone(pid: int) -> bool:
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    os.kill(pid, 9)
    return False


# --- what undoes ---------------------------------------------------------------------------


def test_a_function_that_undoes_is_looked_up_too(folder: Folder) -> None:
    folder.module("steps.py", "def book(hotel): ...\ndef cancel(result, hotel): ...")

    plan = folder.plan("name: a, function: steps.book, args: [Ritz], rollback: steps.cancel")

    assert plan.tasks[0].rollback == RollbackSpec(executor="process", function="steps.cancel")


def test_a_function_that_undoes_a_command_is_looked_up_too(folder: Folder) -> None:
    folder.module("steps.py", "def undo(result): ...")

    problem = folder.problem("name: a, command: x, rollback: {function: steps.undoo}")

    assert (problem.slug, problem.line, problem.column) == ("unknown-function", 2, 48)
    assert problem.hint == "Did you mean 'undo'?"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def undo(): ...", "rollback of task 'a' has no parameter for the task's result: ()"),
        (
            "def undo(result, city): ...",
            "rollback of task 'a' needs 'city', which is no argument of the task",
        ),
    ],
)
def test_a_function_that_cannot_be_called_to_undo(folder: Folder, code: str, message: str) -> None:
    folder.module("steps.py", f"def book(hotel='Ritz'): ...\n{code}")

    problem = folder.problem("name: a, function: steps.book, rollback: steps.undo")

    assert (problem.slug, problem.line, problem.column) == ("bad-arguments", 2, 47)
    assert problem.message == message


# --- handlers --------------------------------------------------------------------------------


def with_handler(folder: Folder, handler: str) -> Path:
    file = folder.path / "flow.yaml"
    file.write_text(f"params: {{day: x}}\nhandlers:\n  failure: {handler}\ntasks: []\n")
    return file


def test_the_function_of_a_handler_is_looked_up(folder: Folder) -> None:
    folder.module("steps.py", "def tell(outcome, day): ...")

    plan = load_plan(with_handler(folder, "steps.tell"), trusted=True).plan

    assert plan.handlers[0].function == "steps.tell"


@pytest.mark.parametrize(
    ("handler", "slug", "message"),
    [
        ("steps.tel", "unknown-function", "module 'steps' has no 'tel'"),
        ("{function: steps.two}", "bad-arguments", "handler:failure"),
    ],
)
def test_a_handler_that_could_not_be_called_is_found(
    folder: Folder, handler: str, slug: str, message: str
) -> None:
    folder.module("steps.py", "def tell(outcome): ...\ndef two(one, other): ...")

    with pytest.raises(FlowFileError) as caught:
        load_plan(with_handler(folder, handler), trusted=True)
    problem = caught.value.problems[0]

    assert (problem.slug, problem.line) == (slug, 3)
    assert message in problem.message
