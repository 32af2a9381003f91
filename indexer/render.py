"""Pages built by scripts, shown in a Chromium that has no way out of its own.

The browser is the system's, driven by Playwright; nothing is ever downloaded. Its proxy is a dead port and
no name resolves, so that whatever is not intercepted here (sockets, WebRTC, prefetching) ends there. What
is intercepted is answered by the crawl's own fetching, or refused: only scripts, data and the page itself are
got, by GET alone. Cookies and storage last as long as the page.

Playwright is used here only (extra ``browser``).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import NotRendered
from indexer.records import AskPart, Page, RenderPage

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Request, Route
    from playwright.async_api import Page as Tab

    from indexer.config import RenderConfig

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/{0}.app/Contents/MacOS/{0}"

_SWITCHES = (
    "--proxy-bypass-list=<-loopback>",  # not even this machine is reached without the proxy
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--js-flags=--max-old-space-size=512",
)
_HEADERS = ("content-type", "access-control-")
"""Beginnings of the headers that a page gets to see: what its scripts may read, and as what."""
_GOT = frozenset({"document", "script", "fetch", "xhr"})
"""Kinds of requests that are answered; a style sheet is answered too, with nothing."""
_VIEW_WIDTH, _VIEW_HEIGHT = 1280, 6000
"""Pixels; as high as a long article, since what is below the view may never be loaded."""
_ENDING = 10.0
"""Seconds that a browser may take to end, or a page to tell its text when its time is over."""

_SETTLED = """
([quiet, patience]) => new Promise(done => {
  let timer;
  const wait = () => {
    clearTimeout(timer);
    const shows = document.readyState === 'complete' && (document.body?.innerText ?? '').length > 500;
    timer = setTimeout(done, shows ? quiet : patience);
  };
  new MutationObserver(wait).observe(document, {subtree: true, childList: true, characterData: true});
  setTimeout(done, patience);
  wait();
})
"""
"""Waits until the document stays as it is, longer where it shows next to nothing."""
_READ = """
most => {
  const inert = document.implementation.createHTMLDocument('');
  const dead = 'script:not([type="application/ld+json"]), noscript, style, template';
  const root = inert.importNode(document.documentElement, false);
  const open = [[document.documentElement, root]];
  while (open.length) {
    const [element, copy] = open.pop();
    let nodes = (element.shadowRoot ?? element).childNodes;
    if (element.localName === 'slot' && element.assignedNodes().length) nodes = element.assignedNodes();
    for (const node of nodes) {
      if (node.nodeType === Node.TEXT_NODE) copy.append(node.data);
      if (node.nodeType !== Node.ELEMENT_NODE || node.matches(dead)) continue;
      const child = copy.appendChild(inert.importNode(node, false));
      open.push([node, child]);
    }
  }
  const html = '<!DOCTYPE html>' + root.outerHTML;
  return html.length > most ? null : html;
}
"""
"""The document as HTML without scripts, with what its components (shadow trees) show in place."""


def find_browser() -> str:
    """The path of an installed Chromium or Chrome; ``""`` if there is none."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    macs = (_MAC.format(name) for name in ("Chromium", "Google Chrome"))
    return next((path for path in macs if Path(path).is_file()), "")


def missing_piece() -> str:
    """What keeps pages from being rendered on this machine, with its fix; ``""`` if nothing does."""
    from importlib.util import find_spec

    if find_spec("playwright") is None:
        return "Playwright is not installed; install it with: pip install 'indexer[browser]'"
    return (
        "" if find_browser() else "no Chromium or Chrome is installed; the system's package manager has one"
    )


@asynccontextmanager
async def rendering_browser(config: RenderConfig) -> AsyncIterator[RenderPage]:
    """A function that shows pages in one browser, which is started when it is first needed.

    The function raises :class:`NotRendered` where there is no browser, and for a page that cannot be shown
    within the bounds.
    """
    browser = _Chromium(config)
    try:
        yield browser.render
    finally:
        await browser.end()


class _Chromium:
    """The browser of one run; started again if it was lost."""

    def __init__(self, config: RenderConfig) -> None:
        self._config = config
        self._places = asyncio.Semaphore(config.pages)
        self._starting = asyncio.Lock()
        self._browser: Browser | None = None
        self._running = AsyncExitStack()

    async def render(self, page: Page, address: str, ask: AskPart) -> Page:
        if missing := missing_piece():
            raise NotRendered(missing)
        from playwright.async_api import Error

        async with self._places:  # the clock starts when a place is free
            try:
                browser = await self._started()
                async with _context(browser) as context:
                    return await _View(page, address, ask, self._config).show(context)
            except Error as error:
                raise NotRendered(f"the browser failed: {str(error).splitlines()[0]}") from error

    async def _started(self) -> Browser:
        async with self._starting:
            if self._browser is None or not self._browser.is_connected():
                await self.end()
                self._browser = await self._start()
            return self._browser

    async def _start(self) -> Browser:
        from playwright.async_api import async_playwright

        playwright = await self._running.enter_async_context(async_playwright())
        # Bound and never listening: nobody else can come to answer at this port.
        dead = self._running.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))
        browser = await playwright.chromium.launch(
            executable_path=find_browser(),
            args=[*_SWITCHES, f"--proxy-server=127.0.0.1:{dead.getsockname()[1]}"],
            ignore_default_args=["--disable-popup-blocking"],
            chromium_sandbox=is_sandboxed(),
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        self._running.push_async_callback(browser.close)
        return browser

    async def end(self) -> None:
        """End the browser, if there is one."""
        running, self._running, self._browser = self._running, AsyncExitStack(), None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING):
                await running.aclose()


