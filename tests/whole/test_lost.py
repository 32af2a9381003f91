"""What an article does not hold of its page is kept with it, and told where a person looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.records import Link, Loss
from indexer.store import inspection
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome

LINK = Link("https://example.org/a", "Patterns")


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (Loss(), ""),
        (Loss(0.1, headings=2), ""),
        (Loss(0.42), "about 40 % of the visible text is not in the article"),
        (
            Loss(0.58, headings=1, code=2),
            "about 60 % of the visible text is not in the article (1 heading, 2 pieces",
        ),
    ],
)
def test_a_large_loss_is_told_by_status_and_show(
    shelf: Shelf, run: Run, tmp_path: Path, lost: Loss, told: str
) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories: {{Patterns: [{LINK.url}]}}", encoding="utf-8")
    shelf.log().record(outcome(LINK, replace(article("Some text."), lost=lost)))
    shelf.publish(LINK)
    [state] = inspection.status(shelf.folder, [LINK])
    assert state.lost == inspection.article(shelf.folder, LINK.url)[0].lost == lost
    status = run("status", "--catalogue", catalogue, "--data", shelf.folder)
    shown = run("show", LINK.url, "--data", shelf.folder)
    for output in (" ".join(status.out.split()), " ".join(shown.out.split())):
        assert (told in output) if told else ("visible text" not in output)
