"""The address guard: nothing but public hosts, however their address is spelt.

Links and redirects come from strangers. One that leads to this machine, to its network or to a cloud's
metadata service is refused before anything is sent. Names are checked by their spelling here; what
they resolve to is checked where the connection is made (:mod:`indexer.crawl.transport`), because a
name may resolve to something else a second later (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
import socket

from indexer.crawl.failure import NoPage
from indexer.crawl.urls import host_of
from indexer.records import Verdict

_LOCAL_NAMES = re.compile(r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa|onion)")
"""Top-level names that never belong to the public web: RFC 6761, 6762, 7686, 8375; ICANN 2024."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_address(url: str) -> None:
    """Lets an address pass that may be public.

    Raises:
        NoPage: refused, where the host is internal by name or by literal address.
    """
    host = host_of(url)
    literal = literal_address(host)
    if literal is not None:
        if not is_public(literal):
            raise NoPage(Verdict.REFUSED, f"{host} is an internal address", url=url)
    elif _LOCAL_NAMES.fullmatch(host) or "." not in host:
        raise NoPage(Verdict.REFUSED, f"{host} is a name of the local network", url=url)


def literal_address(host: str) -> Address | None:
    """The IP address that a host *is*; None if it is a name.

    IPv4 in every spelling that a resolver understands (``inet_aton``): 127.1, 2130706433, 0x7f.1, 0177.0.0.1.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_public(address: Address) -> bool:
    """Whether the address is reachable on the public internet, and so is each one embedded in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if any(address in network for network in _EMBEDDING_LAST_32_BITS):
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour:
        return is_public(address.sixtofour)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4",  # multicast, which has a registry of its own
            "240.0.0.0/4",
        ),
    )
)  # fmt: skip
"""IANA's IPv4 Special-Purpose Address Registry (RFC 6890 and what followed), but for the networks that are
reachable from everywhere. Python's ``is_global`` depends on its version, and lets 192.0.0.192 pass."""

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out to be reachable from everywhere (IPv6 Address Space registry)."""

_SPECIAL_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
"""What IANA's IPv6 Special-Purpose Address Registry takes out of it: protocols as Teredo, and examples."""

_EMBEDDING_LAST_32_BITS = (
    ipaddress.IPv6Network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291, section 2.5.5.2)
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, obsolete (RFC 4291, section 2.5.5.1)
)
"""Networks whose addresses hold an IPv4 address in their last 32 bits."""
