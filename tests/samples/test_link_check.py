"""The link checker: a server lives beside the job that needs it, and what it found is right."""

import keyword
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.samples.flow_files import SAMPLES


@pytest.fixture
def taskflow(tmp_path: Path) -> Command:
    for name in ("link_check.py", "link_check.yaml"):
        shutil.copy(SAMPLES / name, tmp_path)
    return Command(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def tasks_of(taskflow: Command) -> dict[str, Any]:
    return {task["name"]: task for task in taskflow.json("show", "@last", "--json")["tasks"]}


def test_the_report_names_the_links_that_lead_nowhere_and_who_has_them(
    tmp_path: Path, taskflow: Command, port: int
) -> None:
    taskflow("run", "link_check.yaml", "-p", f"port={port}", "--max-parallel", "1")

    out = tmp_path / "out" / "link_check"
    links = len(keyword.kwlist) + 1 + 2
    assert (out / "report.md").read_text().splitlines() == [
        f"# 2 of {links} links lead nowhere",
        "",
        "- `/goto.html`: 404, linked from /while.html",
        "- `/unless.html`: 404, linked from /if.html",
    ]


def test_the_server_is_there_before_the_crawler_and_gone_before_its_pages(
    tmp_path: Path, taskflow: Command, port: int
) -> None:
    taskflow("run", "link_check.yaml", "-p", f"port={port}")

    tasks = tasks_of(taskflow)
    assert tasks["web"]["reason"] == "stopped"
    web, crawl, gone = (tasks[name]["attempts"][0] for name in ("web", "crawl", "clean-up"))
    assert web["started_at"] < crawl["started_at"]
    assert crawl["ended_at"] <= web["ended_at"] <= gone["started_at"]
    assert not (tmp_path / "out" / "link_check" / "site").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_that_somebody_has_makes_the_server_fail_and_the_crawler_wait_for_nothing(
    taskflow: Command,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = taskflow("run", "link_check.yaml", "-p", f"port={port}", code=1)
    assert "Address already in use" in said
    assert tasks_of(taskflow)["crawl"]["state"] == "UPSTREAM_FAILED"
