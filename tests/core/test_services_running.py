"""Services of real runs: real servers and probes, and nothing of them is left."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from taskflow_core import Flow, RunHandle, Task, runs
from taskflow_core.actions import Cancel, Retry
from taskflow_core.output import output_path
from taskflow_core.process_tree import COOKIE
from taskflow_core.statuses import AttemptStatus, RunStatus, TaskStatus
from tests.core.attempting import alive, only_attempt, state_of, until

PYTHON = sys.executable


@pytest.fixture
def port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def web(port: int, **keys: Any) -> Task:
    """Return a web server of the standard library as a service."""
    probe = keys.pop("ready", {"http": f"http://127.0.0.1:{port}/", "within": 60})
    command = [PYTHON, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    return Task(name="web", command=command, service={"ready": probe}, **keys)


def get(port: int, name: str = "get", **keys: Any) -> Task:
    """Return a task that fails unless the web server answers."""
    code = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/').status)"
    return Task(name=name, command=[PYTHON, "-c", code], depends_on="web", **keys)


def left_of(run: str) -> list[psutil.Process]:
    """Return the processes that carry a cookie of a run."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(COOKIE, "").startswith(f"{run}/") and alive(process.pid):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def test_a_job_fetches_from_a_server_beside_it_that_is_stopped_afterwards(
    tmp_path: Path, port: int
) -> None:
    results = Flow("f", [web(port, cwd=tmp_path), get(port)], max_parallel=1).run()

    assert results["get"] == "200"
    assert results["web"] is None
    assert results.state == "SUCCEEDED"
    attempt = only_attempt(results, "web")
    assert (attempt.state, attempt.leftovers) == (AttemptStatus.SUCCEEDED, 0)
    assert attempt.pid is not None
    assert not alive(attempt.pid)


@pytest.mark.parametrize("way", ["tcp", "command"])
def test_other_probes_find_it_ready_too(tmp_path: Path, port: int, way: str) -> None:
    code = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
    ready = {"tcp": {"tcp": port}, "command": {"command": [PYTHON, "-c", code]}}[way]
    results = Flow("f", [web(port, cwd=tmp_path, ready=ready), get(port)]).run()
    assert results["get"] == "200"


@pytest.mark.parametrize("journal", [False, True])
def test_a_line_in_its_log_is_read_also_where_nothing_is_recorded(
    tmp_path: Path, journal: bool
) -> None:
    script = "printf 'server re' >&2; echo noise; echo ady >&2; exec sleep 300"
    db = Task(name="db", script=script, service={"ready": {"log": "^server ready$"}})
    use = Task(name="use", command="echo used", depends_on={"task": "db", "when": "log_ready"})
    results = Flow("f", [db, use]).run(journal=tmp_path if journal else None)
    assert results["use"] == "used"


def test_a_function_can_be_a_service_in_a_process_of_its_own(port: int) -> None:
    def serve(at: int) -> None:
        import http.server

        http.server.HTTPServer(
            ("127.0.0.1", at), http.server.SimpleHTTPRequestHandler
        ).serve_forever()

    server = Task(serve, name="web", kwargs={"at": port}, service={"ready": {"tcp": port}})
    results = Flow("f", [server, get(port)]).run()
    assert results["get"] == "200"
    assert results.tasks["web"].reason == "stopped"


def test_expressions_in_probes_are_those_of_the_task(tmp_path: Path, port: int) -> None:
    server = web(port, cwd=tmp_path, ready={"http": "http://127.0.0.1:${{ params.port }}/"})
    results = Flow("f", [server, get(port)], params={"port": port}).run()
    assert results.state == "SUCCEEDED"


def test_the_signal_that_a_service_names_is_what_it_gets(tmp_path: Path) -> None:
    script = (
        f"trap 'echo got INT > {tmp_path}/got; exit 3' INT; echo up; while :; do sleep 0.05; done"
    )
    db = Task(name="db", script=script, service={"ready": {"log": "up"}, "stop": "INT"})
    results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    assert (tmp_path / "got").read_text() == "got INT\n"
    assert results.tasks["db"].reason == "stopped"


def test_what_a_service_has_started_ends_with_it_even_what_ignores_the_signal(
    tmp_path: Path,
) -> None:
    script = f"""
    trap '' TERM
    setsid sh -c 'trap "" TERM; echo $$ > {tmp_path}/pid; exec sleep 300' &
    while [ ! -s {tmp_path}/pid ]; do sleep 0.01; done
    echo up
    sleep 300
    """
    db = Task(name="db", script=script, service={"ready": {"log": "up"}}, grace=0)
    results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    attempt = only_attempt(results, "db")
    assert (attempt.forced, attempt.leftovers) == (True, 0)
    assert not alive(int((tmp_path / "pid").read_text()))
    assert results.state == "SUCCEEDED"


