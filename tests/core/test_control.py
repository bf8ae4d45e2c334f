"""The control socket: requests are answered, rubbish loses its connection, nothing else happens."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskflow_core.control import (
    LONGEST,
    ControlClient,
    ControlError,
    ControlServer,
    Request,
    socket_path,
)
from taskflow_core.errors import RefusedError


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def server(tmp_path: Path, asked: list[Request]) -> Iterator[ControlServer]:
    def handle(request: Request) -> Any:
        asked.append(request)
        if request["do"] == "refuse":
            raise RefusedError("not now", hint="Later.")
        return {"done": request["do"]}

    server = ControlServer(tmp_path, "r", handle)
    yield server
    server.close()


def raw(tmp_path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.connect(str(socket_path(tmp_path)))
    assert b"hello" in connection.recv(1000)
    return connection


def test_a_request_is_answered(tmp_path: Path, server: ControlServer, asked: list[Request]) -> None:
    with ControlClient(tmp_path) as client:
        assert client.ask("pause", by="ann", tasks=["a"]) == {"done": "pause"}

    assert asked == [{"id": 1, "do": "pause", "by": "ann", "tasks": ["a"]}]


def test_a_refusal_comes_with_its_hint(tmp_path: Path, server: ControlServer) -> None:
    with ControlClient(tmp_path) as client:
        with pytest.raises(RefusedError, match="not now") as caught:
            client.ask("refuse", by="ann")
        assert client.ask("again", by="ann") == {"done": "again"}

    assert caught.value.hint == "Later."


def test_ticks_reach_everybody_and_disturb_no_answer(tmp_path: Path, server: ControlServer) -> None:
    with ControlClient(tmp_path) as one, raw(tmp_path) as other:
        server.tick(7)
        assert json.loads(other.recv(1000)) == {"tick": 7}
        assert one.ask("pause", by="ann") == {"done": "pause"}


def test_a_wait_without_a_tick_leaves_the_connection_as_it_was(
    tmp_path: Path, server: ControlServer
) -> None:
    with ControlClient(tmp_path) as client:
        client.wait_for_tick(0.001)
        server.tick(7)
        client.wait_for_tick(10)

        assert client.ask("pause", by="ann") == {"done": "pause"}


@pytest.mark.parametrize(
    "rubbish",
    [b"\x00\xff\n", b"[1, 2]\n", b"{}}\n", b"[" * 100_000 + b"\n", b"x" * (LONGEST + 10)],
    ids=["binary", "no object", "no JSON", "deep", "endless"],
)
def test_rubbish_loses_its_connection_and_nothing_else_happens(
    tmp_path: Path, server: ControlServer, rubbish: bytes
) -> None:
    with raw(tmp_path) as bad:
        try:
            bad.sendall(rubbish)
            assert bad.recv(1000) == b""
        except ConnectionError:  # it hung up while we were still sending
            pass
        with ControlClient(tmp_path) as good:
            assert good.ask("pause", by="ann") == {"done": "pause"}


def test_a_client_that_does_not_read_is_dropped(tmp_path: Path, server: ControlServer) -> None:
    with raw(tmp_path) as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = json.dumps({"id": 1, "do": "x" * 200_000}).encode() + b"\n"
        with pytest.raises((ConnectionError, TimeoutError)):
            sleeper.sendall(request * 100)
        with ControlClient(tmp_path) as good:
            assert good.ask("pause", by="ann") == {"done": "pause"}


def test_the_socket_is_private_and_short(tmp_path: Path, server: ControlServer) -> None:
    path = socket_path(tmp_path / ("long" * 40))

    assert stat.S_IMODE(socket_path(tmp_path).stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.name) < 32


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taskflow").mkdir()
    (tmp_path / "taskflow").chmod(0o755)

    with pytest.raises(ControlError, match="not a private folder"):
        socket_path(tmp_path)


def test_nobody_answers_after_the_end(tmp_path: Path, server: ControlServer) -> None:
    server.close()

    with pytest.raises(ControlError, match="does not answer"):
        ControlClient(tmp_path)
    assert not os.path.lexists(socket_path(tmp_path))
