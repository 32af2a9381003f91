"""Chromium for the tests that open links: a fresh profile, and no host but those on loopback."""

from __future__ import annotations

import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.demo.site import SampleAnswer

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --ignore-certificate-errors --window-size=1000,1400 "
    "--hide-scrollbars --force-device-scale-factor=1"
)
NO_PICTURES = "--blink-settings=imagesEnabled=false"
"""Pictures that cannot be had lose their place in the page, which moves what was found before."""


@contextmanager
def chromium(profile: Path, *, hosts: str, switches: str = "") -> Iterator[Chrome]:
    """A headless Chromium, ended on leaving.

    Args:
        profile: an empty folder for it.
        hosts: its rules for names, as ``MAP *:80 127.0.0.1:8000``.
        switches: more of its own, parted by spaces.
    """
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for switch in [
        *SWITCHES.split(),
        *switches.split(),
        f"--user-data-dir={profile}",
        f"--host-resolver-rules={hosts}",
    ]:
        options.add_argument(switch)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def serving(answer: Callable[[str], SampleAnswer], tls: ssl.SSLContext | None) -> Iterator[int]:
    """A server for all hosts on a free loopback port, which is yielded."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answer(f"{'https' if tls else 'http'}://{self.headers['Host']}{self.path}")
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
