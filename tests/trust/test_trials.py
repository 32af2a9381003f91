"""The quick part of ``make trust``: some attempts of every kind, of which none may go wrong."""

from __future__ import annotations

from tests.trust.trials import Trial, table


def test_what_went_wrong_is_counted_apart() -> None:
    tried = [Trial("cut", "told"), Trial("cut", "as before", "it lied"), Trial("flipped", "told")]
    assert table(tried).splitlines()[2:] == [
        "| cut | 1 | 1 | 2 |",
        "| flipped | 1 | 0 | 1 |",
        "| all | 2 | 1 | 3 |",
    ]
