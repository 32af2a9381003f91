"""Where a server of this program listens, when others may come in, and how often they may ask."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

from indexer.errors import IndexerError, UsageError

MOST_AT_ONCE = 200
"""Requests that are worked on; a question takes some 10 ms, so the last of them waits some 2 s."""
PER_SECOND, AT_A_STRETCH = 10.0, 100.0
"""Requests of one client: who types asks for each word, who opens a page asks for its parts at once."""
MOST_CLIENTS = 10_000
"""Clients that are remembered, each with some 200 bytes."""


def is_address(text: str) -> bool:
    """Whether a host is told as an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether an address, or ``localhost``, is this machine's own and reached from nowhere else."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def names_for_others(host: str, token: str) -> tuple[str, ...]:
    """The names under which others may ask a server on ``host``: none where they cannot reach it.

    Raises:
        UsageError: others could ask, and there is no token that they could show, or none that can be shown.
    """
    if not re.fullmatch(r"[!-~]*", token):
        raise UsageError("INDEXER_TOKEN has blanks or signs that are not ASCII, which no header can carry")
    if is_loopback(host):
        return ()
    if not token:
        raise UsageError(
            f"--host {host!r} lets others in, who must show a token: set INDEXER_TOKEN to a long secret "
            "(such as `openssl rand -hex 24` makes), or leave --host out"
        )
    own = socket.gethostname().lower()
    return (host, own, f"{own}.local")


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Raises:
        UsageError: the host is none of this machine's.
        IndexerError: the port is taken, or may not be.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host!r} is no address of this machine ({error})") from None
    family, *_, place = found[0]
    try:
        return socket.create_server((str(place[0]), port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise IndexerError(
            f"cannot listen on {host}, port {port} ({why}); --port takes another, 0 any that is free"
        ) from error


def address_of(host: str, listener: socket.socket) -> str:
    """Where a browser finds what listens there."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"


class Rates:
    """How much each client has left: so much at a stretch, and so much each second (a token bucket)."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, client: str, now: float) -> float:
        """Seconds until the client may ask; 0 if it may now, which counts. Loopback always may.

        ``now`` is in seconds by a clock that never goes back.
        """
        if is_loopback(client):
            return 0.0
        name = _network(client)
        left, then = self._left.pop(name, (AT_A_STRETCH, now))
        left = min(AT_A_STRETCH, left + (now - then) * PER_SECOND)
        allowed = left >= 1.0
        self._left[name] = (left - allowed, now)
        if len(self._left) > MOST_CLIENTS:
            del self._left[next(iter(self._left))]  # who has not asked for the longest time
        return 0.0 if allowed else (1.0 - left) / PER_SECOND


def _network(client: str) -> str:
    """Whom an address stands for: one of IPv6 for its whole network of 64 bits."""
    if ":" not in client or not is_address(client):
        return client
    return str(ipaddress.ip_network(f"{client.partition('%')[0]}/64", strict=False))
