"""What the words of a text are, and under which forms it is found besides."""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

import pytest

from indexer.index.words import words, words_and_forms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("使用Redis的锁", "使用 redis 的锁"),
        ("分布式锁。分布式", "分布 布式 式锁 分布 布式"),
        ("ロックを取得する", "ロッ ック クを を取 取得 得す する"),
        ("ガ", "ガ"),  # also where the mark is a character of its own
        ("カ\u3099ス", "ガス"),
        ("ﾘﾄﾗｲ", "リト トラ ライ"),
        ("이벤트를 저장", "이벤 벤트 트를 저장"),
        ("ที่ใช้", "ที่ใ ใช้"),  # a mark is never torn from its letter
        ("हिन्दी में", "हिन्दी में"),
        ("Ёж и мой", "еж и мой"),
        ("Größe, Straße", "grosse strasse"),
        ("café CAFÉ cafe\u0301", "cafe cafe cafe"),
        ("Ｒｅｄｉｓ ﬁle Redis™", "redis file redis"),
        ("第3章", "第 3 章"),
    ],
)
def test_words_of_every_script(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++, C# and F#; C/C++11", "cpp csharp and fsharp c cpp 11"),
        ("(.NET) .net: ASP.NET", "dotnet dotnet asp net"),
        ("It ends.Then a C. And #1, a+b, 1++", "it ends then a c and 1 a b 1pp"),
        ('the "end".net of issue#12', "the end net of issue 12"),
        ("...and so on", "and so on"),
    ],
)
def test_a_letter_with_its_sign_is_a_word(text: str, expected: str) -> None:
    assert words(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maxOpenHandles", "max open handles maxopen openhandles"),
        ("HTTPServerConnection", "http server connection httpserver serverconnection"),
        ("MAX_OPEN_HANDLES", "maxopen openhandles maxopenhandles"),
        ("stream_version", "streamversion"),
        ("kip500, KIP-500", "kip 500 kip500"),
        ("node.js", "nodejs"),
        ("std::vector", "stdvector"),
        ("EventStore.append()", "event store eventstoreappend"),
        (".NET", "net"),
        ("使用maxRetries的锁", "max retries 使 用 的 锁"),
        # Names of things and molecules, plain words with hyphens, contractions, abbreviations.
        ("GitHub iPhone mRNA k8s JavaScript EventStore PostgreSQL OAuth", ""),
        ("high-speed and/or don't NASA", ""),
    ],
)
def test_names_are_found_by_their_parts_and_joined(text: str, expected: str) -> None:
    assert words_and_forms(text)[1] == expected.split()


@pytest.mark.parametrize(
    "text", ["a." * 50_000, "aB" * 50_000, "使" * 100_000, "\u0301" * 100_000, "+#." * 30_000]
)
def test_no_text_takes_more_than_its_length(text: str) -> None:
    """What is found grows with the text, not with its square."""
    found, forms = words_and_forms(text)
    assert len(found) + len(forms) <= 3 * len(text)
    assert sum(map(len, forms)) <= 4 * len(text)
