"""Addresses: what is sent to a host, and which addresses are the same page.

Three forms of one link, each for one purpose: *verbatim* is the link's identity and never changed,
the *request form* is what goes to the host, the *page key* collapses copies of one page.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx

from indexer.crawl.failure import NoPage
from indexer.records import Verdict

_PORTS = {"http": 80, "https": 443}

# Names that carry no content, after the general rules of ClearURLs and Firefox's query stripping.
# courlan's own list matches parts of names ("gallery" by "ga") and would merge different pages.
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|piwik|matomo|hsa|oly|vero|itm|cm)_\w+"
    r"|(?:fb|g|dc|y|tw|msclk|li_fat_|igsh|wbra|gbra|ttc|mc_[ce]|mkt_)(?:cl)?(?:id|tok)"
    r"|_ga|_gl|_hsenc|_hsmi|__hs\w+|ref|ref_?(?:src|url)|referrer|source|spm|trk|cmpid|xtor|s_cid|share"
    r"|(?:jsession|phpsess|session)_?id|sid",
    re.IGNORECASE,
)
_LANGUAGE_PARAMETERS = {"hl", "lang", "locale"}
_INDEX_FILES = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)


def request_form(url: str) -> str:
    """The address as it is sent: RFC 3986 syntax, IDNA host, no fragment, no default port.

    Path and query are kept as written (a ``+`` or ``%20`` means what its host wants it to mean), only
    what may not stand in an address is escaped. A text fragment (``#:~:text=``) is a fragment too.

    Raises:
        NoPage: refused, for anything that is no plain web address.
    """
    try:
        parsed = httpx.URL(url.strip())
        scheme, port = parsed.scheme, parsed.port
        if scheme not in _PORTS:
            what, bare = scheme or "a bare path", str(parsed.copy_with(userinfo=b""))
            raise NoPage(Verdict.REFUSED, f"only http and https are fetched, not {what}", url=bare)
        if not parsed.host:
            raise NoPage(Verdict.REFUSED, "the address names no host", url=url)
        if parsed.userinfo:
            raise NoPage(Verdict.REFUSED, "the address carries a user name or password", url=url)
        if port is not None and not 0 < port < 65536:
            raise NoPage(Verdict.REFUSED, f"{port} is no port", url=url)
        plain = parsed.copy_with(fragment=None, port=None if port == _PORTS[scheme] else port)
    except (httpx.InvalidURL, ValueError) as error:
        # What httpx quotes of an address with an "@" may be a password.
        what = "it is malformed" if "@" in url else str(error)
        raise NoPage(Verdict.REFUSED, f"not a web address: {what}", url=url) from error
    parts = urlsplit(str(plain))
    return (parts if parts.path else parts._replace(path="/")).geturl()


def resolve(base: str, reference: str) -> str:
    """The request form of a redirect's ``Location``, which may be relative (RFC 9110, section 10.2.2).

    Raises:
        NoPage: refused, as in :func:`request_form`.
    """
    try:
        joined = str(httpx.URL(base).join(_with_slashes(reference.strip())))
    except (httpx.InvalidURL, ValueError) as error:
        shown = reference.rpartition("@")[2]  # what stands before may be a password
        reason = f"redirected to what is no web address: {shown[:40]!r}"
        raise NoPage(Verdict.REFUSED, reason, url=base) from error
    return request_form(joined)


def _with_slashes(reference: str) -> str:
    """A reference whose backslashes before query and fragment are slashes, as browsers take them."""
    before, mark, rest = re.split(r"([?#])", f"{reference}?", maxsplit=1)
    return (before.replace("\\", "/") + mark + rest)[:-1]


def host_of(url: str) -> str:
    """The host in lower case, without port and final dot."""
    return (urlsplit(url).hostname or "").rstrip(".")


def origin_of(url: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def site_of(url: str) -> str:
    """The host without ``www.``: pages with and without it belong to one site."""
    return host_of(url).removeprefix("www.")


def page_key(url: str) -> str:
    """The same for addresses that differ only in what does not change the page.

    That is: scheme, ``www.``, fragment, final slash or index file, the order of the query, tracking
    parameters, language parameters, and how characters are escaped.
    """
    parts = urlsplit(url)
    path = _INDEX_FILES.sub("/", unquote(parts.path)).rstrip("/")
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.fullmatch(name) and name.lower() not in _LANGUAGE_PARAMETERS
    )
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{site_of(url)}{port}{path}" + (f"?{urlencode(query)}" if query else "")
