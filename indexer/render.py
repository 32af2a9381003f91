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
import json
import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import NotRendered, install_command
from indexer.records import AskPart, Page, RenderPage

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Request, Route
    from playwright.async_api import Page as Tab

    from indexer.config import RenderConfig

_BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/{0}.app/Contents/MacOS/{0}"

_SWITCHES = (
    "--proxy-bypass-list=<-loopback>",  # not even this machine is reached without the proxy
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the same in other versions
    "--disable-quic",
    "--blink-settings=imagesEnabled=false",
    "--js-flags=--max-old-space-size=512",
)
_PREPARED = """
for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) delete window[name];
for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = () => null;
"""
"""Run before a page's own scripts: a second lock on what speaks UDP, since the names of switches come and go
with versions, and nobody there to click boxes away."""
_HEADERS = ("content-type", "access-control-")
"""Beginnings of the headers that a page gets to see: what its scripts may read, and as what."""
_GOT = frozenset({"document", "script", "fetch", "xhr"})
"""Kinds of requests that are answered; a style sheet is answered too, with nothing."""
_VIEW_WIDTH, _VIEW_HEIGHT = 1280, 6000
"""Pixels; as high as a long article, since what is below the view may never be loaded."""
_ENDING = 10.0
"""Seconds that a browser may take to end."""
_READING = 5.0
"""Seconds that a page may take to tell its text when its time is over."""
_FLOOD = 10
"""How many times the requests that may be answered are refused before a page's time is over."""
_MEMORY_STEP = 0.1
"""Seconds between looks at the memory of pages: a script can take some GB in one."""

_SETTLED = """
(quiet, patience) => new Promise(done => {
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
    for name in _BROWSER_NAMES:
        if path := shutil.which(name):
            return path
    macs = (_MAC.format(name) for name in ("Chromium", "Google Chrome"))
    return next((path for path in macs if Path(path).is_file()), "")


def missing_piece() -> str:
    """What keeps pages from being rendered on this machine, with its fix; ``""`` if nothing does."""
    from importlib.util import find_spec

    if find_spec("playwright") is None:
        return f"Playwright is not installed; install it with: {install_command('browser')}"
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
        self._missing = missing_piece()
        """Why no page can be shown; "" as long as that is not known."""

    async def render(self, page: Page, address: str, ask: AskPart) -> Page:
        async with self._places:  # the clock starts when a place is free
            browser = await self._started()
            from playwright.async_api import Error

            try:
                async with asyncio.timeout(self._config.longest + 2 * _ENDING), _context(browser) as context:
                    return await _View(page, address, ask, self._config).show(context)
            except Error as error:
                raise NotRendered(f"the browser failed: {str(error).splitlines()[0]}") from error
            except TimeoutError:
                await self.end()
                raise NotRendered("the browser hung") from None

    async def _started(self) -> Browser:
        async with self._starting:
            if self._missing:
                raise NotRendered(self._missing)
            if self._browser is None or not self._browser.is_connected():
                await self.end()
                self._browser = await self._start()
            return self._browser

    async def _start(self) -> Browser:
        from playwright.async_api import Error, async_playwright

        playwright = await self._running.enter_async_context(async_playwright())
        # Bound and never listening: nobody else can come to answer at this port.
        dead = self._running.enter_context(socket.socket())
        dead.bind(("127.0.0.1", 0))
        try:
            browser = await playwright.chromium.launch(
                executable_path=find_browser(),
                args=[*_SWITCHES, f"--proxy-server=127.0.0.1:{dead.getsockname()[1]}"],
                ignore_default_args=["--disable-popup-blocking"],
                chromium_sandbox=is_sandboxed(),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except Error as error:  # the next page need not try again
            self._missing = f"{find_browser()} does not start: {str(error).splitlines()[0]}"
            raise NotRendered(self._missing) from error
        self._running.push_async_callback(browser.close)
        watch = asyncio.create_task(_watch_memory(browser, self._config.memory))
        self._running.callback(watch.cancel)
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


async def _watch_memory(browser: Browser, most: int) -> None:
    """Ends each process of a page that takes more than ``most`` bytes; only that page is lost."""
    from playwright.async_api import Error

    with contextlib.suppress(Error):  # the browser has ended
        session = await browser.new_browser_cdp_session()
        while True:
            told = await session.send("SystemInfo.getProcessInfo")
            for process in told["processInfo"]:
                if process["type"] == "renderer" and _resident_bytes(process["id"]) > most:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process["id"], signal.SIGKILL)
            await asyncio.sleep(_MEMORY_STEP)


def _resident_bytes(process: int) -> int:
    """The memory of a process; 0 where the system does not tell, or the process is gone."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def _context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A profile for one page, with nothing in it."""
    context = await browser.new_context(
        accept_downloads=False,
        service_workers="block",
        viewport={"width": _VIEW_WIDTH, "height": _VIEW_HEIGHT},
    )
    try:
        await context.add_init_script(_PREPARED)
        yield context
    finally:
        async with asyncio.timeout(_ENDING):
            await context.close()


