"""Kinds of page that a reader for articles loses, each in the forms that sites give it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.extract import read
from indexer.extract.compare import held
from indexer.records import Article
from tests.extract.paging import FILLER, document, texts

PROSE = "".join(f"<p>Paragraph {n} says that {FILLER}</p>" for n in range(6))


def article_of(body: str, *, head: str = "<title>A page</title>") -> Article:
    return read(document(body, head=head)).article


# ------------------------------------------------------------------ what stands in a sentence

EMPTY = st.sampled_from(
    [
        "<i class='icon'></i>", "<b></b>", "<span id='p3'></span>", "<a name='here'></a>", "<em> </em>",
        "<span><i></i></span>", "<strong><span></span></strong>", "<sup></sup>", "<u></u>",
    ]
)  # fmt: skip
WORDS = st.lists(st.sampled_from(["ash", "birch", "cedar", "elm", "fir", "oak"]), min_size=1, max_size=4)
ROWS = "<tr><td>{}</td><td>larch tree</td></tr><tr><td>a row</td><td>more</td></tr>"
PLACES = [
    "<p>{}</p>",
    "<ul><li>{}</li><li>pine</li></ul>",
    "<blockquote><p>{}</p></blockquote>",
    "<h2>{}</h2><p>rest</p>",
    f"<table>{ROWS}</table>",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(EMPTY, WORDS), min_size=1, max_size=4), st.sampled_from(PLACES))
def test_no_text_is_lost_to_an_empty_element(pieces: list[tuple[str, list[str]]], place: str) -> None:
    """Wherever it stands in a paragraph, a list, a quotation, a heading or a table."""
    inner = " ".join(f"{empty} {' '.join(words)}" for empty, words in pieces)
    wanted = " ".join(" ".join(words) for _, words in pieces)
    article = article_of(f"<article>{PROSE}{place.format('Trees: ' + inner)}{PROSE}</article>")
    assert f"Trees: {wanted}" in " ".join(article.text.split())


def test_words_of_forms_and_quotations_stay_in_their_sentence() -> None:
    """``output``, ``label``, ``button`` and ``q`` within a sentence."""
    inner = (
        "It prints <output>42 lines</output>, then <label>the sum</label>; "
        "press <button>Go</button> and say <q>done</q>."
    )
    text = article_of(f"<article>{PROSE}<p>{inner}</p>{PROSE}</article>").text
    assert "It prints 42 lines, then the sum; press Go and say \u201cdone\u201d." in text


# ------------------------------------------------------------------ formulas

TEX = "E = mc^2"
MATHML = (
    "<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></mrow>"
    f"<annotation encoding='application/x-tex'>{TEX}</annotation></semantics></math>"
)


KATEX = f"<span class='katex'><span>{MATHML}</span><span aria-hidden='true'>E=mc2</span></span>"
MATHJAX_2 = (
    "<span class='MathJax_Preview'>E=mc2</span><span class='MathJax'>E=mc2</span>"
    f"<script type='math/tex'>{TEX}</script>"
)
MATHJAX_3 = (
    "<mjx-container><mjx-math aria-hidden='true'>E=mc2</mjx-math>"
    f"<mjx-assistive-mml>{MATHML}</mjx-assistive-mml></mjx-container>"
)
MEDIAWIKI = (
    "<span class='mwe-math-element'><span style='display: none'><math alttext='{\\displaystyle E = mc^2}'>"
    "<mi>E</mi></math></span><img class='mwe-math-fallback' alt='{\\displaystyle E = mc^2}'></span>"
)
PICTURE = f"<img class='latex' src='/f.png' alt='{TEX}'>"
BARE = "<math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math>"


@pytest.mark.parametrize("formula", [KATEX, MATHJAX_2, MATHJAX_3, MEDIAWIKI, PICTURE, BARE])
def test_a_formula_is_written_once(formula: str) -> None:
    """As KaTeX, MathJax 2 and 3, MediaWiki, a picture, and bare MathML have it."""
    article = article_of(f"<article>{PROSE}<p>Energy is {formula} at rest.</p>{PROSE}</article>")
    sentence = next(text for text in texts(article, "paragraph") if text.startswith("Energy"))
    assert sentence.replace("m c", "mc") == "Energy is E = mc^2 at rest."


# ------------------------------------------------------------------ code, notes, sections, tabs


@pytest.mark.parametrize(
    "code",
    [
        "<pre><code>one()\n  two()</code></pre>",
        "<figure><pre><code>one()\n  two()</code></pre><figcaption>A call</figcaption></figure>",
        "<pre><span class='line'>one()</span>\n<span class='line'>  two()</span></pre>",
        "<pre><span class='line'>one()</span><span class='line'>  two()</span></pre>",
        "<pre><code>one()</code><code>  two()</code></pre>",
        "<pre><ol><li>one()</li><li>  two()</li></ol></pre>",
        "<pre><span class='token-line'>one()<br></span><span class='token-line'>  two()<br></span></pre>",
        "<pre><div><p class='gutter'>1</p><p>one()</p></div><div><p class='ln'>2</p>  two()</div></pre>",
    ],
)
def test_lines_of_code_stay_lines(code: str) -> None:
    """As highlighters write them; the numbers in the margin are no code."""
    assert texts(article_of(f"<article>{PROSE}{code}{PROSE}</article>"), "code") == ["one()\n  two()"]


@pytest.mark.parametrize(
    "mark", ["class='note'", "class='Callout--warning'", "role='note'", "aria-label='Tip'"]
)
def test_notes_are_text_and_other_asides_are_not(mark: str) -> None:
    """An aside of the article against one beside it."""
    note, other = (
        f"<aside {mark}><p>Mind the gap.</p></aside>",
        "<aside><p>Our newsletter is free.</p></aside>",
    )
    text = article_of(f"<article>{PROSE}{note}{PROSE}{other}</article>").text
    assert "Mind the gap." in text
    assert "newsletter" not in text


def test_a_section_may_be_called_what_it_speaks_of() -> None:
    """An id made from its heading is no sign of a menu."""
    section = (
        "<section id='authorization'><h2>Authorization</h2><p>Send the key with every call.</p></section>"
    )
    assert "Send the key" in article_of(f"<article>{PROSE}{section}{PROSE}</article>").text


def test_hidden_panels_of_tabs_are_text() -> None:
    """What is shown to the reader who chooses it."""
    shown, hidden = "<p>On Linux call one.</p>", "<p>On a Mac call two.</p>"
    tabs = f"<div role='tabpanel'>{shown}</div><div role='tabpanel' hidden>{hidden}</div>"
    text = article_of(f"<article>{PROSE}{tabs}{PROSE}</article>").text
    assert "call one" in text
    assert "call two" in text


def test_a_picture_inside_a_saved_page_ends_no_text() -> None:
    """libxml2 reads no attribute beyond 10 MB."""
    picture = f"<img src='data:image/png;base64,{'A' * 11_000_000}'>"
    assert texts(article_of(f"<article>{PROSE}{picture}<p>The last words of it.</p></article>"), "paragraph")[
        -1
    ] == ("The last words of it.")


# ------------------------------------------------------------------ threads

SAID = [f"Reply {n}: I measured this for a week, and {FILLER}" for n in range(5)]
FORMS = {
    "table": "<tr class='post'><td class='username'>{who}</td><td class='postbody'>{said}</td></tr>",
    "cards": "<article class='message' data-author='{who}'><div class='user'>{who}<p>Joined 2019</p></div>"
    "<div class='message-body'>{said}</div></article>",
    "microdata": "<div itemprop='comment'><span itemprop='author'><b itemprop='name'>{who}</b></span>"
    "<div class='post-text' itemprop='text'>{said}</div></div>",
    "links": "<li class='reply'><a href='/users/{who}'>{who}</a> <div class='body'>{said}</div></li>",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_thread_keeps_every_post_under_its_author(form: str) -> None:
    """Whatever software made it."""
    posts = "".join(FORMS[form].format(who=f"writer{n}", said=said) for n, said in enumerate(SAID))
    opening = {"table": "table", "links": "ul"}.get(form, "div")
    article = article_of(f"<h1>A question</h1><{opening} id='thread'>{posts}</{opening}>")
    for n, said in enumerate(SAID):
        block = next(block for block in article.blocks if article.text[block.start : block.end] == said)
        assert block.headings == (f"writer{n}",)
    assert "Joined" not in article.text


def test_answers_are_called_answers() -> None:
    """A page of questions and answers says which is which."""
    body = "<div class='post-text'>{said}</div><div class='user-details'>by{n}</div>"
    post = f"<div class='{{kind}}' id='{{kind}}{{n}}'>{body}</div>"
    posts = "".join(
        post.format(kind="answer" if n else "question", n=n, said=said) for n, said in enumerate(SAID)
    )
    headings = texts(article_of(f"<main><h1>Why?</h1>{posts}</main>"), "heading")
    assert headings == ["by0", *(f"Answer by by{n}" for n in range(1, 5))]


def test_comments_below_an_article_are_no_thread() -> None:
    """Even where readers wrote more than its author."""
    said = "I disagree with nearly everything, above all with the part about the weather in spring. " * 5
    comments = "".join(
        f"<div class='comment'><cite class='author'>r{n}</cite><div class='comment-body'>{said}</div></div>"
        for n in range(15)
    )
    article = article_of(f"<article><h1>Own words</h1>{PROSE}</article><div id='comments'>{comments}</div>")
    assert "Paragraph 5" in article.text
    assert "I disagree" not in article.text


# ------------------------------------------------------------------ the alarm


def test_what_the_article_lost_is_told() -> None:
    """Nothing of a plain article; a share and the elements where it holds less than its frame."""
    whole = read(document(f"<article><h1>A page</h1>{PROSE}<h2>More</h2>{PROSE}</article>"))
    assert whole.article.lost.share < 0.02
    assert whole.article.lost.headings == whole.article.lost.lists == 0


def test_held_counts_runs_of_words() -> None:
    """A law: a text holds itself, and nothing of one without common words."""
    assert held(["one two three four"], ["zero one two three four five"]) == 1
    assert held(["one two three four"], ["four three two one"]) == 0
    assert held([], ["anything"]) == 1
