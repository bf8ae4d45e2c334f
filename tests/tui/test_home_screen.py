"""The home screen finds flows without running them, and opens flows and runs."""

from pathlib import Path

import pytest

from taskflow_tui.app import TaskFlowApp
from taskflow_tui.flow_files import find_flow_files
from taskflow_tui.screens.home import HomeScreen
from taskflow_tui.screens.problems import ProblemsScreen
from taskflow_tui.screens.run import RunScreen
from taskflow_tui.widgets.home_rows import FlowRows, RunRows
from tests.tui.fakes import NOON, FakeRuns, plan_of
from tests.tui.piloting import settle
from tests.tui.scenes import home_runs


@pytest.fixture
def runs(pipelines: Path) -> FakeRuns:
    return home_runs(pipelines)


def home(runs: FakeRuns) -> TaskFlowApp:
    return TaskFlowApp(str(runs.folder), api=runs, clock=lambda: NOON, ascii=False)


def lines(rows: FlowRows | RunRows) -> list[str]:
    return [rows.render_line(y).text.strip(" ▌") for y in range(rows.row_count + 1)]


async def test_flows_and_runs_are_listed(runs: FakeRuns) -> None:
    app = home(runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        flows = lines(app.screen.query_one(FlowRows))
        recent = lines(app.screen.query_one(RunRows))

    assert [line.split()[0] for line in flows[1:]] == [
        "broken.yaml",
        "lint.yaml",
        "nightly-etl.yaml",
        "release.py",
    ]
    assert "line 14: task 'join' depends on" in flows[1]
    assert flows[2].split()[:2] == ["lint.yaml", "2"]
    assert recent[4].split()[:4] == ["nightly-etl", "?", "interrupted", "1d"]


async def test_enter_opens_the_flow_and_q_comes_back(runs: FakeRuns) -> None:
    app = home(runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("j", "j", "enter")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        assert "nightly-etl   ○ NOT STARTED" in app.screen.header.render_line(0).text
        await pilot.press("q")
        await settle(pilot)

        assert isinstance(app.screen, HomeScreen)
        assert runs.asked == []


async def test_a_broken_flow_opens_all_its_problems(runs: FakeRuns) -> None:
    app = home(runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, ProblemsScreen)

        runs.flows["broken.yaml"] = plan_of({"a": ()}, name="mended")
        await pilot.press("r")
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)


async def test_tab_and_enter_open_a_run(runs: FakeRuns) -> None:
    app = home(runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "enter")
        await settle(pilot)

        assert isinstance(app.screen, RunScreen)
        assert "✖ FAILED" in app.screen.header.render_line(0).text


async def test_an_unreadable_file_ends_neither_list_nor_app(runs: FakeRuns) -> None:
    del runs.flows["lint.yaml"]
    app = home(runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)

        assert app.screen.query_one(FlowRows).row_count == 4


def test_flow_files_are_told_by_their_text(tmp_path: Path) -> None:
    files = {
        "a.yaml": "name: x\ntasks:\n  - name: a\n",
        "b.yml": "{tasks: []}",
        "c.json": '{"tasks": []}',
        "d.py": "from taskflow_core import Flow\nflow = Flow('d')\n",
        "sub/e.yaml": "tasks: []",
        "no.yaml": "services: {}",
        "no.json": "[]",
        "no.py": "print('hi')",
        "no.txt": "tasks:",
        ".git/f.yaml": "tasks: []",
        "node_modules/g.yaml": "tasks: []",
        ".venv/lib/h.py": "Flow(",
        "lib/site-packages/i.py": "Flow(",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [str(path.relative_to(tmp_path)) for path in find_flow_files(tmp_path)]

    assert found == ["a.yaml", "b.yml", "c.json", "d.py", "sub/e.yaml"]
