"""A good copy is never lost, nor replaced by a worse one; what is known makes the next fetch cheap."""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from indexer.errors import UnknownName
from indexer.records import Fetch, Link, Outcome, Source, Verdict
from indexer.store import inspection
from indexer.store.crawl_log import keep_reading, stale_articles
from tests.crawl.crawling import scripted
from tests.store.shelving import AT, Shelf, article, outcome

LINK = Link("https://example.org/a", "Patterns")
LONG = article(*(f"Paragraph {number} of an article with some words in it." for number in range(20)))


def held(shelf: Shelf) -> tuple[str, str]:
    shelf.publish(LINK)
    read, facts = inspection.article(shelf.folder, LINK.url)
    return read.text, facts["source"]


@pytest.mark.parametrize("verdict", [v for v in Verdict if not v.good])
def test_a_bad_fetch_changes_the_verdict_and_not_the_article(shelf: Shelf, verdict: Verdict) -> None:
    shelf.log().record(outcome(LINK, LONG))
    effect, _ = shelf.log().record(outcome(LINK, None, verdict))
    assert effect == "kept"
    assert held(shelf) == (LONG.text, "live")
    [state] = inspection.status(shelf.folder, [LINK])
    assert state.verdict == verdict.value
    assert state.words == LONG.words


def test_a_text_that_shrinks_to_a_stub_is_refused_with_a_reason(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG))
    effect, fetch = shelf.log().record(outcome(LINK, article("Subscribe to read on.")))
    assert (effect, fetch.verdict) == ("kept", Verdict.THIN)
    assert "200 to 4 words" in fetch.reason
    assert held(shelf)[0] == LONG.text


SENTENCE = "客户端使用命令取得锁，并给它一个随机值和到期时间，释放之前要先比较。"
"""One of 34 characters, in a script without blanks."""


def test_a_text_without_blanks_is_measured_by_its_characters(shelf: Shelf) -> None:
    """Four lines do not replace 1,050 characters, and the same text in fewer paragraphs is no stub."""
    good = article(*[SENTENCE] * 30)
    shelf.log().record(outcome(LINK, good))
    effect, fetch = shelf.log().record(outcome(LINK, article(*[SENTENCE] * 4)))
    assert (effect, fetch.verdict) == ("kept", Verdict.THIN)
    assert held(shelf)[0] == good.text
    relaid = article(SENTENCE * 15, SENTENCE * 14)
    assert shelf.log().record(outcome(LINK, relaid))[0] == "changed"


def test_a_crawled_page_without_blanks_keeps_its_good_copy(shelf: Shelf) -> None:
    """Fetched, read, judged and recorded: the menu's words are counted as the article's are."""
    menu = "".join(f"<li><a href='/{n}'>产品与解决方案</a></li>" for n in range(30))

    def night(paragraphs: int) -> tuple[str, Verdict]:
        text = "".join(f"<p>{SENTENCE}</p>" for _ in range(paragraphs))
        page = f"<title>锁</title><body><nav><ul>{menu}</ul></nav><article><h1>锁</h1>{text}</article>"
        answer = httpx.Response(200, headers={"content-type": "text/html; charset=utf-8"}, text=page)
        found, _ = scripted([LINK.url], {LINK.url: answer})
        effect, fetch = shelf.log().record(found[LINK.url])
        return effect, fetch.verdict

    assert night(30) == ("new", Verdict.OK)
    assert night(4) == ("kept", Verdict.THIN)
    assert night(28) == ("changed", Verdict.OK)


def test_a_text_that_was_counted_otherwise_is_counted_again(shelf: Shelf) -> None:
    """Versions before counted by blanks only, so a stub had as many words as a Chinese article."""
    shelf.log().record(outcome(LINK, article(*[SENTENCE] * 30)))
    with shelf.database.atomic() as tables:
        tables.execute("UPDATE articles SET words = 30")
    assert shelf.log().record(outcome(LINK, article(*[SENTENCE] * 4)))[0] == "kept"


def test_force_takes_a_shrunken_text(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG))
    effect, _ = shelf.log(force=True).record(outcome(LINK, article("It is short now.")))
    assert effect == "changed"
    assert held(shelf)[0] == "It is short now."


