"""What stops a fetch: no page but a verdict with its reason, or a request that was lost on its way."""

from __future__ import annotations

from functools import partial
from typing import Any

from indexer.credentials import without_credentials
from indexer.records import Judgement, Verdict


class LostRequest(Exception):
    """Whoever sent a request is no more, which says nothing about the host: it is asked again in its turn."""


class NoPage(Exception):
    """No page came from an address; ``judgement`` says why.

    Attributes:
        judgement: the verdict and its reason, for the log.
        url: the address that was asked last, which may be a redirect's target; without credentials.
        status: the HTTP status, 0 where no answer came.
        seconds: how long the request took, 0 where none was sent.
        transient: whether asking once more may help.
    """

    def __init__(
        self, verdict: Verdict, reason: str, *, url: str = "", status: int = 0, transient: bool = False
    ) -> None:
        super().__init__(reason)
        self.judgement = Judgement(verdict, reason)
        self.url, self.status, self.transient = without_credentials(url), status, transient
        self.seconds = 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        """To travel between processes, as an exception made of more than a message has to say how."""
        make = partial(NoPage, url=self.url, status=self.status, transient=self.transient)
        return make, (self.judgement.verdict, self.judgement.reason), {"seconds": self.seconds}

    def again(self, url: str) -> NoPage:
        """The same failure for another who asks: an exception belongs to one task."""
        copy = NoPage(self.judgement.verdict, self.judgement.reason, url=self.url or url, status=self.status)
        copy.seconds = self.seconds
        return copy
