"""An answer as plain text, CSV, Markdown or a prompt, for programs and other documents.

Texts of the web stay texts.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from indexer.assistant.prompts import answer_prompt
from indexer.escaping import csv_cell, markdown_lines, markdown_link, markdown_text, safe

if TYPE_CHECKING:
    from indexer.search.answer import Answer

COLUMNS = ("rank", "score", "title", "headings", "text", "url", "link", "category", "site", "note", "source")


def answer_plain(answer: Answer) -> str:
    """The answer as text without any marks."""
    lines = [answer.headline, ""]
    for hit in answer.hits:
        place = " > ".join([hit.title, *hit.passage.headings])
        lines += [f"{hit.rank}. {place} [{hit.category}]", hit.passage.text, hit.link, ""]
    return safe("\n".join(lines) + "\n")


def answer_csv(answer: Answer) -> str:
    """The passages as a table (RFC 4180, lines end as on Unix); no cell is a formula."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for hit in answer.hits:
        headings = " > ".join(hit.passage.headings)
        told = (hit.title, headings, hit.passage.text, hit.url, hit.link, hit.category, hit.site, hit.note)
        rows.writerow((hit.rank, round(hit.score, 4), *map(csv_cell, told), hit.source.value))
    return out.getvalue()


def answer_markdown(answer: Answer) -> str:
    """The answer as CommonMark: each passage is a quotation below the link that leads to it."""
    lines = [f"# {markdown_text(answer.question)}", "", f"*{markdown_text(answer.headline)}*", ""]
    for hit in answer.hits:
        link = markdown_link(" › ".join([hit.title, *hit.passage.headings]), hit.link)
        quoted = "\n".join(
            f"> {line}" if line else ">" for line in markdown_lines(hit.passage.text).split("\n")
        )
        lines += [f"{hit.rank}. {link} ({markdown_text(hit.category)})", "", quoted, ""]
    return "\n".join(lines)


WRITTEN_FORMS = {
    "plain": answer_plain,
    "csv": answer_csv,
    "markdown": answer_markdown,
    "prompt": answer_prompt,
}
"""By the name of the form, what writes an answer in it."""
