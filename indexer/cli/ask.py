"""`indexer ask` and `open`: a question, the passages that answer it, and one of them in the browser."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.completion import complete_categories, complete_sites, complete_tags
from indexer.cli.last_answer import recall, remember
from indexer.cli.options import (
    DataOption,
    IndexOption,
    JsonOption,
    ModelOption,
    NoPagerOption,
    QuietOption,
    VerboseOption,
    configure,
    moment_since,
    tell_of_preparing,
)
from indexer.cli.output import print_json, remark, safe
from indexer.errors import IndexerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from indexer.config import Config
    from indexer.search.answer import Answer


class SearchMode(StrEnum):
    """How passages are found."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


class Format(StrEnum):
    """How an answer is written."""

    table = "table"
    plain = "plain"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"
    prompt = "prompt"


NO_ANSWER = 3
NUMBERED = (Format.table, Format.plain, Format.markdown)
"""The forms in which a person sees the numbers of results."""
MOST_PIPED = 1 << 16
"""Bytes of a pipe that are taken for the question; what is searched of one are its first words."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ask")(ask_command)
    app.command("open")(open_command)


def ask_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUESTION...",
            help="The question, in plain words, quoted or not; - or nothing reads it from a pipe.",
            show_default=False,
        ),
    ] = None,
    *,
    interactive: Annotated[
        bool, typer.Option("-i", "--interactive", help="A prompt that stays, or a question on each line.")
    ] = False,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 5,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "-c", "--category", help="Only this category; repeatable.", autocompletion=complete_categories
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only links with this tag; repeatable.", autocompletion=complete_tags),
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="Only this host; repeatable.", autocompletion=complete_sites)
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only texts fetched since 2026-01-31, or in the last 3d, 2w, 1m, 1y.")
    ] = None,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    per_article: Annotated[int, typer.Option(min=1, help="At most so many passages of one article.")] = 3,
    context: Annotated[int, typer.Option(min=0, help="Neighbouring passages to show on each side.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.table,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    no_pager: NoPagerOption = False,
    full: Annotated[bool, typer.Option("--full", help="Show long passages whole.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show each list's rank, score, share.")] = False,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Let a cross-encoder read the best again.")
    ] = False,
    open_number: Annotated[
        int | None, typer.Option("--open", min=1, help="Open this result in the browser.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            help="Ask the `indexer serve` at this address, in place of a library here.",
            show_default="$INDEXER_SERVER",
        ),
    ] = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Ask the library a question.

    Exit code 3 means that nothing in the library answers; the closest passages are shown as such. With -i the
    options hold for all questions, and JSON is one line for each.

    Example: indexer ask how do I design an event store -k 3 -c "Event strategies"
    """
    oldest = moment_since(since) if since is not None else None
    config = configure(data=data, model=model, index=index)
    server = _server_meant(server, config, elsewhere=bool(data or model or index))
    if not server:
        tell_of_preparing()
    form = Format.json if as_json else form
    options = {
        "k": k,
        "categories": category or (),
        "tags": tag or (),
        "sites": site or (),
        "since": oldest,
        "mode": mode.value,
        "per_article": per_article,
        "context": context,
        "rerank": rerank,
    }
    write = partial(_write_answer, full=full, explain=explain, pager=not no_pager)

    if interactive and open_number is not None:
        raise UsageError("--open takes one answer, -i gives many; type `open N` at the prompt")
    question = "" if interactive else _question(words or [])
    with _asking(config, server, options, explain=explain) as ask:

        def asked(question: str) -> Answer:
            answer = ask(question)
            for notice in answer.notices:
                remark(notice)
            if form in NUMBERED:
                remember(answer, server or config.data, config.cache)
            return answer

        if interactive:
            tell = partial(write, form=form, many=True)
            code = _ask_in_turn(words or [], config, lambda line: tell(asked(line)), pager=not no_pager)
            raise typer.Exit(code)
        answer = asked(question)
    write(answer, form=form)
    if open_number is not None:
        if open_number > len(answer.hits):
            raise UsageError(f"--open {open_number}: there are only {len(answer.hits)} results")
        _open(answer.hits[open_number - 1].link)
    if not answer.answered:
        raise typer.Exit(NO_ANSWER)


def _server_meant(server: str | None, config: Config, *, elsewhere: bool) -> str:
    """The server to ask; "" for the library here, as where one was named ``elsewhere``."""
    if server and elsewhere:
        raise UsageError(
            "--server has a library and a model of its own; leave out --data, --index and --model"
        )
    return config.server if server is None and not elsewhere else server or ""


@contextmanager
def _asking(
    config: Config, server: str, options: Mapping[str, Any], *, explain: bool
) -> Iterator[Callable[[str], Answer]]:
    """What answers a question: the library as it was published last, or a server."""
    if server:
        from indexer.cli.asking_server import ask_server

        yield partial(ask_server, server, config.token, options=options, explain=explain)
        return
    from indexer.latest import Latest

    with Latest(config) as latest:

        def ask(question: str) -> Answer:
            with latest.library() as library:
                return library.search(question, **options)

        yield ask


def _ask_in_turn(words: list[str], config: Config, answer: Callable[[str], None], *, pager: bool) -> int:
    """Ask all questions of stdin, after that of the words if there is one; gives the exit code."""
    from indexer.cli.inspect import show_command
    from indexer.cli.prompt import converse
    from indexer.cli.similar import similar_command

    on_result: dict[str, Callable[[int], None]] = {
        "open": open_command,
        "show": lambda number: show_command(str(number), no_pager=not pager),
        "similar": lambda number: similar_command(str(number), no_pager=not pager),
    }
    first = "" if words == ["-"] else " ".join(words)
    return converse(config.cache, answer, on_result, first)


def _question(words: list[str]) -> str:
    """The words as one question; that of a pipe where there are none, or a dash in their place."""
    if words not in ([], ["-"]):
        return " ".join(words)
    if not words and sys.stdin.isatty():
        raise UsageError("what is the question? For example: indexer ask how do I retry a failed payment")
    return sys.stdin.buffer.read(MOST_PIPED).decode("utf-8", "replace")


def open_command(
    number: Annotated[
        int, typer.Argument(min=1, metavar="N", help="The number of a result of the last answer.")
    ],
    *,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Open a result of the last answer in the browser, at its passage.

    Example: indexer open 2
    """
    result = recall(number, configure().cache)
    _open(result.link)
    if as_json:
        print_json(asdict(result))


def _open(link: str) -> None:
    import webbrowser

    from indexer.escaping import web_address

    if not web_address(link):
        raise IndexerError(f"{safe(link)} is no address of the web; it is not opened")
    if not webbrowser.open(link):
        raise IndexerError(f"no browser could be started (BROWSER names one); the link is {safe(link)}")


# ------------------------------------------------------------------------ formats


def _write_answer(
    answer: Answer, *, form: Format, full: bool, explain: bool, pager: bool, many: bool = False
) -> None:
    """Write an answer; if it is one of ``many``, JSON is one line, and a blank one parts texts."""
    from indexer.cli.answer_forms import WRITTEN_FORMS

    match form:
        case Format.table:
            from indexer.cli.answer_text import print_answer

            print_answer(answer, full=full, explain=explain, pager=pager)
            if many:
                typer.echo()
        case Format.json if many:
            print_json(answer.to_json(explain=explain), on_one_line=True)
        case Format.json:
            print_json(answer.to_json(explain=explain))
        case Format.jsonl:
            for result in answer.to_json(explain=explain)["results"]:
                print_json(result, on_one_line=True)
        case _:
            typer.echo(WRITTEN_FORMS[form.value](answer), nl=False)
