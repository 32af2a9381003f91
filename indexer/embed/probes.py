"""The texts on which a faster form of a model must prove itself equal to the original."""

from __future__ import annotations

from typing import Final

MIN_COSINE: Final = 0.9999
"""Between a faster form and the original, for every probe text. float32 exports reach 0.999999."""

PROBES: Final = (
    "",
    "event store",
    "How do I design an event store?",
    "An append-only log keeps every change as an event; the current state is a fold over them.",
    "def fold(events):\n    return functools.reduce(apply, events, State())  # O(n)\n",
    "Ereignisse sind unveränderlich: naïve Café-Gäste zahlen 3 € 😀",
    "事件存储是只追加的日志。 Хранилище событий. مخزن الأحداث",
    'KIP-500 https://example.org/a?b=c#d <b>bold</b> & "quoted" \u200b\tend',
    "Replicas agree on the order of messages before any of them is applied. " * 12,
    "A passage that is far longer than the window must be cut where the original cuts it, at a token. " * 60,
)
