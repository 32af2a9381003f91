"""The self-check of replay_web.py: fetches every declared URL as a crawler would.

Starts the proxy for each night, sets HTTP_PROXY, HTTPS_PROXY and SSL_CERT_FILE
as the product's tests do, and compares what httpx meets with what web.yaml
declares.  An outcome is the chain of statuses and, if it did not end well, a
word: "301 301 200", "200 reset", "302 private".
"""

from __future__ import annotations

import contextlib
import html
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import yaml

from tests.replay.declared_web import HERE, Rule, Web, loose

MOST_BYTES, MOST_SECONDS, MOST_HOPS = 40_000_000, 2.5, 10


@dataclass
class Visit:
    """What a client met on one URL."""

    outcome: str
    final: str
    text: str = ""
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def words(self) -> int:
        bare = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^<>]*>", " ", self.text[:5_000_000])
        return len(html.unescape(bare).split())


@contextlib.contextmanager
def proxy(night: int, folder: Path) -> Iterator[Path]:
    """The replay as a child process, with the environment set; yields the log."""
    log = folder / f"night{night}.jsonl"
    command = [sys.executable, "-m", "tests.replay.replay_web", "--night", str(night),
               "--ca-file", str(folder / "ca.pem"), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1]) as child:
        assert child.stdout
        ready = json.loads(child.stdout.readline())
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            os.environ[name] = ready["proxy"]
        os.environ["SSL_CERT_FILE"] = ready["ca_file"]
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        try:
            yield log
        finally:
            child.send_signal(signal.SIGTERM)
            if child.wait(10):
                raise SystemExit(f"the proxy ended with {child.returncode}")


