"""Executors of other packages, found by their entry points."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from taskflow_core import Flow, Task
from taskflow_core.executors.installed import ExecutorError, executor_names, lane_of
from tests.plugins.installing import install, install_relay


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that packages can be installed in."""
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]
    return tmp_path


def test_an_unknown_executor_is_refused_with_a_list_of_those_there_are(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in install_relay(site):
        monkeypatch.syspath_prepend(folder)  # pyright: ignore[reportUnknownMemberType]

    with pytest.raises(ExecutorError, match="there is no executor 'moon'") as error:
        Flow("f", [Task(int, name="t", executor="moon")]).run()

    assert error.value.task == "t"
    assert error.value.hint == ("There are: thread, async, process, shell, inline, relay.")


@pytest.mark.parametrize(
    ("module", "value", "trouble"),
    [
        ("", "broken:Missing", "AttributeError"),
        ("raise RuntimeError('out of order')", "broken:Missing", "RuntimeError: out of order"),
        ("thing = 3", "broken:thing", "broken:thing is not callable"),
        ("class Odd:\n    lane = 'sky'", "broken:Odd", "its lane is 'sky'"),
    ],
)
def test_a_broken_package_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch, module: str, value: str, trouble: str
) -> None:
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    (site / "broken.py").write_text(module)
    install(site, "broken-package", "2.1", {"broken": value})

    with pytest.raises(ExecutorError) as error:
        Flow("f", [Task(int, name="t", executor="broken")]).run()

    assert "the package broken-package 2.1 cannot be loaded" in str(error.value)
    assert trouble in str(error.value)
    assert error.value.hint == "Repair or remove broken-package 2.1."


def test_an_executor_says_which_slots_it_takes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "heavy.py").write_text("class Heavy:\n    lane = 'processes'\nclass Light: pass\n")
    install(site, "heavy", "1", {"heavy": "heavy:Heavy", "light": "heavy:Light"})

    assert {"heavy", "light"} <= set(executor_names())
    assert (lane_of("heavy"), lane_of("light")) == ("processes", "threads")
    assert lane_of("inline") == "inline"


SCRIPT = """
import sys
from taskflow_core import Flow, Task
result = Flow("f", [Task(int, name="t", executor=sys.argv[1])]).run()
print(result["t"], "importlib.metadata" in sys.modules)
"""


@pytest.mark.parametrize(("executor", "searched"), [("relay", True), ("thread", False)])
def test_packages_are_searched_only_for_names_that_are_not_built_in(
    tmp_path: Path, executor: str, searched: bool
) -> None:
    path = os.pathsep.join([*install_relay(tmp_path), *sys.path])

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, executor],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.stderr == ""
    assert done.stdout.split() == ["0", str(searched)]
