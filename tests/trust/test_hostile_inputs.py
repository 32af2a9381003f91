"""Some hostile pages and lists of those that ``make trust`` tries."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest

from tests.trust.hostile_inputs import trials
from tests.trust.hostile_making import hostile_list, hostile_page


@pytest.mark.slow
def test_hostile_pages_and_lists_end_in_an_article_a_list_or_a_reason() -> None:
    tried = list(islice(trials(1), 13))
    assert [trial.wrong for trial in tried if trial.wrong] == []
    assert {trial.ended for trial in tried} >= {"article", "told", "taken"}


def test_a_trial_can_be_made_again() -> None:
    """What went wrong is told by its number alone."""
    assert hostile_page(Random("7 1")) == hostile_page(Random("7 1"))
    assert hostile_list(Random("7 2")) == hostile_list(Random("7 2"))
