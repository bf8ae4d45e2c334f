"""A run lives in a process of its own: it outlives who started it, and never lies about itself."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from taskflow_core import runs
from taskflow_core.actions import Retry
from taskflow_core.errors import RefusedError, RunError, RunNotFoundError
from taskflow_core.process_tree import COOKIE
from taskflow_core.runs import RunReader
from taskflow_core.statuses import RunStatus


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def flow_file(tmp_path: Path, *tasks: str, head: str = "") -> Path:
    file = tmp_path / "flow.yaml"
    file.write_text(head + "tasks:\n" + "".join(f"  - {{ {task} }}\n" for task in tasks))
    return file


def start(file: Path, state: Path) -> RunReader:
    run = runs.start(runs.load(str(file), trusted=True).plan, state_dir=state, by="test")
    return runs.open_run(run, state)


def until(reader: RunReader, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"{reader.status}: {reader.state.counts}"
        reader.poll()
        threading.Event().wait(0.005)


def settle(reader: RunReader) -> RunStatus:
    until(reader, lambda: reader.state.state.is_settled)
    return reader.state.state


def owner_pid(reader: RunReader) -> int:
    assert reader.owner is not None
    return reader.owner.pid


def survivors(run: str) -> list[int]:
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            cookie = process.environ().get(COOKIE, "")
            if cookie.startswith(f"{run}/") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def test_a_run_goes_to_its_end_by_itself_and_leaves_no_process(tmp_path: Path, state: Path) -> None:
    (tmp_path / "work.py").write_text("def double(one): return one * 2\n")
    file = flow_file(
        tmp_path,
        "name: one, command: echo 21",
        "name: two, function: work.double, depends_on: one",
    )
    reader = start(file, state)
    pid = owner_pid(reader)

    assert settle(reader) is RunStatus.SUCCEEDED
    assert reader.state.task("two").result == {"value": "2121"}
    until(reader, lambda: not psutil.pid_exists(pid))
    assert survivors(reader.run) == []
    assert [s.state for s in runs.list_runs(state)] == [RunStatus.SUCCEEDED]
    reader.close()


def test_the_order_of_a_run_outlives_the_process_that_runs_it(tmp_path: Path, state: Path) -> None:
    gate = tmp_path / "gate"
    file = flow_file(
        tmp_path,
        f"name: gate, priority: 1, command: 'until [ -e {gate} ]; do sleep 0.01; done'",
        "name: b, command: echo",
        "name: c, command: echo",
        "name: behind, command: echo, depends_on: c",
        head="max_parallel: 1\n",
    )
    plan = runs.load(str(file), trusted=True).plan
    run = runs.start(plan, state_dir=state, order="file")
    reader = runs.open_run(run, state)
    until(reader, lambda: reader.state.task("gate").state == "RUNNING")
    os.kill(owner_pid(reader), signal.SIGKILL)
    until(reader, lambda: reader.status is RunStatus.INTERRUPTED)

    gate.touch()
    runs.act(run, Retry(), by="test", state_dir=state)
    assert settle(reader) is RunStatus.SUCCEEDED

    assert reader.state.plan.ready_order == "file"
    after = [name for name in ("behind", "c", "b") if reader.state.task(name).attempts]
    after.sort(key=lambda name: reader.state.task(name).attempts[0].started_at or 0.0)
    assert after == ["b", "c", "behind"]
    reader.close()


def test_everything_in_the_run_s_folder_is_private(tmp_path: Path, state: Path) -> None:
    before = os.umask(0)
    try:
        reader = start(flow_file(tmp_path, "name: t, command: echo hi"), state)
        settle(reader)
    finally:
        os.umask(before)
    folder = reader.folder.path
    reader.close()

    for path in [folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_pause_resume_and_cancel_by_the_socket(tmp_path: Path, state: Path) -> None:
    gate = tmp_path / "gate"
    file = flow_file(
        tmp_path,
        f"name: first, command: 'until [ -e {gate} ]; do sleep 0.01; done'",
        "name: second, command: sleep 300, depends_on: first, grace: 0.2",
    )
    reader = start(file, state)
    until(reader, lambda: reader.state.task("first").state == "RUNNING")
    runs.pause(reader.run, by="ann", state_dir=state)
    with pytest.raises(RefusedError, match="PAUSED"):
        runs.pause(reader.run, by="ann", state_dir=state)
    gate.touch()
    until(reader, lambda: reader.state.task("second").state == "READY")
    assert reader.status is RunStatus.PAUSED

    runs.resume_tasks(reader.run, by="ann", state_dir=state)
    until(reader, lambda: reader.state.task("second").state == "RUNNING")
    runs.cancel(reader.run, by="ann", state_dir=state)

    assert settle(reader) is RunStatus.CANCELLED
    with pytest.raises(RefusedError, match="nobody runs it"):
        runs.pause(reader.run, by="ann", state_dir=state)
    reader.close()


BROKEN = "def work():\n    raise ValueError('broken')\n"
MENDED = "def work():\n    return 'mended'\n"


def test_a_retry_after_the_end_runs_fresh_code_and_then_what_was_blocked(
    tmp_path: Path, state: Path
) -> None:
    (tmp_path / "mod.py").write_text(BROKEN)
    file = flow_file(
        tmp_path,
        "name: a, function: mod.work",
        "name: b, command: echo after, depends_on: a",
    )
    reader = start(file, state)
    assert settle(reader) is RunStatus.FAILED
    (tmp_path / "mod.py").write_text(MENDED)

    assert runs.retry(reader.run, None, by="ann", state_dir=state) == ["a"]
    until(reader, lambda: reader.state.state is RunStatus.SUCCEEDED)

    assert [a.state for a in reader.state.task("a").attempts] == ["FAILED", "SUCCEEDED"]
    assert reader.state.task("b").result == {"value": "after"}
    assert reader.state.term == 2
    reader.close()


def test_a_retry_while_the_run_is_live_runs_fresh_code_too(tmp_path: Path, state: Path) -> None:
    gate = tmp_path / "gate"
    (tmp_path / "mod.py").write_text(BROKEN)
    file = flow_file(
        tmp_path,
        "name: a, function: mod.work",
        f"name: other, command: 'until [ -e {gate} ]; do sleep 0.01; done'",
    )
    reader = start(file, state)
    until(reader, lambda: reader.state.task("a").state == "FAILED")
    (tmp_path / "mod.py").write_text(MENDED)
    runs.retry(reader.run, ["a"], by="ann", state_dir=state)
    until(reader, lambda: reader.state.task("a").state == "SUCCEEDED")
    gate.touch()

    assert settle(reader) is RunStatus.SUCCEEDED
    assert reader.state.term == 1
    reader.close()


def test_a_refused_retry_leaves_a_settled_run_as_it_was(tmp_path: Path, state: Path) -> None:
    reader = start(flow_file(tmp_path, "name: t, command: echo hi"), state)
    settle(reader)
    before = reader.state.seq

    with pytest.raises(RefusedError, match="no task has failed"):
        runs.retry(reader.run, None, by="ann", state_dir=state)

    reader.poll()
    assert reader.state.seq == before
    assert reader.status is RunStatus.SUCCEEDED
    reader.close()


def test_a_killed_runner_is_seen_at_once_and_its_run_can_go_on(tmp_path: Path, state: Path) -> None:
    done = tmp_path / "done"
    file = flow_file(
        tmp_path,
        f"name: first, command: 'echo x >> {done}'",
        f"name: second, command: 'test -e {tmp_path}/go || sleep 300', depends_on: first",
    )
    reader = start(file, state)
    until(reader, lambda: reader.state.task("second").state == "RUNNING")
    os.kill(owner_pid(reader), signal.SIGKILL)
    until(reader, lambda: not (reader.owner and reader.owner.alive))

    assert reader.status is RunStatus.INTERRUPTED
    assert reader.reason == "its owner died"
    assert [s.state for s in runs.list_runs(state)] == [RunStatus.INTERRUPTED]

    (tmp_path / "go").touch()
    runs.retry(reader.run, None, by="ann", state_dir=state)

    assert settle(reader) is RunStatus.SUCCEEDED
    assert [a.state for a in reader.state.task("second").attempts] == ["LOST", "SUCCEEDED"]
    assert done.read_text() == "x\n"
    assert survivors(reader.run) == []
    reader.close()


def test_a_run_has_one_owner(tmp_path: Path, state: Path) -> None:
    reader = start(flow_file(tmp_path, "name: t, command: sleep 300, grace: 0.1"), state)

    from taskflow_core.errors import RunOwnedError
    from taskflow_core.folder import Ownership

    with pytest.raises(RunOwnedError, match=f"owned by process {owner_pid(reader)}"):
        Ownership(reader.folder)
    runs.cancel(reader.run, by="test", state_dir=state)
    settle(reader)
    reader.close()


def test_a_worker_s_death_with_its_runner_ends_the_function_too(
    tmp_path: Path, state: Path
) -> None:
    (tmp_path / "mod.py").write_text("import time\ndef work(): time.sleep(300)\n")
    reader = start(flow_file(tmp_path, "name: t, function: mod.work"), state)
    until(reader, lambda: reader.state.task("t").state == "RUNNING")
    os.kill(owner_pid(reader), signal.SIGKILL)

    until(reader, lambda: survivors(reader.run) == [])
    reader.close()


def test_names_of_runs(tmp_path: Path, state: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no runs yet"):
        runs.open_run("@last", state)
    reader = start(flow_file(tmp_path, "name: t, command: echo hi"), state)
    settle(reader)

    for ref in (reader.run, reader.run[:3], "@last"):
        again = runs.open_run(ref, state)
        assert again.run == reader.run
        again.close()
    with pytest.raises(RunNotFoundError, match="no run is called 'zzzz'"):
        runs.open_run("zzzz", state)
    reader.close()


def test_a_runner_that_cannot_begin_leaves_nothing(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = runs.load(str(flow_file(tmp_path, "name: t, command: echo hi")), trusted=True).plan
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "no" / "such\x01place" / ("x" * 200)))

    with pytest.raises(RunError):
        runs.start(plan, state_dir=state)

    assert list((state / "runs").iterdir()) == []
