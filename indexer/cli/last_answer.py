"""The last answer that a person was shown, so that its numbers mean something to the next command.

One for all libraries, in the user's cache: a small JSON file, ``last_answer.json``.
"""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import UsageError
from indexer.files import working_folder
from indexer.hashes import sealed, unsealed

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.search.answer import Answer, Related

RESULT_NUMBER = re.compile(r"[0-9]{1,9}")

logger = logging.getLogger(__name__)

FILE = "last_answer.json"


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A numbered result: the library (a folder, or a server's address), the page, and where it opens."""

    library: str
    page_url: str
    link: str


def remember(answer: Answer | Related, library: Path | str, cache: Path) -> None:
    """Keep the results for :func:`recall`. Where the cache can't be written, asking works all the same.

    ``library`` is a folder, or a server's address.
    """
    place = str(library.resolve()) if isinstance(library, Path) else library
    shown = [asdict(ShownResult(place, hit.page_url, hit.link)) for hit in answer.hits]
    path = cache / FILE
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with working_folder(cache) as beside:
            (beside / FILE).write_text(sealed(shown), encoding="utf-8")
            (beside / FILE).replace(path)
    except OSError as error:
        logger.info("the answer's numbers are not remembered: %s", error)


def recall(number: int, cache: Path) -> ShownResult:
    """The result of that number, counted from 1.

    Raises:
        UsageError: no answer is remembered, or it has no such number.
    """
    path = cache / FILE
    try:
        shown = [ShownResult(**result) for result in unsealed(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        raise UsageError(f"there is no last answer to take result {number} of; ask first") from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"the last answer cannot be read ({path}: {error}); ask again") from None
    if not 0 < number <= len(shown):
        raise UsageError(f"the last answer has no result {number}; it has {len(shown)}")
    return shown[number - 1]


def page_meant(named: str, config: Config) -> tuple[Path, str]:
    """The library to look into and the address that is meant there, which a number may stand for.

    Raises:
        UsageError: it is no text, no answer is remembered, or it has no such number.
    """
    if not RESULT_NUMBER.fullmatch(named):
        from indexer.search.arguments import plain_text

        return config.data, plain_text("URL", named)
    result = recall(int(named), config.cache)
    if config.data_why == "named":
        return config.data, result.page_url
    if result.library.startswith(("http://", "https://")):
        raise UsageError(
            f"result {named} is of the server {result.library}: `open {named}` opens it; "
            "--data names a library here to look into"
        )
    return Path(result.library), result.page_url
