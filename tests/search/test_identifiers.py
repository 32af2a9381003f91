"""An identifier is found however it is asked for: as it stands there, in its parts, joined, in other signs.

The table is the promise: the identifier as the text has it, and the ways of asking for it.
"""

from __future__ import annotations

import pytest

from indexer.config import DEFAULT_MODEL, Config
from indexer.encoding import open_encoder
from indexer.records import Link, Mode
from tests.search.making import Make

ASKED = {
    "maxOpenHandles": ["maxOpenHandles", "max open handles", "maxopenhandles", "max_open_handles"],
    "HTTPServerConnection": [
        "HTTPServerConnection", "http server connection", "httpserverconnection", "HTTP_SERVER_CONNECTION",
    ],
    "stream_version": ["stream_version", "stream version", "streamVersion", "stream-version"],
    "kip500": ["kip500", "KIP-500", "KIP 500", "kip_500"],
    "KIP-832": ["KIP-832", "kip832", "kip 832", "kip_832"],
    "C++": ["C++", "c++", "C++ templates", "what is C++ good for"],
    "C#": ["C#", "c#", "csharp", "what is C# good for"],
    "F#": ["F#", "f#", "F sharp", "what is F# good for"],
    ".NET": [".NET", ".net", "dotnet", "what runs in .NET"],
    "node.js": ["node.js", "nodejs", "node js", "Node.JS"],
    "k8s": ["k8s", "K8S", "k8s cluster", "what is k8s"],
}  # fmt: skip
TEXTS = {
    "maxOpenHandles": "The pool refuses to open more than maxOpenHandles allows.",
    "HTTPServerConnection": "Every socket is wrapped in an HTTPServerConnection object.",
    "stream_version": "The column stream_version tells which writer came first.",
    "kip500": "The branch kip500 removed the quorum of keepers.",
    "KIP-832": "A vote on KIP-832 ended with no result.",
    "C++": "Generic containers of C++ are templates.",
    "C#": "Properties in C# have accessors.",
    "F#": "Pipelines in F# read from left to right.",
    ".NET": "The .NET runtime collects garbage by generations.",
    "node.js": "A loop of callbacks drives node.js servers.",
    "k8s": "Pods are scheduled by k8s onto a cluster of machines.",
}
BESIDES = [
    "C has pointers and no classes.",
    "Open the drawer by its handles.",
    "A server has a connection to each node.",
    "The version of a song is js.",
    "Net income rose by 500 or 832.",
    "A sharp knife cuts bread.",
]


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_an_identifier_is_found_however_it_is_asked_for(make: Make, mode: Mode) -> None:
    link = Link("https://example.org/names", "Names")
    texts = [*BESIDES, *TEXTS.values()]
    searcher = make([(link, "On names", texts)], made_with=open_encoder(Config(), DEFAULT_MODEL))
    for name, ways in ASKED.items():
        assert len(ways) >= 4
        for way in ways:
            answer = searcher.search(way, mode=mode)
            assert answer.hits[0].passage.text == TEXTS[name], (name, way)
            assert answer.answered, (name, way)


def test_a_letter_with_a_sign_is_another_word_than_the_letter(make: Make) -> None:
    """C, C++ and C# are three languages."""
    texts = {"C": BESIDES[0], "C++": TEXTS["C++"], "C#": TEXTS["C#"]}
    searcher = make([(Link("https://example.org/c", "Names"), "Languages", list(texts.values()))])
    for asked, text in texts.items():
        answer = searcher.search(asked, mode="lexical")
        assert [hit.passage.text for hit in answer.hits] == [text]


@pytest.mark.parametrize("question", ["C++", "what is C#", ".NET"])
def test_a_letter_with_a_sign_is_not_taken_for_a_mistake(make: Make, question: str) -> None:
    """Where nothing has it: how it is read out is near to other words."""
    texts = ["A cup of tea.", "Csharps is no word.", "Dots and nets."]
    searcher = make([(Link("https://example.org/tea", "Names"), "Tea", texts)])
    assert searcher.search(question, mode="lexical").notices == ()


def test_a_name_that_texts_write_apart_is_asked_for_as_one(make: Make) -> None:
    """And the other way round, where a neighbour occurs nowhere by itself."""
    texts = ["Proposal KIP 500 replaces the keepers.", "An opentelemetry trace has spans.", "Something else."]
    searcher = make([(Link("https://example.org/apart", "Names"), "Names", texts)])
    for question, text in (("what is kip500", texts[0]), ("how do I open telemetry spans", texts[1])):
        answer = searcher.search(question, mode="lexical")
        assert answer.hits[0].passage.text == text
        assert answer.answered


def test_the_name_of_a_thing_is_not_its_parts(make: Make) -> None:
    """Java is not JavaScript: where a name is no code, its capitals say nothing."""
    texts = ["JavaScript runs in browsers.", "Java runs on servers."]
    searcher = make([(Link("https://example.org/things", "Names"), "Things", texts)])
    assert [hit.passage.text for hit in searcher.search("java", mode="lexical").hits] == texts[1:]
