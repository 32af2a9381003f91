"""A report as plain text, Markdown or a page of HTML. Whatever came from the web is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.escaping import html_text, markdown_link, markdown_text, web_address
from indexer.report.events import Event, Report

LINE_MARKS = {"+": "**+** ", "-": "**-** ", " ": ""}
"""Of lines that came, lines that went, and remarks, in Markdown."""

STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;"
    "padding:0 1rem}p{margin:.3rem 0}small{opacity:.7}del{opacity:.6}ins{text-decoration:none;"
    "border-inline-start:.2rem solid #2a8;padding-inline-start:.5rem;display:block}del{display:block}"
)


def heading(report: Report) -> str:
    """What the report is about, in one line."""
    since, until = (moment[:16].replace("T", " ") for moment in (report.since, report.until))
    return f"{since} to {until} UTC" + (": nothing new" if not report.sections else "")


def as_text(report: Report) -> str:
    """The report for a terminal or a mail."""
    return "\n".join(_lines_to_read(report)) + "\n"


def _lines_to_read(report: Report) -> Iterator[str]:
    yield heading(report)
    for section in report.sections:
        yield f"\n{section.title} ({len(section.entries):,})"
        for entry in section.entries:
            yield f"  {_one_line(entry.title)}"
            yield f"     {entry.about} · {entry.at[:10]}"
            yield f"     {entry.address}"
            yield from (f"       {line}" for line in entry.lines)


def as_markdown(report: Report) -> str:
    """The report as CommonMark."""
    return "\n".join(_markdown_lines(report)) + "\n"


def _markdown_lines(report: Report) -> Iterator[str]:
    yield f"# {markdown_text(heading(report))}"
    for section in report.sections:
        yield f"\n## {markdown_text(section.title)}\n"
        for entry in section.entries:
            link = markdown_link(entry.title, entry.address)
            yield f"- {link} · {markdown_text(entry.about)} · {entry.at[:10]}"
            for line in entry.lines:
                yield f"  - {LINE_MARKS[line[0]]}{markdown_text(line[2:])}"


def as_html(report: Report) -> str:
    """The report as one page that needs nothing beside it."""
    title = html_text(heading(report))
    sections = "".join(
        f"<h2>{html_text(section.title)}</h2>"
        + "".join(
            f"<p>{_title_html(entry)} <small>{html_text(entry.about)} · {entry.at[:10]}</small></p>"
            + lines_as_html(entry)
            for entry in section.entries
        )
        for section in report.sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{sections}</body></html>\n"
    )


def _title_html(entry: Event) -> str:
    title, to = html_text(_one_line(entry.title)), web_address(entry.address)
    return f'<a href="{html_text(to)}">{title}</a>' if to else title


def lines_as_html(entry: Event) -> str:
    """The lines of an entry, each a paragraph of its own; what came and what went are marked as such."""
    tags = {"+": ("<ins>", "</ins>"), "-": ("<del>", "</del>")}
    marked = ((tags.get(line[0], ("", "")), html_text(line[2:])) for line in entry.lines)
    return "".join(f"<p>{begin}{text}{end}</p>" for (begin, end), text in marked)


def _one_line(text: str) -> str:
    return " ".join(text.split())
