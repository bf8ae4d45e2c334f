"""What a command's result is: its standard output, or the `key=value` lines it wrote to a file."""

import json
from pathlib import Path
from typing import Any

from taskflow_core.errors import TaskflowError
from taskflow_core.policies import Output

LONGEST = 1024 * 1024
"""Bytes of the longest file of results that is read."""


class CommandResultError(TaskflowError):
    """A command succeeded, but its result is not what was declared."""


def command_result(kind: Output, stdout: str, written: Path) -> Any:
    """Return the result of a command that succeeded.

    Args:
        kind: What its standard output is.
        stdout: The end of its standard output.
        written: The file that `TASKFLOW_OUTPUT` named. If there is anything in it, the result is a
            dict of its `key=value` lines, whatever was printed.

    Raises:
        CommandResultError: the output is no JSON, or the file holds something else.
    """
    pairs = _pairs(written)
    if pairs:
        return pairs
    match kind:
        case "text":
            return stdout.rstrip("\n")
        case "lines":
            return stdout.splitlines()
        case "json":
            return _json(stdout)
        case "none":
            return None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandResultError(
            f"its output is not JSON: {error}",
            hint="Print one JSON document and nothing else, or declare `output: text`.",
        ) from error


def _pairs(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandResultError(f"$TASKFLOW_OUTPUT cannot be read: {error}") from error
    if len(data) > LONGEST:
        raise CommandResultError(
            f"$TASKFLOW_OUTPUT is longer than {LONGEST:,} bytes",
            hint="Write large results to a file, and its path to $TASKFLOW_OUTPUT.",
        )
    return dict(map(_pair, filter(str.strip, data.decode(errors="replace").splitlines())))


def _pair(line: str) -> tuple[str, str]:
    key, mark, value = line.partition("=")
    if not mark or not key.strip():
        raise CommandResultError(
            f"$TASKFLOW_OUTPUT holds a line that is not key=value: {line[:80]!r}"
        )
    return key.strip(), value
