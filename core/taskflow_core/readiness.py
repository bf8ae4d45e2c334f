"""Services: tasks that live beside others, when one is ready to be used, and what waits for that.

A *service* runs for as long as somebody needs it. A *probe* says when it is ready to be used; a
*condition* says of an edge what has to be so before the task behind it starts.
"""

import re
import warnings
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

Condition = Literal["started", "healthy", "log_ready", "completed", "succeeded"]
"""What has to be so of a task before one that depends on it starts: it has begun; its probe has
succeeded; its log has the line; it has ended in any way; it has ended well."""
WHILE_ALIVE: frozenset[Condition] = frozenset({"started", "healthy", "log_ready"})
"""Those that are so of a service that runs: who depends on it like that needs it to run on."""
StopSignal = Literal["TERM", "INT", "QUIT", "HUP", "USR1", "USR2"]
"""What a service is told to stop by."""
Way = Literal["command", "tcp", "http", "log"]
"""How a probe finds out."""

EVERY = 0.5
"""Seconds between two tries of a probe, unless it says."""
TIMEOUT = 5.0
"""Seconds that one try may take, unless the probe says."""
WITHIN = 60.0
"""Seconds that a service has until it is ready, unless the probe says."""

_HIGHEST_PORT = 65535
_HERE = "127.0.0.1"


class Probe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it is found out that a service is ready: in one of four ways. Times are seconds.

    All texts but `log` may hold expressions.
    """

    command: str | tuple[str, ...] | None = None
    """It exits with 0."""
    tcp: str | None = None
    """`port`, or `host:port`: somebody accepts a connection there."""
    http: str | None = None
    """The URL is answered with a status of 200 to 399."""
    log: str | None = None
    """A regular expression that is found in a line of its output."""
    every: float = EVERY
    timeout: float = TIMEOUT
    within: float = WITHIN
    """When it is not ready so long after its start, the attempt is stopped and has failed."""

    @property
    def way(self) -> Way:
        """How it finds out."""
        if self.command is not None:
            return "command"
        if self.tcp is not None:
            return "tcp"
        return "http" if self.http is not None else "log"

    def __str__(self) -> str:
        what = self.command or self.tcp or self.http or self.log or ""
        return f"{self.way} {what if isinstance(what, str) else ' '.join(what)}"


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a task lives until nobody needs it."""

    ready: Probe | None = None
    """None: it is ready as soon as it runs."""
    stop: StopSignal = "TERM"


class Address(NamedTuple):
    """Where a probe connects to."""

    host: str
    port: int
    path: str = "/"
    """What it asks for by HTTP, with the query."""


def tcp_address(text: str) -> Address:
    """Return where `5432`, `db:5432` or `[::1]:5432` is.

    Raises:
        ValueError: it is no such text; the message says what it should be.
    """
    host, colon, port = text.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not _is_port(port) or (colon and not bare) or (":" in bare and not is_bracketed):
        raise ValueError(f"not an address: {text!r}; write a port, or host:port")
    return Address(bare or _HERE, int(port))


def http_address(url: str) -> Address:
    """Return where `http://host:port/path` leads.

    Raises:
        ValueError: it is no such URL; the message says what it should be.
    """
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(f"not a URL: {url!r} holds blanks or control characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, 80 if parts.port is None else parts.port
    except ValueError as error:
        raise ValueError(f"not a URL: {url!r} ({error})") from None
    if parts.scheme == "https":
        raise ValueError(f"not for TLS: {url!r}; use `command` with a program that speaks it")
    if parts.scheme != "http" or not host:
        raise ValueError(f"not a URL: {url!r}; write http://host:port/path")
    if not url.isascii():
        raise ValueError(f"not a URL: {url!r} holds characters that have to be written as %XX")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(host, port, path)


def log_pattern(text: str) -> re.Pattern[str]:
    """Return the regular expression that a line is looked for with.

    Raises:
        ValueError: it is none; the message says why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of a nested set that may come to be
            return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"no regular expression: {error}") from None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT
