"""What is embedded with a passage but not shown: the title and the heading path, kept short."""

from __future__ import annotations

from collections.abc import Iterable

from indexer.extract.spans import TokenCounter

SHARE = 3
"""The context may take one part in so many of the window: above that it drowns the text."""
LONGEST_TITLE = 300
"""Characters of a title that are looked at, as of a heading: each path of an article is tried with it."""


def contexts(
    title: str, paths: Iterable[tuple[str, ...]], *, window: int, counter: TokenCounter
) -> dict[tuple[str, ...], tuple[str, int]]:
    """For each heading path its context and the tokens it takes.

    Where the whole is too long the middle of the path goes first, then the title, then the end of the
    last heading: what is nearest to the text says most about it.
    """
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    pending = {path: _shorter(title, path) for path in dict.fromkeys(paths)}
    level = 0
    while pending:
        texts = {path: forms[min(level, len(forms) - 1)] for path, forms in pending.items()}
        sizes = counter.sizes(list(texts.values()))
        for (path, context), size in zip(texts.items(), sizes, strict=True):
            if size + counter.joint <= window // SHARE or not context:
                found[path] = context, size + counter.joint if context else 0
                del pending[path]
        level += 1
    return found


def _shorter(title: str, path: tuple[str, ...]) -> list[str]:
    """The context in ever shorter forms, the last empty."""
    title = title[:LONGEST_TITLE]
    forms = [(title, *path)]
    if len(path) > 2:
        forms.append((title, *path[-2:]))
    if len(path) > 1:
        forms.append((title, path[-1]))
    last = path[-1] if path else title
    forms.append((last,))
    words = last.split()
    while len(words) > 1:
        words = words[: len(words) // 2]
        forms.append((" ".join(words),))
    return [" > ".join(part for part in form if part) for form in forms] + [""]
