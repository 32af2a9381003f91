"""`indexer eval`: how good retrieval is, on a collection with judgements or on one's own library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.ask import SearchMode
from indexer.cli.crawl import ProgressBars
from indexer.cli.options import (
    DataOption,
    JsonOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import print_json, say
from indexer.errors import UsageError

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.evaluate.evaluation import CollectionReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("eval")(evaluate_command)


def evaluate_command(
    *,
    collection: Annotated[
        Path | None, typer.Option(help="A folder with corpus.jsonl, queries.jsonl and qrels.tsv.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="A YAML file of questions on the library in --data.")
    ] = None,
    mode: Annotated[SearchMode, typer.Option(help="How passages are found.")] = SearchMode.hybrid,
    against: Annotated[
        SearchMode | None, typer.Option(help="With --collection: compare with this mode, query by query.")
    ] = None,
    data: DataOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Measure retrieval: nDCG, MRR and recall with intervals, or the share of questions answered right.

    A collection is indexed once and kept under the data folder.

    Example: indexer eval --collection collections/scifact --json
    """
    if (collection is None) == (questions is None):
        raise UsageError("give either --collection DIR or --questions FILE")
    config = configure(data=data, model=model)
    if questions is not None:
        _print(_questions(questions, config, mode), as_json=as_json)
        return
    report = _collection(collection or Path(), config, mode)
    result = report.to_json()
    if against is not None:
        result["against"] = _compared(report, _collection(collection or Path(), config, against))
    _print(result, as_json=as_json)


def _collection(folder: Path, config: Config, mode: SearchMode) -> CollectionReport:
    from indexer.config import DEFAULT_MODEL
    from indexer.encoding import open_encoder
    from indexer.evaluate.evaluation import evaluate_collection

    name = config.model or DEFAULT_MODEL
    encoder = open_encoder(config, name)
    with ProgressBars() as watcher:
        return evaluate_collection(
            folder,
            encoder,
            config,
            model=name,
            cache=config.data / "eval",
            mode=mode.value,
            progress=watcher.embedding,
        )


def _questions(file: Path, config: Config, mode: SearchMode) -> dict[str, object]:
    from indexer.encoding import open_encoder
    from indexer.evaluate.evaluation import evaluate_questions
    from indexer.store.snapshot import Snapshot

    with Snapshot(config.data) as snapshot:
        encoder = open_encoder(config, config.model or snapshot.generation.model)
        return evaluate_questions(file, snapshot, encoder, config, mode=mode.value).to_json()


def _compared(report: CollectionReport, other: CollectionReport) -> dict[str, object]:
    from dataclasses import asdict

    from indexer.evaluate.metrics import compare

    difference = compare(report.queries, other.values["ndcg@10"], report.values["ndcg@10"])
    return {"mode": other.mode, "ndcg@10": asdict(difference)}


def _print(result: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        say(f"{name:<20} {value}")