def is_sandboxed() -> bool:
    """Whether the browser shuts its pages in; Chromium refuses to do that for root."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


@asynccontextmanager
async def _context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A profile for one page, with nothing in it."""
    context = await browser.new_context(
        accept_downloads=False,
        service_workers="block",
        viewport={"width": _VIEW_WIDTH, "height": _VIEW_HEIGHT},
    )
    try:
        yield context
    finally:
        await context.close()


class _View:
    """One page on the screen: answers what it asks for, and waits until it is finished."""

    def __init__(self, page: Page, address: str, ask: AskPart, config: RenderConfig) -> None:
        self._page, self._address, self._ask, self._config = page, address, ask, config
        self._own = address.partition("#")[0]
        self._requests, self._bytes = config.requests, config.max_bytes
        self._hands = asyncio.Semaphore(config.at_a_time)
        self._answering: set[asyncio.Task[None]] = set()
        self._changed = 0.0
        """When a request last came or was answered, by the event loop's clock."""
        self.refused = 0

    async def show(self, context: BrowserContext) -> Page:
        tab = await context.new_page()
        context.on("page", lambda popup: popup.close())
        await context.route("**/*", self._route)
        work = asyncio.create_task(self._finish(tab))
        try:
            await self._within_bounds(work)
            return await self._read(tab)
        finally:
            work.cancel()
            for task in self._answering:
                task.cancel()
            await asyncio.gather(work, *self._answering, return_exceptions=True)

    # ------------------------------------------------------------------ time

    async def _within_bounds(self, work: asyncio.Task[None]) -> None:
        """Waits for the work, not longer than it may take; what is shown then is what counts."""
        step, busy, all_in_all = 0.25, 0.0, 0.0
        while busy < self._config.seconds and all_in_all < self._config.longest:
            done, _ = await asyncio.wait({work}, timeout=step)
            if done:
                return work.result()
            all_in_all += step
            busy += 0 if self._answering else step
        return None

    async def _finish(self, tab: Tab) -> None:
        """Returns when the page asks for nothing any more and stays as it is."""
        from playwright.async_api import Error

        await tab.goto(self._address, wait_until="commit", timeout=0)
        self._shown_at = tab.url
        while True:
            await self._quiet()
            before = self._requests
            try:
                await tab.evaluate(_SETTLED, [self._config.quiet * 1000, self._config.patience * 1000])
            except Error:
                if tab.is_closed():
                    raise
                continue  # it went on to another document
            if before == self._requests and not self._answering:
                return

    async def _quiet(self) -> None:
        """Waits until nothing was asked for or answered for a while."""
        now = asyncio.get_running_loop().time
        while self._answering or now() - self._changed < self._config.quiet:  # noqa: ASYNC110 - time ends it
            await asyncio.sleep(0.05)

    async def _read(self, tab: Tab) -> Page:
        try:
            async with asyncio.timeout(_ENDING):
                html = await tab.evaluate(_READ, self._config.max_bytes)
        except TimeoutError:
            raise NotRendered(f"its scripts were busy for {self._config.seconds:g} s") from None
        if html is None:
            raise NotRendered("scripts made it larger than the limit")
        final = self._page.final_url if tab.url == self._shown_at else tab.url
        return replace(
            self._page,
            final_url=final,
            headers={"content-type": "text/html; charset=utf-8"},
            body=html.encode("utf-8", "replace"),
        )

    # -------------------------------------------------------------- requests

    async def _route(self, route: Route) -> None:
        """Answers a request in a task of our own, which can be broken off."""
        task = asyncio.create_task(self._answer(route))
        self._answering.add(task)
        await asyncio.wait({task})
        self._answering.discard(task)
        self._changed = asyncio.get_running_loop().time()

    async def _answer(self, route: Route) -> None:
        from playwright.async_api import Error

        with contextlib.suppress(Error):  # the page has gone on, or is closed
            request = route.request
            if request.resource_type == "stylesheet":
                await route.fulfill(content_type="text/css", body="")
            elif (answer := await self._allowed(request)) is not None:
                self._bytes -= len(answer.body)
                headers = {k: v for k, v in answer.headers.items() if k.startswith(_HEADERS)}
                await route.fulfill(status=answer.status, headers=headers, body=answer.body)
            else:
                self.refused += 1
                await route.abort("aborted")

    async def _allowed(self, request: Request) -> Page | None:
        """The answer to a request that is within the bounds."""
        self._requests -= 1
        if request.method != "GET" or request.resource_type not in _GOT or self._requests < 0:
            return None
        if request.is_navigation_request():
            if request.frame.parent_frame is not None:
                return None  # what is embedded is another page
            if request.url.partition("#")[0] == self._own or self._changed == 0:
                return self._page
        async with self._hands:
            answer = await self._ask(request.url, request.headers.get("accept", "*/*"))
        return answer if answer and len(answer.body) <= self._bytes else None
