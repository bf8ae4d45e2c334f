"""A handler that fails, hangs, or cannot be ended is reported, and holds nobody up for long."""

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

import taskflow_core.events as ev
from taskflow_core import Flow, Skip
from taskflow_core.actions import Cancel
from taskflow_core.errors import RefusedError
from tests.core.handled import GOOD, broken, finished, heard, nothing


def test_a_failing_handler_is_reported_and_changes_no_result(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flow = Flow("fine", [GOOD], handlers={"success": broken, "always": {"command": "exit 7"}})
    events = heard(flow)

    assert finished(events) == [
        ("success", False, "ValueError: broken"),
        ("always", False, "exit code 7"),
    ]
    result = flow.run()
    assert result.state == "SUCCEEDED"
    assert result.handlers["success"].error == "ValueError: broken"
    assert "handler:success of run" in caplog.text
    last = next(e for e in events if isinstance(e, ev.HandlerFinished))
    assert "in broken" in (last.traceback or "")


def test_a_handler_that_takes_too_long_is_ended() -> None:
    def hang() -> None:
        threading.Event().wait(0.2)
        while True:
            threading.Event().wait(0.001)

    command = {"command": "sleep 300 & trap '' TERM; wait", "timeout": 0.3, "grace": 0.1}
    handlers = {"success": {"function": hang, "timeout": 0.3}, "always": command}
    events = heard(Flow("hangs", [GOOD], handlers=handlers))  # type: ignore[arg-type]

    assert finished(events) == [
        ("success", False, "timed out: still running after 0.3 s"),
        ("always", False, "timed out: still running after 0.3 s"),
    ]
    left = next(e.leftovers for e in events[::-1] if isinstance(e, ev.HandlerFinished))
    assert left == 0


def test_a_thread_that_cannot_be_ended_is_given_up() -> None:
    go = threading.Event()
    handlers = {"success": {"function": go.wait, "timeout": 0.1, "grace": 0.1}}
    flow = Flow("stuck", [GOOD], handlers=handlers)  # type: ignore[arg-type]

    events = heard(flow)
    go.set()

    assert isinstance(events[-1], ev.HandlerFinished)
    assert (events[-1].ok, events[-1].leftovers) == (False, 1)


def test_a_handler_that_has_nothing_to_do_may_say_so() -> None:
    def skip() -> None:
        raise Skip("nobody cares")

    assert finished(heard(Flow("skips", [GOOD], handlers={"always": skip}))) == [
        ("always", True, None)
    ]


def test_a_cancel_stops_the_handler_that_is_at_work_and_those_that_come() -> None:
    entered = threading.Event()

    def hang() -> None:
        entered.set()
        while True:
            threading.Event().wait(0.001)

    flow = Flow("stopped", [GOOD], handlers={"success": hang, "always": nothing})
    with flow.start() as handle:
        assert entered.wait(10)
        handle.cancel()
        result = handle.wait()

    assert result.state == "SUCCEEDED"
    assert result.handlers["success"].error == "stopped by python"
    assert result.handlers["always"].error == "not begun: stopped by python"


def test_a_second_cancel_kills_it() -> None:
    entered, go = threading.Event(), threading.Event()

    def stubborn() -> None:
        entered.set()
        go.wait()

    flow = Flow("killed", [GOOD], handlers={"success": {"function": stubborn, "grace": 300}})
    with flow.start() as handle:
        assert entered.wait(10)
        handle.cancel()
        handle.cancel()
        assert handle.wait(30).handlers["success"].error == "stopped by python"
    go.set()


def test_a_closed_handle_does_not_wait_for_what_hangs() -> None:
    entered = threading.Event()

    def hang() -> None:
        entered.set()
        while True:
            threading.Event().wait(0.001)

    with Flow("left", [GOOD], handlers={"success": hang}).start() as handle:
        assert entered.wait(10)

    assert handle.wait().handlers["success"].error == "stopped by python"


def test_a_handler_cannot_wait_for_the_run_that_it_is_part_of() -> None:
    handles: list[Any] = []
    is_there = threading.Event()

    def wait() -> None:
        assert is_there.wait(10)
        handles[0].wait()

    with Flow("itself", [GOOD], handlers={"success": wait}).start() as handle:
        handles.append(handle)
        is_there.set()
        error = handle.wait().handlers["success"].error

    assert error is not None
    assert "cannot wait for the run" in error


def test_a_settled_run_without_handlers_at_work_refuses_a_cancel() -> None:
    with Flow("over", [GOOD], handlers={"success": nothing}).start() as handle:
        handle.wait()
        with pytest.raises(RefusedError, match="SUCCEEDED"):
            handle.act(Cancel())


def test_ctrl_c_while_a_handler_hangs_ends_the_program() -> None:
    """Python's own way out: KeyboardInterrupt in the thread that waits for the run."""
    code = (
        "import os, signal, sys, threading, time, traceback\n"
        "from taskflow_core import Flow, Task\n"
        "def waits():\n"
        "    frame = sys._current_frames()[threading.main_thread().ident]\n"
        "    return '_await_seat' in [each.name for each in traceback.extract_stack(frame)]\n"
        "def hang():\n"
        "    while not waits(): time.sleep(0.001)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    while True: time.sleep(0.001)\n"
        "flow = Flow('hangs', [Task(int, name='a')], handlers={'success': hang})\n"
        "flow.subscribe(lambda e: print(e.kind, getattr(e, 'error', ''), flush=True),\n"
        "               kinds=['HandlerFinished'])\n"
        "try: flow.run()\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.stdout.splitlines() == ["HandlerFinished stopped by python", "interrupted"]
