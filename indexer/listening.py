"""Where a server of this program listens, and when others may come in."""

from __future__ import annotations

import ipaddress
import os
import re
import socket

from indexer.errors import IndexerError, UsageError


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
            f"--host {host} lets others in, who must show a token: set INDEXER_TOKEN to a long secret "
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
