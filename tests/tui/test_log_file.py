"""A log file gives any of its lines at once, while it grows."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskflow_tui import log_file
from taskflow_tui.log_file import LogFile


def opened(path: Path) -> LogFile:
    log = LogFile(path)
    log.poll()
    return log


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(chunks=st.lists(st.lists(st.binary(max_size=30), max_size=20).map(b"\n".join), max_size=4))
def test_every_line_is_found_however_the_file_grew(tmp_path: Path, chunks: list[bytes]) -> None:
    log_file.BLOCK, usual = 16, log_file.BLOCK
    path = tmp_path / "out"
    path.write_bytes(b"")
    log = opened(path)
    try:
        for chunk in chunks:
            with path.open("ab") as file:
                file.write(chunk)
            log.poll()
        whole = b"".join(chunks)
        wanted = whole.split(b"\n")
        if wanted[-1] == b"":
            wanted.pop()
        assert list(log.lines(0, log.line_count)) == wanted
    finally:
        log.close()
        log_file.BLOCK = usual


def test_a_missing_file_has_no_lines(tmp_path: Path) -> None:
    log = opened(tmp_path / "none")

    assert log.line_count == 0
    assert not log.poll()


def test_nothing_new_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("a\n")
    log = opened(path)

    assert not log.poll()
    log.close()


def test_an_endless_line_is_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x" * 500_000 + b"\nnext\n")
    log = opened(path)

    assert len(log.line(0)) == log_file.LONGEST
    assert log.line(1) == b"next"
    log.close()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "out").symlink_to(tmp_path / "secret")

    assert opened(tmp_path / "out").line_count == 0
