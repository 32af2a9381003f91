"""Questions on one's own library: a YAML file that says which page answers, under which heading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import UsageError


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """Where an answer stands: the catalogue's link or a page's address, and a heading on its path."""

    url: str
    heading: str = ""
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; without ``relevant`` places nothing answers it."""

    question: str
    kind: str
    relevant: tuple[AnswerPlace, ...]


def load_questions(path: Path) -> list[Asked]:
    """Read a question file.

    Raises:
        UsageError: it cannot be read, or is not a list of questions; names the entry.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        entries = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UsageError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(entries, list) or not entries:
        raise UsageError(f"{path}: not a list of questions")
    return [_asked(path, number, entry) for number, entry in enumerate(entries, start=1)]


def _asked(path: Path, number: int, entry: Any) -> Asked:
    try:
        places = tuple(
            AnswerPlace(str(place["url"]), str(place.get("heading") or ""), int(place.get("grade", 1)))
            for place in entry.get("relevant") or ()
        )
        return Asked(str(entry["question"]), str(entry.get("kind", "")), places)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path}: entry {number} is no question with question and relevant ({error!r})"
        ) from error
