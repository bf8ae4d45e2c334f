"""Asking whether somebody answers at an address, within a time that nobody can draw out."""

import socket
import time

from taskflow_core.readiness import Address

_LONGEST = 4096
"""Bytes of the first line of an answer that are looked at."""
_FINE = range(200, 400)


def why_no_connection(address: Address, deadline: float) -> str | None:
    """Return why nobody accepts a connection; None if somebody does.

    Args:
        address: Where.
        deadline: When, on the monotonic clock, it is too late.
    """
    try:
        _connect(address, deadline).close()
    except OSError as error:
        return _said(error)
    return None


def why_no_page(address: Address, deadline: float) -> str | None:
    """Return why an HTTP server does not answer with a status of 200 to 399; None if it does.

    Only the first line of the answer is read.
    """
    try:
        with _connect(address, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_request(address))
            line = _first_line(connection, deadline)
    except OSError as error:
        return _said(error)
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return f"no HTTP: {line[:40].decode('ascii', 'replace')!r}" if line else "no answer"
    return None if int(words[1]) in _FINE else f"status {words[1].decode()}"


def _connect(address: Address, deadline: float) -> socket.socket:
    failed: OSError = OSError(f"no address for {address.host}")
    for family, kind, protocol, _, place in socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(deadline))
            connection.connect(place)
            if connection.getsockname() == connection.getpeername():
                # A free port that the system has just given to this very socket.
                raise ConnectionRefusedError("connection refused")
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


def _request(address: Address) -> bytes:
    host = f"[{address.host}]" if ":" in address.host else address.host
    lines = (
        f"GET {address.path} HTTP/1.1",
        f"Host: {host}:{address.port}",
        "User-Agent: taskflow-probe",
        "Accept: */*",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _first_line(connection: socket.socket, deadline: float) -> bytes:
    data = b""
    while b"\n" not in data and len(data) < _LONGEST:
        connection.settimeout(_left(deadline))
        part = connection.recv(_LONGEST)
        if not part:
            break
        data += part
    return data.partition(b"\n")[0].rstrip(b"\r")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
