"""`indexer eval`: how good retrieval is, on a collection with judgements or on one's own library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.ask import SearchMode
from indexer.cli.options import (
    DataOption,
    IndexOption,
    JsonOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import print_json, say
from indexer.cli.progress import watching
from indexer.errors import UsageError

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.evaluate.evaluation import CollectionReport, QuestionReport
    from indexer.evaluate.settings import Setting


MOST_EXPECTED = 3
"""Places of a failing question that a person is shown; some queries of a collection have fifty."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval")(evaluate_command)


def evaluate_command(
    *,
    collection: Annotated[
        Path | None,
        typer.Option(help="A folder with corpus.jsonl, queries.jsonl and qrels.tsv."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(help="A YAML file of questions on the library in --data."),
    ] = None,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Let a cross-encoder read the best again.")
    ] = False,
    failures: Annotated[
        int, typer.Option(min=0, metavar="N", help="Name so many questions that went wrong, the worst first.")
    ] = 0,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Compare, question by question, with mode=dense, rerank=no, or a constant changed.",
        ),
    ] = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Measure retrieval: nDCG, MRR and recall with intervals, or the share of questions answered right.

    A collection is indexed once and kept under the data folder.

    Example: indexer eval --questions questions.yaml --failures 5 --against mode=dense
    """
    from indexer.evaluate.evaluation import compare_reports
    from indexer.evaluate.settings import Setting

    if (collection is None) == (questions is None):
        raise UsageError("give either --collection DIR or --questions FILE")
    config = configure(data=data, model=model, index=index)
    chosen = Setting(mode.value, rerank, config.search)
    settings = [chosen, *([chosen.changed(against)] if against is not None else [])]
    reports: list[CollectionReport | QuestionReport]
    if questions is not None:
        reports = [*_ask_questions(questions, config, settings)]
    else:
        reports = [*_ask_collection(collection or Path(), config, settings)]
    result = reports[0].to_json()
    if against is not None:
        result["against"] = {"setting": against, **compare_reports(reports[0], reports[1])}
    if failures:
        failed = reports[0].failures()
        result["failed"] = len(failed)
        result["failures"] = [asdict(failure) for failure in failed[:failures]]
    if as_json:
        print_json(result)
    else:
        for line in _as_lines(result):
            say(line)


def _ask_collection(folder: Path, config: Config, settings: list[Setting]) -> Iterator[CollectionReport]:
    from indexer.config import DEFAULT_MODEL
    from indexer.encoding import open_encoder
    from indexer.evaluate.evaluation import evaluate_collection

    name = config.model or DEFAULT_MODEL
    encoder = open_encoder(config, name)
    for setting in settings:
        with watching("indexer eval") as watcher:
            yield evaluate_collection(
                folder,
                encoder,
                replace(config, search=setting.search),
                model=name,
                cache=config.data / "eval",
                mode=setting.mode,
                rerank=setting.rerank,
                progress=watcher.embedding,
            )


def _ask_questions(file: Path, config: Config, settings: list[Setting]) -> Iterator[QuestionReport]:
    from indexer.encoding import open_encoder
    from indexer.evaluate.evaluation import evaluate_questions
    from indexer.milvus import index_elsewhere
    from indexer.store.snapshot import Snapshot

    with Snapshot(config.data, open_index=index_elsewhere(config)) as snapshot:
        encoder = open_encoder(config, config.model or snapshot.generation.model)
        for setting in settings:
            changed = replace(config, search=setting.search)
            yield evaluate_questions(
                file, snapshot, encoder, changed, mode=setting.mode, rerank=setting.rerank
            )


# ------------------------------------------------------------------------ for a person


def _as_lines(result: Mapping[str, Any]) -> Iterator[str]:
    apart = ("intervals", "states", "rerank", "against", "failed", "failures")
    for name, value in result.items():
        if name in result["intervals"]:
            low, high = result["intervals"][name]
            yield f"{name:<20} {value:.4f}  ({low:.3f} to {high:.3f})"
        elif name not in apart:
            yield f"{name:<20} {value}"
    for name, value in result.get("states", {}).items():
        yield f"{name:<20} told {value['questions']} times, right {value['right']:.4f}"
    if rerank := result.get("rerank"):
        yield f"{'rerank':<20} {rerank['model']}, p50_ms {rerank['p50_ms']}, p95_ms {rerank['p95_ms']}"
    if against := result.get("against"):
        yield from _against(against)
    if "failures" in result:
        yield f"\n{result['failed']} failed" + (":" if result["failures"] else "")
        for failure in result["failures"]:
            yield from _failure(failure)


def _against(against: Mapping[str, Any]) -> Iterator[str]:
    yield f"\nagainst {against['setting']}, question by question:"
    for name, value in against.items():
        if name != "setting":
            low, high = value["interval"]
            yield (
                f"{name:<20} {value['there']:.4f} there, {value['difference']:+.4f} here "
                f"({low:+.3f} to {high:+.3f}); better {value['better']}, worse {value['worse']}"
            )


def _failure(failure: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n{failure['question']}\n  {failure['why']}"
    for place in failure["expected"][:MOST_EXPECTED]:
        yield f"  expected  {_as_text(place)}"
    if more := failure["expected"][MOST_EXPECTED:]:
        yield f"  expected  or {len(more)} more"
    yield f"  first     {_as_text(failure['first']) or 'nothing'}"


def _as_text(place: Mapping[str, str]) -> str:
    return " · ".join(part for part in place.values() if part)
