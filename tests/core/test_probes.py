"""Probes against real servers, commands and files, among them those that never answer."""

import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskflow_core.executors.connecting import why_no_connection, why_no_page
from taskflow_core.executors.log_lines import LONGEST, LogLines
from taskflow_core.output import STDERR, STDOUT, OutputFile, output_path
from taskflow_core.readiness import Address
from tests.core.attempting import until


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


@contextmanager
def server(answer: Callable[[socket.socket], object]) -> Generator[Address]:
    """Listen, and have every connection answered on a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_answer, args=(connection, answer), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield Address("127.0.0.1", listener.getsockname()[1], "/path?query")
        listener.shutdown(socket.SHUT_RDWR)


def _answer(connection: socket.socket, answer: Callable[[socket.socket], object]) -> None:
    with connection:
        try:
            answer(connection)
        except OSError:
            return  # who asked has gone


def says(text: bytes) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(text)

    return answer


def silence(connection: socket.socket) -> None:
    """Read on, and say nothing, until the other side has enough."""
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    """Send a byte now and then, for ever."""
    while True:
        connection.sendall(b"H")
        threading.Event().wait(0.01)


# --- addresses -----------------------------------------------------------------------------


def test_a_port_that_accepts_is_ready_whatever_it_says_then() -> None:
    with server(silence) as address:
        assert why_no_connection(address, soon()) is None


def test_a_closed_port_says_so() -> None:
    assert why_no_connection(_closed(), soon()) == "connection refused"


class SelfConnecting(socket.socket):
    """Gets the very port from the system that it connects to, as happens to a free one."""

    def connect(self, address: object) -> None:
        self.bind(address)  # type: ignore[arg-type]
        super().connect(address)  # type: ignore[arg-type]


def test_a_socket_that_meets_itself_has_met_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    address = _closed()
    monkeypatch.setattr(socket, "socket", SelfConnecting)
    assert why_no_connection(address, soon()) == "connection refused"


def _closed() -> Address:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return Address("127.0.0.1", listener.getsockname()[1])


def test_a_host_that_does_not_exist_is_a_reason() -> None:
    assert why_no_connection(Address("no.such.host.invalid", 80), soon()) is not None


@pytest.mark.parametrize("status", [200, 204, 301, 399])
def test_a_page_is_there_with_a_status_of_200_to_399(status: int) -> None:
    with server(says(f"HTTP/1.1 {status} Whatever\r\n".encode())) as address:
        assert why_no_page(address, soon()) is None


def test_what_is_asked_for_is_the_path_of_that_host() -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    with server(answer) as address:
        assert why_no_page(address, soon()) is None
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /path?query HTTP/1.1"
    assert f"Host: 127.0.0.1:{address.port}" in lines


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 503 Not yet\r\n", "status 503"),
        (b"HTTP/1.1 404\r\n", "status 404"),
        (b"HTTP/1.1 100 Continue\r\n", "status 100"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP: 'SSH-2.0-OpenSSH'"),
        (b"HTTP/1.1 soon\r\n", "no HTTP: 'HTTP/1.1 soon'"),
        (b"", "no answer"),
    ],
)
def test_other_answers_are_reasons(said: bytes, why: str) -> None:
    with server(says(said)) as address:
        assert why_no_page(address, soon()) == why


@pytest.mark.parametrize("peer", [silence, drip], ids=["never answers", "drips for ever"])
def test_a_server_that_draws_it_out_is_given_up_at_the_deadline(
    peer: Callable[[socket.socket], object],
) -> None:
    with server(peer) as address:
        assert why_no_page(address, soon(0.2)) == "no answer in time"


def test_a_line_without_end_is_not_read_for_ever() -> None:
    with server(says(b"H" * 1_000_000)) as address:
        assert str(why_no_page(address, soon())).startswith("no HTTP: 'HHHH")


# --- lines ---------------------------------------------------------------------------------


class Log:
    """The output of an attempt, and who looks for a line in it."""

    def __init__(self, folder: Path, pattern: str) -> None:
        (folder / "output").mkdir()
        self.lines = LogLines(output_path(folder, 0, 0, 1), pattern)
        self.file = OutputFile(folder, (0, 0, 1))

    def write(self, text: str, stream: int = STDOUT) -> bool:
        """Write, and say whether the line is there now."""
        self.file.write(text.encode(), stream)
        return self.lines.is_there()


def test_before_anything_is_printed_there_is_no_line(tmp_path: Path) -> None:
    assert not Log(tmp_path, "").lines.is_there()


def test_a_line_is_found_once_it_is_whole(tmp_path: Path) -> None:
    log = Log(tmp_path, r"ready on port \d+")
    assert not log.write("starting\n")
    assert log.write("now ready on port 80\n")


def test_a_line_that_is_split_across_writes_is_found(tmp_path: Path) -> None:
    log = Log(tmp_path, "^ready now$")
    assert not log.write("rea")
    assert not log.write("dy n")
    assert log.write("ow\n")


def test_the_beginning_of_a_longer_line_is_not_taken_for_a_line(tmp_path: Path) -> None:
    log = Log(tmp_path, "ready$")
    assert not log.write("ready")
    assert not log.write(" to fail\n")


def test_a_line_of_one_stream_is_found_although_the_other_talks_into_it(tmp_path: Path) -> None:
    log = Log(tmp_path, "^ready now$")
    assert not log.write("rea", STDOUT)
    assert not log.write("a warning\nand ano", STDERR)
    assert not log.write("dy ", STDOUT)
    assert not log.write("ther\n", STDERR)
    assert log.write("now\n", STDOUT)


def test_pieces_of_two_streams_do_not_make_a_line(tmp_path: Path) -> None:
    log = Log(tmp_path, "ready")
    assert not log.write("rea", STDOUT)
    assert not log.write("dy\n", STDERR)


def test_a_prompt_without_an_end_counts_once_nothing_more_comes(tmp_path: Path) -> None:
    log = Log(tmp_path, "ready> $")
    log.write("ready> ")
    until(log.lines.is_there)


def test_line_ends_of_dos_are_none_of_the_line(tmp_path: Path) -> None:
    assert Log(tmp_path, "^ready$").write("ready\r\n")


def test_bytes_that_are_no_text_hide_nothing(tmp_path: Path) -> None:
    log = Log(tmp_path, "ready")
    log.file.write(b"\xff\xfe ready\n", STDOUT)
    assert log.lines.is_there()


def test_of_an_endless_line_the_end_is_looked_at(tmp_path: Path) -> None:
    log = Log(tmp_path, "^x+ready$")
    for _ in range(4):
        assert not log.write("x" * LONGEST)
    assert log.write("ready\n")
    assert sum(map(len, vars(log.lines)["_begun"].values())) <= LONGEST


def test_much_output_at_once_is_looked_through(tmp_path: Path) -> None:
    log = Log(tmp_path, "^ready$")
    assert log.write("noise\n" * 400_000 + "ready\n" + "noise\n" * 1000)