def test_those_behind_are_stopped_before_those_that_they_need(tmp_path: Path) -> None:
    def server(name: str, **keys: Any) -> Task:
        note = f"echo {name} >> {tmp_path}/stopped"
        script = f"trap '{note}; exit' TERM; echo up; while :; do sleep 0.02; done"
        return Task(name=name, script=script, service={"ready": {"log": "up"}}, **keys)

    tasks = [
        server("db"),
        server("api", depends_on="db"),
        Task(name="use", command="true", depends_on="api"),
    ]
    Flow("f", tasks).run()
    assert (tmp_path / "stopped").read_text() == "api\ndb\n"


# --- probes that go wrong ------------------------------------------------------------------


def test_a_probe_that_never_answers_is_given_up_and_so_is_its_service(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and says nothing
        ready = {
            "http": f"http://127.0.0.1:{deaf.getsockname()[1]}/", "timeout": 0.1, "within": 0.5,
        }  # fmt: skip
        db = Task(name="db", command="exec sleep 300", service={"ready": ready})
        results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    assert results.error == "not ready within 0.5 s: no answer in time"
    assert results.tasks["use"].state is TaskStatus.UPSTREAM_FAILED
    pid = only_attempt(results, "db").pid
    assert pid is not None
    assert not alive(pid)


def test_a_probe_command_that_never_ends_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    probe = f"""sh -c 'trap "" TERM; echo $$ >> {tmp_path}/pids; exec sleep 300' & sleep 300"""
    ready = {"command": probe, "timeout": 0.3, "within": 1.5}
    db = Task(name="db", command="exec sleep 300", service={"ready": ready})
    results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    assert results.error == "not ready within 1.5 s: no answer in time"
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert pids
    assert not any(map(alive, pids))
    assert left_of(results.run_id) == []


def test_a_probe_that_is_under_way_ends_with_its_service(tmp_path: Path) -> None:
    probe = f"echo $$ > {tmp_path}/pid; exec sleep 300"
    ready = {"command": probe, "timeout": 300, "within": 300}
    db = Task(name="db", command="exec sleep 300", service={"ready": ready}, grace=1)
    with Flow("f", [db, Task(name="use", command="true", depends_on="db")]).start() as handle:
        until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        handle.cancel()
        results = handle.wait()
    assert left_of(results.run_id) == []


def test_what_a_probe_meets_with_is_why_the_service_is_not_ready_yet(tmp_path: Path) -> None:
    ready = {"command": f"echo not yet >&2; test -e {tmp_path}/go", "within": 60}
    db = Task(name="db", command="exec sleep 300", service={"ready": ready})
    with Flow("f", [db, Task(name="use", command="true", depends_on="db")]).start() as handle:
        until(lambda: _reason(handle) is not None)
        assert _reason(handle) == "not ready yet: exit code 1: not yet"
        (tmp_path / "go").touch()
        until(lambda: _reason(handle) != "not ready yet: exit code 1: not yet")
        assert handle.wait().state == "SUCCEEDED"


def test_a_probe_that_cannot_be_run_is_a_reason_too() -> None:
    ready = {"command": ["/no/such/program"], "within": 0.3}
    db = Task(name="db", command="exec sleep 300", service={"ready": ready})
    results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    assert "cannot run it: " in str(results.error)
    assert "/no/such/program" in str(results.error)


def test_a_probe_whose_expression_fails_says_so() -> None:
    ready = {"tcp": "${{ params.hosts[0] }}:1", "within": 0.3}
    db = Task(name="db", command="exec sleep 300", service={"ready": ready})
    tasks = [db, Task(name="use", command="true", depends_on="db")]
    results = Flow("f", tasks, params={"hosts": ["not a host: "]}).run()
    assert "the probe cannot be made: not an address" in str(results.error)


def test_a_service_that_dies_at_its_start_does_not_keep_anybody_waiting() -> None:
    ready = {"tcp": 1, "within": 300}
    db = Task(name="db", command="echo no disk >&2; exit 7", service={"ready": ready})
    results = Flow("f", [db, Task(name="use", command="true", depends_on="db")]).run()
    assert results.error == "exit code 7: no disk"


def test_probes_hold_up_neither_the_other_tasks_nor_requests(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        ready = {"http": f"http://127.0.0.1:{deaf.getsockname()[1]}/", "timeout": 300}
        db = Task(name="db", command="exec sleep 300", service={"ready": ready})
        tasks = [db, Task(name="use", command="true", depends_on="db"), Task(max, args=(1, 2))]
        with Flow("f", tasks).start() as handle:
            until(lambda: state_of(handle, 2) is TaskStatus.SUCCEEDED)
            handle.cancel()
            assert handle.wait().state == "CANCELLED"


def _reason(handle: RunHandle) -> str | None:
    return handle._state.tasks[0].reason  # pyright: ignore[reportPrivateUsage]


# --- runs that outlive their runner --------------------------------------------------------


class Lab:
    """A run of a flow file with a web server and two jobs, in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.state = folder / "state"
        (folder / "flow.yaml").write_text(f"""
tasks:
  - name: web
    command: exec {PYTHON} -u -m http.server {port} --bind 127.0.0.1
    service: {{ ready: {{ tcp: {port} }} }}
  - {{ name: one, command: echo one >> ran, depends_on: web }}
  - {{ name: two, command: "echo two >> ran; while [ ! -e go ]; do sleep 0.02; done",
       depends_on: [web, one] }}
""")
        plan = runs.load(str(folder / "flow.yaml"), trusted=True).plan
        self.run = runs.start(plan, state_dir=self.state)
        self.reader = runs.open_run(self.run, self.state)

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not what():
            assert time.monotonic() < deadline, self.reader.state.counts
            self.reader.poll()
            threading.Event().wait(0.005)

    def status(self, name: str) -> TaskStatus:
        return self.reader.state.task(name).state

    def kill(self) -> None:
        """Kill the runner without a word."""
        owner = self.reader.owner
        assert owner is not None
        os.kill(owner.pid, signal.SIGKILL)
        self.until(lambda: self.reader.status is RunStatus.INTERRUPTED)

    def ran(self) -> list[str]:
        return (self.folder / "ran").read_text().split()


@pytest.fixture
def lab(tmp_path: Path, port: int) -> Iterator[Lab]:
    lab = Lab(tmp_path, port)
    yield lab
    (tmp_path / "go").touch()
    if not lab.reader.status.is_settled:
        if lab.reader.status is RunStatus.INTERRUPTED:
            runs.act(lab.run, Retry(), by="me", state_dir=lab.state)
        lab.until(lambda: lab.reader.status.is_settled)
    lab.reader.close()
    assert left_of(lab.run) == []


def test_after_the_death_of_its_runner_a_service_starts_again_for_what_is_left(lab: Lab) -> None:
    lab.until(lambda: lab.status("two") is TaskStatus.RUNNING)
    first = lab.reader.state.task("web").attempts[0].pid
    lab.kill()
    (lab.folder / "go").touch()

    runs.act(lab.run, Retry(), by="me", state_dir=lab.state)
    lab.until(lambda: lab.reader.status.is_settled)

    assert lab.reader.status is RunStatus.SUCCEEDED
    assert lab.ran() == ["one", "two", "two"]
    web = lab.reader.state.task("web").attempts
    assert [attempt.state for attempt in web] == [AttemptStatus.LOST, AttemptStatus.SUCCEEDED]
    assert first is not None
    assert not alive(first)


def test_a_cancelled_run_leaves_nothing_and_a_retry_starts_the_service_first(lab: Lab) -> None:
    lab.until(lambda: lab.status("two") is TaskStatus.RUNNING)
    runs.act(lab.run, Cancel(), by="me", state_dir=lab.state)
    lab.until(lambda: lab.reader.status.is_settled)
    assert left_of(lab.run) == []
    (lab.folder / "go").touch()

    runs.act(lab.run, Retry(tasks=("two",)), by="me", state_dir=lab.state)
    lab.until(lambda: lab.reader.status is RunStatus.SUCCEEDED)

    assert lab.ran() == ["one", "two", "two"]
    assert lab.reader.state.task("web").epoch == 1
    two = lab.reader.state.task("two").attempts[-1]
    web = lab.reader.state.task("web").attempts[-1]
    assert (web.ready_at or 0) <= (two.started_at or 0)


def test_the_output_of_a_service_is_kept_like_that_of_other_tasks(lab: Lab) -> None:
    (lab.folder / "go").touch()
    lab.until(lambda: lab.reader.status.is_settled)
    path = output_path(lab.state / "runs" / lab.run, 0, 0, 1)
    assert path.read_text().startswith("Serving HTTP on 127.0.0.1")
