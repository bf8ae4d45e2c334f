"""Handlers of flow files run in processes of their own, as tasks do; the runner waits for them."""

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from taskflow_core import runs
from taskflow_core.actions import Cancel, Retry
from taskflow_core.errors import RefusedError
from taskflow_core.handling import pending_handlers
from taskflow_core.process_tree import sweep
from taskflow_core.runs import RunReader
from taskflow_core.statuses import RunStatus
from tests.core.test_runs import flow_file, owner_pid, start, survivors, until

WORK = """
import os, signal, subprocess, sys, time
from pathlib import Path

def tell(run, day):
    print(f"{run.state} on {day}, failed: {run.failed}", os.environ["TASKFLOW_RUN_STATE"])

def hang():
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    Path("hanging").touch()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(0.01)

def crash():
    os.kill(os.getpid(), signal.SIGKILL)

def unlink_me():
    Path(__file__).unlink()
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "work.py").write_text(WORK)
    return tmp_path / "state"


def flow(tmp_path: Path, handlers: str, *tasks: str) -> Path:
    """Return a flow file with these handlers; by default its only task succeeds."""
    head = "params: {day: monday}\nhandlers:\n" + "".join(f"  {h}\n" for h in handlers.split("\n"))
    return flow_file(tmp_path, *(tasks or ("name: ok, command: echo fine",)), head=head)


def over(reader: RunReader) -> RunReader:
    """Wait until a run and its handlers have ended, and its runner with them."""
    pid = owner_pid(reader)
    until(reader, lambda: reader.is_over)
    reader.poll()
    until(reader, lambda: not psutil.pid_exists(pid))
    return reader


def errors(reader: RunReader) -> dict[str, str | None]:
    """Return what went wrong with each handler."""
    return {moment: handled.error for moment, handled in reader.state.handled.items()}


def test_functions_and_commands_know_how_the_run_ended(tmp_path: Path, state: Path) -> None:
    file = flow(
        tmp_path,
        "failure: work.tell\nalways: {command: 'echo ${{ run.failed }} ${{ tasks.ok.result }}'}",
        "name: ok, command: echo fine",
        "name: bad, command: exit 3",
    )
    reader = over(start(file, state))

    assert reader.state.state is RunStatus.FAILED
    assert errors(reader) == {"failure": None, "always": None}
    said = reader.handler_output("failure").read_text()
    assert said == "FAILED on monday, failed: ('bad',) FAILED\n"
    assert reader.handler_output("always").read_text() == "bad fine\n"
    reader.close()


def test_a_python_file_has_functions_as_handlers(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "flow.py"
    file.write_text(
        "from taskflow_core import Flow, Task\n"
        "def work(): return 1\n"
        "async def tell(outcome): print('py', outcome.state)\n"
        "flow = Flow('py', [Task(work)], handlers={'success': tell})\n"
    )
    reader = over(start(file, state))

    assert errors(reader) == {"success": None}
    assert reader.handler_output("success").read_text() == "py SUCCEEDED\n"
    reader.close()


def test_a_handler_that_hangs_is_killed_with_all_that_it_started(
    tmp_path: Path, state: Path
) -> None:
    handlers = "success: {function: work.hang, timeout: 2, grace: 0.2}\nalways: {command: echo on}"
    reader = over(start(flow(tmp_path, handlers), state))

    assert errors(reader) == {
        "success": "timed out: still running after 2 s",
        "always": None,
    }
    assert survivors(reader.run) == []
    reader.close()


def test_a_handler_whose_process_dies_is_reported(tmp_path: Path, state: Path) -> None:
    reader = over(start(flow(tmp_path, "success: work.crash"), state))

    assert reader.state.state is RunStatus.SUCCEEDED
    error = errors(reader)["success"]
    assert error is not None
    assert error.startswith("its process was killed by SIGKILL")
    reader.close()


def test_a_handler_that_cannot_be_found_any_more_is_reported(tmp_path: Path, state: Path) -> None:
    file = flow(tmp_path, "success: work.tell", "name: a, function: work.unlink_me")
    reader = over(start(file, state))

    error = errors(reader)["success"]
    assert error is not None
    assert error.startswith("there is no module 'work'")
    reader.close()


def test_a_handler_that_prints_forever_fills_no_disk(tmp_path: Path, state: Path) -> None:
    handlers = "success: {command: 'yes', timeout: 1}"
    reader = over(start(flow(tmp_path, handlers), state))

    assert errors(reader) == {"success": "timed out: still running after 1 s"}
    output = reader.handler_output("success")
    assert output.stat().st_size < 5_000_000
    assert output.read_bytes().endswith("is left out …\n".encode())
    reader.close()


def hanging(tmp_path: Path, state: Path, more: str = "") -> RunReader:
    """Return a run of which a handler hangs."""
    reader = start(flow(tmp_path, f"success: {{function: work.hang, grace: 0.2}}{more}"), state)
    until(reader, lambda: (tmp_path / "hanging").exists())
    assert reader.state.state is RunStatus.SUCCEEDED
    assert pending_handlers(reader.state)[0] == "success"
    assert not reader.is_over
    return reader


def test_a_runner_that_is_told_to_end_stops_its_handlers(tmp_path: Path, state: Path) -> None:
    reader = hanging(tmp_path, state, "\nalways: {command: echo}")
    os.kill(owner_pid(reader), signal.SIGTERM)
    over(reader)

    assert errors(reader) == {
        "success": "stopped by signal",
        "always": "not begun: stopped by signal",
    }
    assert survivors(reader.run) == []
    reader.close()


def test_people_stop_them_by_a_cancel(tmp_path: Path, state: Path) -> None:
    reader = hanging(tmp_path, state)
    runs.act(reader.run, Cancel(), by="ann", state_dir=state)
    over(reader)

    assert errors(reader) == {"success": "stopped by ann"}
    assert reader.state.state is RunStatus.SUCCEEDED
    reader.close()


def test_what_does_not_bring_a_run_back_is_refused_at_once(tmp_path: Path, state: Path) -> None:
    reader = hanging(tmp_path, state)
    with pytest.raises(RefusedError, match="SUCCEEDED"):
        runs.pause(reader.run, by="ann", state_dir=state)
    runs.cancel(reader.run, by="ann", state_dir=state)
    over(reader).close()


def retried(reader: RunReader, state: Path) -> list[str]:
    """Retry a task, asking again as long as the run is told to have just ended."""
    while True:
        try:
            return runs.retry(reader.run, ["ok"], by="ann", state_dir=state)
        except RefusedError as error:
            if error.hint != "Ask again.":
                raise


def test_a_retry_waits_for_them_and_others_are_answered_meanwhile(
    tmp_path: Path, state: Path
) -> None:
    reader = hanging(tmp_path, state)
    answers: list[object] = []
    retry = threading.Thread(target=lambda: answers.append(retried(reader, state)))
    retry.start()
    (tmp_path / "hanging").unlink()
    runs.cancel(reader.run, by="ann", state_dir=state)
    retry.join(30)

    assert answers == [["ok"]]
    until(reader, lambda: (tmp_path / "hanging").exists())  # the handler of the next outcome
    runs.cancel(reader.run, by="ann", state_dir=state)
    over(reader)
    assert [a.epoch for a in reader.state.task("ok").attempts] == [0, 1]
    reader.close()


def test_a_run_whose_runner_was_killed_meanwhile_is_settled_and_they_run_no_more(
    tmp_path: Path, state: Path
) -> None:
    reader = hanging(tmp_path, state)
    os.kill(owner_pid(reader), signal.SIGKILL)
    until(reader, lambda: reader.is_over)

    assert reader.status is RunStatus.SUCCEEDED
    assert pending_handlers(reader.state) == ["success"]
    sweep(reader.run)  # what it started in a session of its own
    reader.close()


def test_a_revived_run_runs_them_again(tmp_path: Path, state: Path) -> None:
    file = flow(
        tmp_path,
        "always: {command: echo $TASKFLOW_RUN_STATE}",
        "name: a, command: test -e mended",
    )
    reader = over(start(file, state))
    first = reader.handler_output("always")
    assert first.read_text() == "FAILED\n"
    (tmp_path / "mended").touch()

    runs.act(reader.run, Retry(), by="ann", state_dir=state)
    until(reader, lambda: reader.state.state is RunStatus.SUCCEEDED)
    over(reader)

    assert reader.handler_output("always").read_text() == "SUCCEEDED\n"
    assert first.read_text() == "FAILED\n"
    reader.close()
