"""A question with the passages that answer it, as a prompt for any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.assistant.citing import found
from indexer.assistant.quoting import QUOTED_IS_DATA
from indexer.escaping import safe

if TYPE_CHECKING:
    from indexer.search.answer import Answer

HOW_TO_ANSWER = f"""\
Answer the question at the end from these passages and from nothing else. Behind each statement put the number
of the passage that it rests on, such as [2], and end with a list of the cited passages: number, title, link.
What the passages do not say, you do not know: say so instead.
{QUOTED_IS_DATA}"""


def answer_prompt(answer: Answer) -> str:
    """What any model needs to answer a question from its passages alone, and to cite them."""
    told = [HOW_TO_ANSWER, *(f"Notice: {safe(notice)}" for notice in answer.notices)]
    if not answer.hits:
        told.append("There are no passages: the library does not answer.")
    elif not answer.answered:
        told.append("By its own measure the library does not answer: these passages are merely the closest.")
    told += [found(hit).as_text(f"[{hit.rank}]") for hit in answer]
    return "\n\n".join([*told, f"The question: {safe(answer.question)}"]) + "\n"
