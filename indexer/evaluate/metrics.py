"""How good rankings are, by ir-measures; and how sure that is, by the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MEASURES = {"ndcg@10": "nDCG@10", "mrr@10": "RR@10", "recall@10": "R@10", "recall@100": "R@100"}
"""The measures reported, by the names that ir-measures gives them."""

SAMPLES = 2000
"""Bootstrap samples: the ends of the interval move by less than 0.001 from seed to seed."""
SEED = 7

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries, and between what it lies with 95 % confidence."""

    mean: float
    low: float
    high: float


def measure_run(judgements: dict[str, dict[str, int]], run: dict[str, dict[str, float]]) -> dict[str, Values]:
    """The value of each measure for each query, in the order of ``judgements``: arrays (queries,).

    A query without an answer counts as 0.
    """
    import ir_measures

    parsed = {name: ir_measures.parse_measure(text) for name, text in MEASURES.items()}
    names = {str(asked): name for name, asked in parsed.items()}
    places = {query: place for place, query in enumerate(judgements)}
    values = {name: np.zeros(len(places)) for name in parsed}
    for metric in ir_measures.iter_calc(list(parsed.values()), judgements, run):
        values[names[str(metric.measure)]][places[metric.query_id]] = metric.value
    return values


def interval(values: Sequence[float] | Values) -> Interval:
    """The mean of values (queries,) with its 95 % bootstrap interval over queries.

    Sakai, Evaluating evaluation metrics based on the bootstrap, SIGIR 2006; the sample is seeded.
    """
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        return Interval(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(SEED).integers(0, len(array), (SAMPLES, len(array)))
    low, high = np.quantile(array[drawn].mean(axis=1), (0.025, 0.975))
    return Interval(float(array.mean()), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting against another on the same queries; ``gained`` and ``lost`` count queries."""

    mean: Interval
    gained: int
    lost: int
    largest: tuple[tuple[str, float], ...]
    """The queries that differ most, with their differences."""


def compare(queries: Sequence[str], before: Values, after: Values, *, show: int = 10) -> Difference:
    """What changes from ``before`` to ``after``, query by query."""
    change = after - before
    widest = np.argsort(-np.abs(change), kind="stable")[:show]
    return Difference(
        mean=interval(change),
        gained=int((change > 1e-9).sum()),
        lost=int((change < -1e-9).sum()),
        largest=tuple((queries[place], float(change[place])) for place in widest if change[place]),
    )
