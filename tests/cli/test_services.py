"""Services on the command line: lines, `show`, and the plan of a retry."""

import threading
from pathlib import Path

from tests.cli.command import Command

FLOW = """
tasks:
  - name: db
    script: |
      while [ ! -e up ]; do sleep 0.02; done
      echo database is up
      exec sleep 300
    service: { ready: { log: is up } }
  - { name: load, command: test -e good, depends_on: db }
"""


def test_a_service_is_healthy_and_then_stopped(tmp_path: Path, taskflow: Command) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    for name in ("up", "good"):
        (tmp_path / name).touch()

    lines = taskflow("run", "flow.yaml").splitlines()

    said = [line[9:].split("  ")[0] for line in lines[1:-1] if "│" not in line]
    assert said == ["▶ db", "• db is healthy", "▶ load", "✔ load", "✔ db"]
    shown = taskflow("show", "@last").splitlines()
    assert shown[1].split()[:2] == ["SUCCEEDED", "db"]
    assert shown[1].endswith("stopped: nobody needed it any more")


def test_show_says_why_a_service_is_not_ready_yet(tmp_path: Path, taskflow: Command) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "good").touch()
    run = taskflow("run", "flow.yaml", "--detach").strip()
    wanted = "not ready yet: no such line in its output yet"
    while (db := taskflow.json("show", run, "--json")["tasks"][0])["reason"] != wanted:
        assert db["state"] in {"PENDING", "READY", "QUEUED", "RUNNING"}
        threading.Event().wait(0.01)
    assert "starting: log is up – no such line in its output yet" in taskflow("show", run)

    (tmp_path / "up").touch()
    taskflow("attach", run)
    assert taskflow.json("show", run, "--json")["state"] == "SUCCEEDED"


def test_the_plan_of_a_retry_has_the_service_in_it(tmp_path: Path, taskflow: Command) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "up").touch()
    taskflow("run", "flow.yaml", code=1)

    plan = taskflow("retry", "@last", "--plan")

    assert plan.splitlines()[0] == "runs   2 tasks: db, load"
    (tmp_path / "good").touch()
    taskflow("retry", "@last")
    assert taskflow.json("show", "@last", "--json")["state"] == "SUCCEEDED"
