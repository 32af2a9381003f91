"""The sample site behind a real socket, and the seam that sends every request there.

:class:`ConnectTo` does for httpx what ``--connect-to`` does for curl: the request stays the one for
the real URL, only the connection goes elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from indexer.demo.site import SampleSite


class ConnectTo(httpx.AsyncBaseTransport):
    """Sends every request to one loopback port, with the full URL as its target (RFC 9112, 3.2.2)."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on to the loopback server."""
        redirected = httpx.Request(
            request.method,
            f"http://127.0.0.1:{self._port}/",
            headers=request.headers,
            extensions={**request.extensions, "target": str(request.url).encode("ascii")},
        )
        return await self._inner.handle_async_request(redirected)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.site.answer(self.path, self.headers.get("If-None-Match", ""))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Say nothing: the crawl tells what it fetches."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away: a run that ends early does, and tells why itself."""

    daemon_threads = True

    def __init__(self, site: SampleSite) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site


@contextmanager
def serving(site: SampleSite) -> Iterator[int]:
    """Serve ``site`` on a free loopback port, which is yielded, until the block ends."""
    with _Server(site) as server:
        thread = threading.Thread(target=server.serve_forever, name="sample-site", daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
