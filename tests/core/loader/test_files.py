"""Files that cannot be read are refused as a whole, with the reason."""

import os
import socket
from pathlib import Path

import pytest

from taskflow_core.errors import FlowFileError, Problem
from taskflow_core.loader import load_plan


def refusal(path: Path | str) -> Problem:
    """Return the only problem of a file that cannot be read."""
    with pytest.raises(FlowFileError) as caught:
        load_plan(path)
    (problem,) = caught.value.problems
    return problem


def written(folder: Path, data: bytes, name: str = "flow.yaml") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def test_a_missing_file_and_the_one_that_was_meant(tmp_path: Path) -> None:
    written(tmp_path, b"tasks: []")

    problem = refusal(tmp_path / "flw.yaml")

    assert problem.slug == "no-such-file"
    assert problem.message == f"there is no file '{tmp_path}/flw.yaml'"
    assert problem.hint == "Did you mean 'flow.yaml'?"
    assert problem.line is None


def test_a_missing_file_in_a_missing_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no" / "flow.yaml").slug == "no-such-file"
    assert refusal(tmp_path / "no" / "flow.py").slug == "no-such-file"


def test_a_folder_and_what_it_holds(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.py", "notes.txt"):
        written(tmp_path, b"", name)

    problem = refusal(tmp_path)

    assert (problem.slug, problem.hint) == ("is-a-folder", "It holds a.yaml, b.py: name one.")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).hint == "There is no flow file in it."


def test_another_extension(tmp_path: Path) -> None:
    problem = refusal(written(tmp_path, b"tasks: []", "flow.toml"))

    assert problem.slug == "unknown-extension"
    assert problem.hint == "A flow file ends in .yaml, .yml, .json, .py."


def test_the_extension_may_be_in_capitals(tmp_path: Path) -> None:
    assert load_plan(written(tmp_path, b"tasks: []", "FLOW.YAML")).plan.tasks == []
    assert load_plan(written(tmp_path, b'{"tasks": []}', "FLOW.JSON")).plan.tasks == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_of_others(tmp_path: Path) -> None:
    file = written(tmp_path, b"tasks: []")
    file.chmod(0)

    problem = refusal(file)

    assert problem.slug == "unreadable"
    assert problem.message.endswith("cannot be read: permission denied")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "flow.yaml")

    assert refusal(tmp_path / "flow.yaml").slug == "not-a-file"


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("flow.yaml")
        assert refusal("flow.yaml").slug == "not-a-file"


def test_a_device() -> None:
    assert refusal("/dev/zero").slug == "not-a-file"


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").symlink_to(tmp_path / "flow.yaml")

    assert refusal(tmp_path / "flow.yaml").slug == "symlink-loop"


def test_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").symlink_to(tmp_path / "gone.yaml")

    assert refusal(tmp_path / "flow.yaml").slug == "no-such-file"


@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "a\0b.yaml"])
def test_names_that_no_file_can_have(name: str) -> None:
    assert refusal(name).slug == "unreadable"


def test_five_megabytes_and_no_more(tmp_path: Path) -> None:
    largest = b"tasks: []\n" + b"#" * (5_000_000 - 10)

    assert load_plan(written(tmp_path, largest)).plan.tasks == []
    problem = refusal(written(tmp_path, largest + b"#"))

    assert problem.slug == "too-large"
    assert problem.message == "the file has 5,000,001 bytes; at most 5,000,000 are read"


@pytest.mark.parametrize(
    ("data", "slug", "message"),
    [
        (b"\xff\xfet\0a\0", "utf-16", "the file is UTF-16 (it starts with FF FE)"),
        (b"\xfe\xff\0t\0a", "utf-16", "the file is UTF-16 (it starts with FE FF)"),
        (b"\xff\xfe\0\0t\0\0\0", "utf-16", "the file is UTF-32 (it starts with FF FE)"),
        (
            "tasks: []".encode("utf-16-le"),
            "utf-16",
            "the file looks like UTF-16 without a byte order mark",
        ),
        (
            "tasks: []".encode("utf-16-be"),
            "utf-16",
            "the file looks like UTF-16 without a byte order mark",
        ),
        (b"\x1f\x8b\x08\0", "binary-file", "is a gzip file, not text"),
        (b"PK\x03\x04", "binary-file", "is a zip file, not text"),
        (b"\x7fELF", "binary-file", "is a program file, not text"),
        (b"%PDF-1.7", "binary-file", "is a PDF file, not text"),
    ],
)
def test_what_is_no_text(data: bytes, slug: str, message: str, tmp_path: Path) -> None:
    problem = refusal(written(tmp_path, data))

    assert problem.slug == slug
    assert problem.message.endswith(message)
    assert problem.line is None


def test_latin_1(tmp_path: Path) -> None:
    problem = refusal(written(tmp_path, b"# \xc3\xa9\nname: \xc3\xa9 caf\xe9\ntasks: []\n"))

    assert (problem.slug, problem.line, problem.column) == ("not-utf-8", 2, 12)
    assert problem.message == "byte 0xE9 is not UTF-8"
    assert "iconv -f latin1 -t utf-8" in (problem.hint or "")


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    problem = refusal(written(tmp_path, b"\xef\xbb\xbfnam: x\ntasks: []\n"))
    assert problem.column == 1


def test_columns_count_characters(tmp_path: Path) -> None:
    text = 'tasks: [{name: a, command: "\U0001f600e\u0301中", retry: -1}]'
    problem = refusal(written(tmp_path, text.encode()))

    assert problem.column == text.index("-1") + 1
    assert (problem.end_line, problem.end_column) == (1, text.index("-1") + 3)


def test_lines_that_end_in_crlf_count_once(tmp_path: Path) -> None:
    problem = refusal(written(tmp_path, b"name: x\r\ntasks:\r\n  - x\r\n"))
    assert (problem.line, problem.column, problem.end_column) == (3, 5, 6)


def test_a_problem_names_the_file_as_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, b"")
    monkeypatch.chdir(tmp_path)

    assert str(refusal("./flow.yaml")) == "./flow.yaml: the file is empty"
    assert str(refusal(Path("flow.yaml"))) == "flow.yaml: the file is empty"
