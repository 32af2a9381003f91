"""Whether anything in the library answers a question.

Three signals tell: how near the best passages are, how many of the question's words they have, and whether
they speak of what it names. And the user's own words: who asks for what is in a note, a tag, a title or a
category means that link.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.config import SearchConfig
    from indexer.records import PassageRow
    from indexer.search.wanted import Wanted


def confidence(
    wanted: Wanted, rows: Sequence[PassageRow], cosine: float | None, config: SearchConfig
) -> float:
    """How likely one of the best passages answers, 0 to 1: a logistic regression on the signals.

    Args:
        wanted: the question's words.
        rows: the best passages.
        cosine: that of the nearest of them; None where no vector was made, and the words alone must tell.
        config: the constants.
    """
    texts = [f"{row.passage.embedded_text}\n{row.about}" for row in rows]
    covered = max(map(wanted.share, texts), default=0.0)
    if cosine is None:
        evidence = config.words_slope * (covered - config.words_enough)
    else:
        evidence = config.answer_bias + config.answer_cosine * cosine + config.answer_coverage * covered
        evidence -= config.answer_name * wanted.lacks_name(*texts)
    own = max((wanted.share(row.about) for row in rows), default=0.0)
    return _logistic(max(evidence, config.words_slope * (own - config.own_enough)))


def _logistic(evidence: float) -> float:
    return 1.0 / (1.0 + math.exp(-evidence))
