"""The ETL that asks a person: what it writes, what it leaves out, and who let it out."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.samples.flow_files import SAMPLES


@pytest.fixture
def taskflow(tmp_path: Path) -> Command:
    for name in ("orders_etl.py", "orders_etl.yaml", "orders_region.yaml"):
        shutil.copy(SAMPLES / name, tmp_path)
    return Command(tmp_path)


def tasks_of(taskflow: Command) -> dict[str, Any]:
    return {task["name"]: task for task in taskflow.json("show", "@last", "--json")["tasks"]}


def test_every_file_is_checked_every_region_reported_and_nothing_published_unasked(
    tmp_path: Path, taskflow: Command
) -> None:
    said = taskflow("run", "--no-wait", "orders_etl.yaml", code=1)

    out, tasks = tmp_path / "out" / "orders_etl", tasks_of(taskflow)
    raw = [line for path in sorted((out / "raw").iterdir()) for line in _lines(path)[1:]]
    clean = [line for path in sorted((out / "clean").iterdir()) for line in _lines(path)]
    damaged = sum(line.endswith("?") for line in raw)
    assert len(list((out / "raw").iterdir())) == 12
    assert len(clean) == len(raw) - damaged
    assert {path.stem for path in (out / "reports").iterdir()} == {"europe", "americas", "asia"}
    assert len(tasks["load"]["children"]) == 12
    assert tasks["region[2]/write"]["state"] == "SUCCEEDED"
    question = f"Publish 3 reports made from {len(clean)} orders ({damaged} lines left out)?"
    assert tasks["sign-off"]["waiting"]["about"] == question
    assert question in said
    assert not (out / "index.md").exists()


def test_approved_the_index_names_every_report_and_says_why_it_is_there(
    tmp_path: Path, taskflow: Command
) -> None:
    taskflow("run", "--no-wait", "orders_etl.yaml", "-p", "days=2", code=1)

    taskflow("approve", "@last", "sign-off", "-f", "note=the totals are right")
    taskflow("attach", "@last")

    out = tmp_path / "out" / "orders_etl"
    index = _lines(out / "index.md")
    assert index[:3] == ["# Orders of 2026, for the team", "", "the totals are right"]
    for name in ("europe", "americas", "asia"):
        year = sum(
            float(line.split(",")[2])
            for path in (out / "clean").iterdir()
            for line in _lines(path)
            if line.split(",")[1] == name
        )
        assert f"- [{name}](reports/{name}.md): {year:,.2f} €" in index
        assert (out / "reports" / f"{name}.md").exists()


def test_only_files_that_changed_are_loaded_again(tmp_path: Path, taskflow: Command) -> None:
    run = ("run", "--no-wait", "orders_etl.yaml", "-p", "days=1")
    taskflow(*run, code=1)
    (tmp_path / "out" / "orders_etl" / "clean" / "orders-03.csv").unlink()

    taskflow(*run, code=1)

    tasks = tasks_of(taskflow)
    reasons = {name: task["reason"] for name, task in tasks.items() if name.startswith("load[")}
    assert reasons.pop("load[2]") == "executed"
    assert {*reasons.values()} == {"cached"}


def test_rejected_nothing_is_published(tmp_path: Path, taskflow: Command) -> None:
    run = ("run", "--no-wait", "orders_etl.yaml", "-p", "days=1", "-p", 'regions=["asia"]')
    taskflow(*run, code=1)

    taskflow("reject", "@last", "sign-off", "--reason", "not today")
    taskflow("attach", "@last", code=1)

    tasks = tasks_of(taskflow)
    assert tasks["sign-off"]["reason"] == "rejected by cli: not today"
    assert tasks["publish"]["state"] == "UPSTREAM_FAILED"
    assert len(tasks["region"]["children"]) == 1
    assert not (tmp_path / "out" / "orders_etl" / "index.md").exists()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
