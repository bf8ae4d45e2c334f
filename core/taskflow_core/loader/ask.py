"""Asks the helper process, and survives whatever becomes of it."""

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from typing import IO

import msgspec

from taskflow_core.errors import TaskflowError
from taskflow_core.loader.wire import Answer, Request
from taskflow_core.programs import python_command

TIME_LIMIT = 30.0
"""Seconds the flow's code may take to be imported."""

SHOWN_OUTPUT = 2_000
"""Characters of what the helper printed last that are shown if it dies."""


class HelperError(TaskflowError):
    """The helper process gave no answer."""

    def __init__(self, slug: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.slug = slug
        """`helper-died` or `helper-timeout`."""


def ask(request: Request) -> Answer:
    """Return the helper's answer. Every process it started is ended.

    Raises:
        HelperError: it died, or took longer than `TIME_LIMIT`.
    """
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as output:
        question.write(msgspec.json.encode(request))
        question.seek(0)
        reading, writing = os.pipe()
        try:
            process = _start(question, output, writing)
        finally:
            os.close(writing)
        try:
            line = _read_line(reading)
            if line.endswith(b"\n"):
                return msgspec.json.decode(line, type=Answer)
            raise _death(process, _tail(output))
        except TimeoutError:
            message = f"the flow's code took more than {TIME_LIMIT:g} seconds to import"
            raise HelperError("helper-timeout", message, hint=_tail(output)) from None
        finally:
            os.close(reading)
            _end(process)


def _start(question: IO[bytes], output: IO[bytes], answers: int) -> subprocess.Popen[bytes]:
    python, *program = python_command("taskflow_core.loader.helper")
    return subprocess.Popen(
        # -P: the current folder is no place to look for modules; -B: leave no bytecode behind.
        [python, "-P", "-B", *program, str(answers)],
        stdin=question,
        stdout=output,
        stderr=output,
        pass_fds=[answers],
        start_new_session=True,
    )


def _read_line(answers: int) -> bytes:
    """Return what is written up to the first line end, or up to the end if there is none."""
    deadline = time.monotonic() + TIME_LIMIT
    poll = select.poll()
    poll.register(answers, select.POLLIN)
    line = bytearray()
    while not line.endswith(b"\n"):
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise TimeoutError
        part = os.read(answers, 1 << 16)
        if not part:
            break
        line += part
    return bytes(line)


def _death(process: subprocess.Popen[bytes], output: str | None) -> HelperError:
    try:
        code = process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        how = "it closed its answer"
    else:
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    message = f"the flow's code ended the process that imported it ({how})"
    return HelperError("helper-died", message, hint=output)


def _tail(output: IO[bytes]) -> str | None:
    output.seek(0)
    text = output.read().decode(errors="replace").strip()
    return text[-SHOWN_OUTPUT:] or None


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
