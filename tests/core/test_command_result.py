"""The result of a command is what it printed, or the key=value lines it wrote."""

from pathlib import Path
from typing import Any

import pytest

from taskflow_core.executors.command_result import CommandResultError, command_result


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.mark.parametrize(
    ("kind", "printed", "result"),
    [
        ("text", "one\ntwo\n\n", "one\ntwo"),
        ("text", "", ""),
        ("lines", "one\ntwo\n", ["one", "two"]),
        ("lines", "", []),
        ("json", '{"a": [1, 2.5, null]}\n', {"a": [1, 2.5, None]}),
        ("none", "chatter", None),
    ],
)
def test_standard_output_becomes_the_result(
    kind: Any, printed: str, result: object, written: Path
) -> None:
    assert command_result(kind, printed, written) == result


@pytest.mark.parametrize("printed", ["", "{", "1 2", "[" * 100_000])
def test_output_that_is_no_json_is_an_error_that_says_what_to_do(
    printed: str, written: Path
) -> None:
    with pytest.raises(CommandResultError, match="not JSON") as caught:
        command_result("json", printed, written)

    assert "output: text" in str(caught.value.hint)


def test_key_value_lines_are_the_result_whatever_was_printed(written: Path) -> None:
    written.write_text("path=/tmp/x=y\n\nrows = 3\npath=/tmp/z\n")

    assert command_result("json", "chatter", written) == {"path": "/tmp/z", "rows": " 3"}


def test_an_empty_file_of_results_counts_as_none(written: Path) -> None:
    written.write_text("\n \n")

    assert command_result("text", "printed\n", written) == "printed"


@pytest.mark.parametrize("line", ["no mark", "=value", " = value"])
def test_a_line_that_is_no_pair_is_an_error_that_shows_it(line: str, written: Path) -> None:
    written.write_text(f"a=1\n{line}\n")

    with pytest.raises(CommandResultError, match="not key=value"):
        command_result("text", "", written)


def test_a_file_of_results_that_is_too_long_is_not_read(written: Path) -> None:
    written.write_bytes(b"a=" + b"x" * 2_000_000)

    with pytest.raises(CommandResultError, match="longer than"):
        command_result("text", "", written)


def test_undecodable_bytes_are_replaced_and_nothing_is_lost(written: Path) -> None:
    written.write_bytes(b"a=\xff!\n")

    assert command_result("none", "", written) == {"a": "�!"}
