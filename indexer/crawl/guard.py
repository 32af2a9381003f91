"""The address guard: nothing but public hosts, however their address is spelt, and the web's own ports.

Links and redirects come from strangers. One that leads to this machine, to its network or to a cloud's
metadata service is refused before anything is sent. Names are checked by their spelling here; what
they resolve to is checked where the connection is made (:mod:`indexer.crawl.transport`), because a
name may resolve to something else a second later (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from indexer.crawl.failure import NoPage
from indexer.crawl.urls import host_of, request_form
from indexer.records import Link, Verdict

_LOCAL_NAMES = re.compile(r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa|onion)")
"""Top-level names that never belong to the public web: RFC 6761, 6762, 7686, 8375; ICANN 2024."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Guard:
    """The guard of one run, which knows the ports that the run's links name."""

    def __init__(self, links: Iterable[Link]) -> None:
        addresses = (
            address for link in links for address in (link.url, *(copy.url for copy in link.fallbacks))
        )
        self._named = {place for address in addresses if (place := _host_and_port(address))}

    def check(self, url: str) -> None:
        """Lets an address in request form pass that may be public and a web server's.

        Ports other than 80 and 443 are open only on the very hosts for which a link names them: what a page
        or a redirect says leads to no other.

        Raises:
            NoPage: refused, where the host is internal by name or by literal address, or the port is another
                service's or is not named.
        """
        check_address(url)
        host, port = host_of(url), urlsplit(url).port
        if port in _OTHER_SERVICES:
            raise NoPage(Verdict.REFUSED, f"port {port} belongs to another service than the web", url=url)
        if port not in _WEB_PORTS and (host, port) not in self._named:
            reason = f"no link of the catalogue names port {port} of {host}; others than 80 and 443 must be"
            raise NoPage(Verdict.REFUSED, reason, url=url)


def _host_and_port(address: str) -> tuple[str, int | None] | None:
    """Host and port that an address names; None for what is no web address."""
    try:
        sent = request_form(address)
    except NoPage:
        return None
    return host_of(sent), urlsplit(sent).port


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


_WEB_PORTS = frozenset({None, 80, 443})
"""None is the scheme's own."""

_OTHER_SERVICES = frozenset(
    {
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
        103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512,
        513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719,
        1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080,
    }
    | {
        445, 873, 3389, 5900, 5985, 5986,  # SMB, rsync, RDP, VNC, WinRM
        1433, 1434, 1521, 3050, 50000,  # SQL Server, Oracle, Firebird, Db2
        3306, 33060, 5432,  # MySQL, PostgreSQL
        6379, 6380, 16379, 26379, 11211,  # Redis, its cluster and Sentinel; memcached
        5984, 7687, 9042, 9160,  # CouchDB, Neo4j, Cassandra
        9200, 9300, 27017, 27018, 27019, 28015,  # Elasticsearch, MongoDB, RethinkDB
        1883, 8883, 4369, 5671, 5672, 9092,  # MQTT, Erlang, AMQP, Kafka
        2181, 2375, 2376, 2379, 2380, 6443, 10250,  # ZooKeeper, Docker, etcd, Kubernetes
    }
)  # fmt: skip
"""Ports that nothing is sent to, whoever names them: the bad ports of the Fetch standard ("Port blocking"),
which browsers refuse, and the default ports of databases, brokers and remote control, as IANA's Service Name
and Port Number Registry or their own manuals have them."""

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