def test_a_stand_in_never_replaces_the_live_text_but_the_live_text_replaces_a_stand_in(shelf: Shelf) -> None:
    archived, fresh = article("As it was archived, long ago."), article("As it is today, on the live site.")
    assert shelf.log().record(outcome(LINK, archived, source=Source.ARCHIVE))[0] == "new"
    assert held(shelf) == (archived.text, "archive")
    assert shelf.log().record(outcome(LINK, fresh))[0] == "changed"
    assert held(shelf) == (fresh.text, "live")
    assert shelf.log().record(outcome(LINK, archived, source=Source.ARCHIVE))[0] == "kept"
    assert held(shelf) == (fresh.text, "live")


def test_the_same_text_at_another_address_opens_there(shelf: Shelf) -> None:
    """A moved article is unchanged, but answers with its new address."""
    shelf.log().record(outcome(LINK, LONG))
    shelf.publish(LINK)
    effect, _ = shelf.log().record(outcome(LINK, LONG, Verdict.MOVED, final_url="https://example.org/new"))
    assert effect == "unchanged"
    assert shelf.publish(LINK).embedded == 0
    assert inspection.article(shelf.folder, LINK.url)[1]["final_url"] == "https://example.org/new"


def test_not_modified_keeps_validators_and_page_for_the_next_night(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG, body=b"<html>the page</html>"))
    silent = Fetch(LINK.url, LINK.url, Verdict.NOT_MODIFIED, "", AT, status=304)
    effect, _ = shelf.log().record(Outcome(LINK, LINK.url, (silent,)))
    last = shelf.log().last(LINK.url)
    assert effect == "unchanged"
    assert last is not None
    assert (last.verdict, last.etag) == (Verdict.NOT_MODIFIED, '"1"')
    assert shelf.log().page(last).body == b"<html>the page</html>"


def test_validators_are_only_those_of_good_fetches(shelf: Shelf) -> None:
    """The ETag of a challenge page must never make the article look unmodified."""
    shelf.log().record(outcome(LINK, None, Verdict.BOT_WALL))
    assert shelf.log().last(LINK.url) is None


def test_every_attempt_is_kept_and_the_last_one_decides(shelf: Shelf) -> None:
    first = Fetch(LINK.url, LINK.url, Verdict.BOT_WALL, "challenge page", AT, status=403)
    good = outcome(LINK, LONG, source=Source.FALLBACK)
    shelf.log().record(replace(good, attempts=(first, *good.attempts)))
    past = inspection.history(shelf.folder, LINK.url)
    assert [fetch.verdict for fetch in past.fetches] == [Verdict.OK, Verdict.BOT_WALL]
    assert inspection.status(shelf.folder, [LINK])[0].verdict == "ok"


def test_history_tells_what_changed(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, article("Stays.", "Goes.")))
    shelf.log().record(outcome(LINK, article("Stays.", "Comes.")))
    newest, oldest = inspection.history(shelf.folder, LINK.url).versions
    assert newest.changes == ("-Goes.", "+Comes.")
    assert oldest.changes == ()


def test_history_of_an_unknown_page_offers_the_nearest(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG))
    with pytest.raises(UnknownName, match=r"did you mean 'https://example.org/a'"):
        inspection.history(shelf.folder, "https://example.org/aa")


def test_an_interrupted_run_goes_on_and_a_finished_one_does_not(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG))
    resumed = shelf.database.start_run(resume_within=timedelta(hours=1))
    assert resumed.resumed
    assert resumed.number == shelf.run.number
    assert shelf.log().finished() == {LINK.url}
    shelf.database.finish_run(resumed, {})
    assert not shelf.database.start_run(resume_within=timedelta(hours=1)).resumed


def test_an_old_interrupted_run_is_not_resumed(shelf: Shelf) -> None:
    assert not shelf.database.start_run(resume_within=timedelta(0)).resumed


def test_a_better_extraction_reads_the_kept_page_again(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, LONG, body=b"<p>raw</p>"))
    [stale] = stale_articles(shelf.database, "2")
    assert stale.page.body == b"<p>raw</p>"
    keep_reading(shelf.database, stale, article("Read better."), extractor="2")
    assert not list(stale_articles(shelf.database, "2"))
    assert held(shelf)[0] == "Read better."
