"""What the design promises about who may know whom, shown by running it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

BLOCKED = """
import sys
for name in ("textual", "rich", "click"):
    sys.modules[name] = None
from taskflow_core import Flow, Task
result = Flow("f", [Task(int, name="a"), Task(command="echo hi", name="b")]).run()
assert (result["a"], result["b"]) == (0, "hi")
"""

TEN_LINES = """
from taskflow_core import Flow, task
@task
def fetch():
    return [3, 1, 2]
@task(depends_on=[fetch])
def process(fetch):
    return sorted(fetch)
flow = Flow("etl", tasks=[fetch, process])
flow.subscribe(lambda event: print(event.kind, getattr(event, "task", "")))
print(flow.run()["process"])
"""


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_runs_without_any_user_interface() -> None:
    python(BLOCKED)


def test_importing_the_core_imports_next_to_nothing() -> None:
    loaded = python("import sys, taskflow_core; print(*sys.modules)").split()

    assert not {"asyncio", "msgspec", "sqlite3", "yaml", "psutil", "networkx"} & set(loaded)


def test_the_core_s_folder_is_no_package() -> None:
    assert not (ROOT / "core" / "__init__.py").exists()


def test_a_script_of_ten_lines_prints_its_events() -> None:
    lines = python(TEN_LINES).splitlines()

    assert len(TEN_LINES.strip().splitlines()) == 10
    assert lines[:3] == ["RunCreated ", "RunStarted ", "TaskReady fetch"]
    assert lines[-2:] == ["RunSettled ", "[1, 2, 3]"]


def test_no_module_is_longer_than_it_may_be() -> None:
    for package in ("core/taskflow_core", "taskflow_tui"):
        for module in (ROOT / package).rglob("*.py"):
            assert len(module.read_text().splitlines()) <= 400, module
