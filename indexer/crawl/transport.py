"""Connections: through the proxies of the environment, or directly to addresses that were checked.

``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY`` and ``SSL_CERT_FILE`` are obeyed as every
HTTP program does. A proxy resolves the names itself, so what they lead to is not checked then; without
one, names are resolved here, every address is checked, and the connection is made to the very address
that passed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterable
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from indexer.config import CrawlConfig
from indexer.crawl.failure import NoPage
from indexer.crawl.guard import is_public, literal_address
from indexer.errors import UsageError
from indexer.records import Verdict

# At DEBUG it writes out all headers, those with passwords and cookies too.
logging.getLogger("httpcore").setLevel(logging.INFO)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to public addresses only; it is the last gate before the network."""

    def __init__(self) -> None:
        self._tcp = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolves the host, refuses if any address is internal, and connects to the first that answers."""
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await _addresses(host, port):
            try:
                return await self._tcp.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error


async def _addresses(host: str, port: int) -> list[str]:
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"the host name does not resolve: {error.strerror}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    for address in addresses:
        literal = literal_address(address)
        if literal is None or not is_public(literal):
            raise NoPage(Verdict.REFUSED, f"{host} resolves to the internal address {address}")
    return addresses


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on a pool that connects through :class:`GuardedBackend`."""

    def __init__(self, context: ssl.SSLContext, limits: httpx.Limits) -> None:
        super().__init__(verify=context, limits=limits)
        # httpx has no parameter for the network backend, httpcore's pool has.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=GuardedBackend(),
        )


class Environment(httpx.AsyncBaseTransport):
    """Sends each request the way the environment asks for: through its proxy, or directly."""

    def __init__(self, config: CrawlConfig) -> None:
        context = httpx.create_ssl_context()  # one for all: making one takes 20 ms
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=config.max_in_flight, keepalive_expiry=10.0
        )
        self._direct = _GuardedTransport(context, limits)
        self._by_scheme = {
            scheme: httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy)
            for scheme, proxy in proxies().items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request."""
        proxied = self._by_scheme.get(request.url.scheme)
        if proxied is None or proxy_bypass(request.url.host):
            return await self._direct.handle_async_request(request)
        return await proxied.handle_async_request(request)

    async def aclose(self) -> None:
        """Closes every connection."""
        for transport in (self._direct, *self._by_scheme.values()):
            await transport.aclose()


def proxies() -> dict[str, httpx.Proxy]:
    """The proxy for ``http`` and for ``https``, where the environment or the system's settings name one.

    Raises:
        UsageError: what is named is no proxy that could be used.
    """
    named = getproxies()
    return {
        scheme: _usable_proxy(scheme, address)
        for scheme in ("http", "https")
        if (address := named.get(scheme) or named.get("all"))
    }


def _usable_proxy(scheme: str, address: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (httpx.InvalidURL, ValueError):
        proxy = None
    if proxy is None or not proxy.url.host:  # not shown: there may be a password in it
        raise UsageError(
            f"the proxy for {scheme} is no address of a proxy; set {scheme.upper()}_PROXY as http://host:port"
        )
    if proxy.url.scheme.startswith("socks"):
        try:
            httpx.AsyncHTTPTransport(proxy=proxy)
        except ImportError:
            raise UsageError(
                f"the proxy for {scheme} speaks SOCKS, for which `httpx[socks]` is missing"
            ) from None
    return proxy