class _View:
    """One page on the screen: answers what it asks for, and waits until it is finished."""

    def __init__(self, page: Page, address: str, ask: AskPart, config: RenderConfig) -> None:
        self._page, self._address, self._ask, self._config = page, address, ask, config
        self._shown_at = ""
        """The address of the page as the browser writes it, without fragment; "" until it is asked for."""
        self._requests, self._bytes = config.requests, config.max_bytes
        self._left = _FLOOD * config.requests
        self._hands = asyncio.Semaphore(config.at_a_time)
        self._answering: set[asyncio.Task[bool]] = set()
        self._changed = 0.0
        """When a request last came or was answered, by the event loop's clock."""

    async def show(self, context: BrowserContext) -> Page:
        tab = await context.new_page()
        self._frame = tab.main_frame
        context.on("page", lambda popup: popup.close())
        await context.route("**/*", self._route)
        showing = asyncio.create_task(self._shown(tab))
        crash = asyncio.Event()
        tab.on("crash", lambda _: crash.set())
        crashed = asyncio.create_task(crash.wait())
        try:
            await asyncio.wait({showing, crashed}, return_when=asyncio.FIRST_COMPLETED)
            if crash.is_set():
                raise NotRendered(f"it crashed, or took more than {self._config.memory >> 20} MiB of memory")
            return showing.result()
        finally:
            self._left = 0
            await _broken_off(showing, crashed, *self._answering)

    async def _shown(self, tab: Tab) -> Page:
        work = asyncio.create_task(self._finish(tab))
        try:
            await self._within_bounds(work)
        finally:
            await _broken_off(work)
        return await self._read(tab)

    # ------------------------------------------------------------------ time

    async def _within_bounds(self, work: asyncio.Task[None]) -> None:
        """Waits for the work, not longer than it may take; what is shown then is what counts."""
        step, busy, all_in_all = 0.25, 0.0, 0.0
        while busy < self._config.seconds and all_in_all < self._config.longest and self._left > 0:
            done, _ = await asyncio.wait({work}, timeout=step)
            if done:
                return work.result()
            all_in_all += step
            busy += 0 if self._answering else step
        return None

    async def _finish(self, tab: Tab) -> None:
        """Returns when the page asks for nothing any more and stays as it is."""
        await tab.goto(self._address, wait_until="commit", timeout=0)
        while True:
            await self._quiet()
            before = self._left
            waits = f"{self._config.quiet * 1000}, {self._config.patience * 1000}"
            await _evaluate(tab, f"({_SETTLED})({waits})")
            if before == self._left and not self._answering:
                return

    async def _quiet(self) -> None:
        """Waits until nothing was asked for or answered for a while."""
        now = asyncio.get_running_loop().time
        while self._answering or now() - self._changed < self._config.quiet:  # noqa: ASYNC110 - time ends it
            await asyncio.sleep(0.05)

    async def _read(self, tab: Tab) -> Page:
        try:
            async with asyncio.timeout(_READING):
                html = await _evaluate(tab, f"({_READ})({self._config.max_bytes})")
        except TimeoutError:
            raise NotRendered("its scripts come to no end") from None
        if html is None:
            raise NotRendered(f"it grew beyond {self._config.max_bytes >> 20} MiB")
        stayed = tab.url.partition("#")[0] == self._shown_at
        final = self._page.final_url if stayed else tab.url
        return replace(
            self._page,
            final_url=final,
            headers={"content-type": "text/html; charset=utf-8"},
            body=html.encode("utf-8", "replace"),
        )

    # -------------------------------------------------------------- requests

    async def _route(self, route: Route) -> None:
        """Answers a request in a task of our own, which can be broken off, or refuses it."""
        from playwright.async_api import Error

        self._left -= 1
        if self._left > 0:
            task = asyncio.create_task(self._answer(route))
            self._answering.add(task)
            await asyncio.wait({task})
            self._answering.discard(task)
            self._changed = asyncio.get_running_loop().time()
            if not task.cancelled() and task.result():
                return
        with contextlib.suppress(Error):  # Playwright waits for a word about each request
            await route.abort("aborted")

    async def _answer(self, route: Route) -> bool:
        """Whether a request could be answered."""
        from playwright.async_api import Error

        with contextlib.suppress(Error):  # the page has gone on, or is closed
            if route.request.resource_type == "stylesheet":
                await route.fulfill(content_type="text/css", body="")
                return True
            if answer := await self._allowed(route.request):
                self._bytes -= len(answer.body)
                headers = {name: value for name, value in answer.headers.items() if name.startswith(_HEADERS)}
                await route.fulfill(status=answer.status, headers=headers, body=answer.body)
                return True
        return False

    async def _allowed(self, request: Request) -> Page | None:
        """The answer to a request that is within the bounds."""
        if request.method != "GET" or request.resource_type not in _GOT:
            return None
        self._requests -= 1
        if self._requests < 0:
            return None
        document = request.is_navigation_request()
        if document and request.frame != self._frame:
            return None  # what is embedded, or opened beside it, is another page
        if document and self._shown_at in ("", request.url):
            self._shown_at = request.url
            return self._page
        async with self._hands:
            answer = await self._ask(request.url, request.headers.get("accept", "*/*"))
        if answer is None or len(answer.body) > self._bytes:
            return None
        return _led_on(answer) if document and answer.final_url != answer.url else answer


async def _broken_off(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and waits until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _evaluate(tab: Tab, script: str) -> Any:
    """What a script gives in the page's present document, in a world where the page changed no function."""
    from playwright.async_api import Error

    session = await tab.context.new_cdp_session(tab)
    while True:
        try:
            tree = await session.send("Page.getFrameTree")
            frame = {"frameId": tree["frameTree"]["frame"]["id"]}
            world = await session.send("Page.createIsolatedWorld", frame)
            asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
            asked["contextId"] = world["executionContextId"]
            return (await session.send("Runtime.evaluate", asked))["result"].get("value")
        except Error as error:
            if "context" not in str(error) and "navigat" not in str(error):
                raise
            await asyncio.sleep(0.05)  # it went on to another document


def _led_on(answer: Page) -> Page:
    """A document that leads on to where a document was redirected: so the browser knows its address."""
    target = json.dumps(answer.final_url).replace("<", "\\u003c")
    body = f"<!DOCTYPE html><script>location.replace({target})</script>".encode()
    return replace(answer, status=200, headers={"content-type": "text/html"}, body=body)