def private(url: str) -> bool:
    """Whether a crawler has to refuse this redirect target."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or host == "localhost" or host.isdigit():
        return True
    with contextlib.suppress(ValueError):
        return not ipaddress.ip_address(host).is_global
    return False


def get(client: httpx.Client, url: str, **headers: str) -> tuple[httpx.Response, str, str]:
    """One request with limits: the response, what went wrong, and the text."""
    trouble, data, end = "", bytearray(), time.monotonic() + MOST_SECONDS
    with client.stream("GET", url, headers=headers) as response:
        try:
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    ratio = len(data) / max(1, response.num_bytes_downloaded)
                    trouble = "bomb" if ratio > 50 else "endless"
                    break
                if time.monotonic() > end:
                    trouble = "slow"
                    break
        except httpx.ReadError:
            trouble = "reset"
        except httpx.RemoteProtocolError:
            trouble = "truncated"
        except httpx.DecodingError:
            trouble = "undecodable"
    with contextlib.suppress(LookupError):
        return response, trouble, bytes(data).decode(response.charset_encoding or "utf-8", "replace")
    return response, trouble, bytes(data).decode("utf-8", "replace")


def visit(client: httpx.Client, url: str) -> Visit:
    """Follows redirects and short Retry-After, refuses private targets."""
    chain: list[str] = []
    while True:
        try:
            response, trouble, text = get(client, url)
        except httpx.ProxyError:
            return Visit(" ".join([*chain, "502"]), url)
        except httpx.ReadTimeout:
            return Visit(" ".join([*chain, "silent"]), url)
        except httpx.InvalidURL:  # raised for Location: javascript:... even when not following
            return Visit(" ".join([*chain, "302 private"]), url)
        chain.append(str(response.status_code))
        if response.has_redirect_location:
            target = urljoin(url, response.headers["location"])
            if private(target):
                return Visit(" ".join([*chain, "private"]), target)
            if len(chain) > MOST_HOPS:
                return Visit("loop", target)
            url = target
        elif response.status_code in (429, 503) and int(response.headers.get("retry-after", 1)) < 5:
            time.sleep(int(response.headers.get("retry-after", 1)))
        else:
            return Visit(" ".join([*chain, trouble] if trouble else chain), url, text, response.headers)


def expected(web: Web, url: str, hops: int = 0) -> str:
    """The outcome that web.yaml declares for a URL."""
    rule = web.find(url)
    if urlsplit(url).netloc not in web.hosts:
        return "502"
    if hops > MOST_HOPS:
        return "loop"
    if rule is None:
        return "301 " + expected(web, url.replace("http://", "https://"), hops + 1)
    if rule.do == "redirect":
        status = rule.status if rule.status != 200 else 301
        target = urljoin(url, rule.to)
        if private(target):
            return f"{status} private"
        rest = expected(web, target, hops + 1)
        return "loop" if rest == "loop" else f"{status} {rest}"
    if rule.do == "silent":
        return "silent"
    special = {"https://evil.test/bomb": "bomb", "https://evil.test/not-gzip": "undecodable",
               "https://odd.test/second-member-cut": "undecodable"}
    # Over TLS Python reports a reset as an early end (SSL_read_ex), without TLS as what it is.
    cut = "reset" if rule.fault == "reset" and url.startswith("http:") else "truncated"
    word = special.get(url) or (cut if rule.fault else "slow" if rule.pause
                                else "endless" if rule.do == "stream" else "")
    if rule.times:
        return " ".join([str(rule.status)] * rule.times + ["200"])
    return f"{rule.status} {word}".strip()


def least_words(web: Web, rule: Rule | None) -> int:
    """How many words a good page must show: nearly those of its article."""
    if rule is None or rule.do not in ("page", "raw") or rule.pause or rule.fault == "reset":
        return 0
    return len(re.sub(r"<[^<>]*>|[|#*`-]", " ", web.article(rule).text).split()) * 8 // 10


def check_urls(client: httpx.Client, web: Web, urls: dict[str, str]) -> dict[str, Visit]:
    """Fetches the URLs and prints the table; failures are marked FAIL."""
    visits = {}
    for url, outcome in urls.items():
        seen = visits[url] = visit(client, url)
        rule = web.find(seen.final)
        good = seen.outcome == outcome and seen.words >= least_words(web, rule)
        stub = bool(rule and rule.do in ("page", "raw") and web.article(rule).placeholder)
        print(f"{'ok  ' if good else 'FAIL'} {url[:88]:88} {seen.outcome:16} {seen.words:7} words"
              + (f"  -> {seen.final[:90]}" if seen.final != url else "")
              + ("" if good else f"  (declared: {outcome}, {least_words(web, rule)} words)")
              + ("  [placeholder]" if stub else ""))
        seen.headers["x-good"] = str(good)
    return visits


def facts(client: httpx.Client, web: Web, log: Path, visits: dict[str, Visit]) -> Iterator[tuple[str, bool]]:
    """Everything beyond the table, on night 1."""
    yield "28 seeds", len(web.seeds) == 28
    for url in web.seeds:
        api = client.get("https://archive.org/wayback/available", params={"url": url.split("#")[0]}).json()
        closest = api["archived_snapshots"].get("closest")
        entry = web.archive.get(loose(url))
        yield f"availability API: {url[:60]}", bool(closest) == bool(entry)
        if closest:
            plain = visit(client, closest["url"])
            raw = visit(client, closest["url"].replace("/web/" + closest["timestamp"],
                                                       f"/web/{closest['timestamp']}id_"))
            near = visit(client, f"https://web.archive.org/web/2020id_/{url}")
            yield "  snapshot, raw snapshot, nearest snapshot", (
                plain.outcome == raw.outcome == "200" and near.outcome == "302 200"
                and raw.words > 500 and "WAYBACK" in plain.text and "WAYBACK" not in raw.text)
    for host in web.hosts - {"evil.test"}:
        if "." in host and not private(f"http://{host}/"):
            wanted = web.robots.get(host, {}).get("status", 200)
            yield f"robots.txt of {host}: {wanted}", client.get(f"https://{host}/robots.txt").status_code == wanted
    yield "unlisted host over http: 502", client.get("http://unlisted.example/").status_code == 502
    yield "unlisted host over https: 502", visit(client, "https://unlisted.example/").outcome == "502"
    yield "unknown path: 404", client.get("https://redis.io/nothing-here").status_code == 404
    yield "POST: 405", client.post("https://redis.io/docs/latest/").status_code == 405
    yield "HEAD has no body", client.head("https://c4model.com/").content == b""
    ports = {client.get("https://c4model.com/").extensions["network_stream"].get_extra_info("client_addr")
             for _ in range(3)}
    yield "keep-alive: three requests, one connection", len(ports) == 1
    bare = client.get("https://c4model.com/", headers={"Accept-Encoding": "identity"})
    packed = client.get("https://c4model.com/", headers={"Accept-Encoding": "gzip, br"})
    yield "gzip or identity as asked, never br", bare.text == packed.text and (
        packed.headers["content-encoding"] == "gzip" and "content-encoding" not in bare.headers)
    canary = client.get("http://169.254.169.254/latest/meta-data/")
    yield "canary answers on internal addresses", "CANARY" in canary.text
    pages = {name: visits[f"https://odd.test/{name}"] for name in ("windows-1252", "utf-8-called-latin-1")}
    yield "windows-1252 reads well", "Café naïve § 5 €" in pages["windows-1252"].text
    yield "wrong charset garbles the text", "CafÃ©" in pages["utf-8-called-latin-1"].text
    yield "the PDF is one", visits["https://odd.test/adr.pdf"].text.startswith("%PDF")
    yield "zalando is huge", visits["http://opensource.zalando.com/restful-api-guidelines/"].words > 30000
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    yield f"log: {len(entries)} lines with all fields", len(entries) > 200 and all(
        {"time", "night", "method", "url", "status", "bytes", "user_agent", "if_none_match"} <= e.keys()
        for e in entries)
    ends = {e["end"] for e in entries}
    yield "log: complete, cut, reset and truncate are told apart", ends >= {"complete", "cut", "reset", "truncate"}


def later_nights(client: httpx.Client, web: Web, first: dict[str, Visit]) -> Iterator[tuple[str, bool]]:
    """304 for what has not changed, the declared change for the rest."""
    spec = yaml.safe_load((HERE / "web.yaml").read_text(encoding="utf-8"))["nights"]
    changed = {rule["url"] for number in range(2, web.night + 1) for rule in spec[number]}
    for url, before in first.items():
        rule = web.rules.get(url)
        if rule is None or "etag" not in before.headers or rule.fault or rule.pause or " " in before.outcome:
            continue
        tags = get(client, url, **{"If-None-Match": before.headers["etag"]})[0].status_code
        dates = get(client, url, **{"If-Modified-Since": before.headers["last-modified"]})[0].status_code
        if url not in changed:
            yield f"unchanged, 304: {url[:80]}", tags == dates == 304
        else:
            now = visit(client, url)
            new = rule.edit.get("text", rule.edit.get("append", ""))[:40].removeprefix("## ").split("\n")[0]
            yield f"changed: {url[:80]} {now.outcome}, {now.words} words", (
                now.outcome == expected(web, url) and now.text != before.text
                and (not rule.edit or (tags == dates == 200 and new in now.text
                                       and new not in before.text)))


def hostile_urls() -> list[str]:
    categories = yaml.safe_load((HERE / "hostile-catalogue.yaml").read_text(encoding="utf-8"))["categories"]
    return [link["url"] for links in categories.values() for link in links]


def main() -> int:
    started, failed = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="check-web-") as name:
        for night in (1, 2, 3):
            web = Web(HERE, night)
            with proxy(night, Path(name)) as log, httpx.Client(timeout=MOST_SECONDS) as client:
                print(f"\n== night {night}")
                if night == 1:
                    urls = dict(web.seeds)
                    for url, rule in web.rules.items():
                        urls.setdefault(rule.sample or url, expected(web, rule.sample or url))
                    for url in [*hostile_urls(), *(a.url for a in web.articles.values())]:
                        urls.setdefault(url, expected(web, url.split("#")[0]))
                    first = check_urls(client, web, urls)
                    failed += sum(v.headers["x-good"] == "False" for v in first.values())
                    results = facts(client, web, log, first)
                else:
                    results = later_nights(client, web, first)
                for text, good in results:
                    failed += not good
                    print(f"{'ok  ' if good else 'FAIL'} {text}")
    shown = [rule.article or url for url, rule in web.rules.items() if rule.do in ("page", "raw")]
    missing = sorted({url for url in [*shown, *web.seeds] if loose(url) not in web.articles})
    print(f"\n{len(web.articles)} articles; placeholders for {missing or 'none'}; "
          f"{failed} failures; {time.monotonic() - started:.0f} s")
    return 1 if failed else 0
