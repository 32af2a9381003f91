"""Bytes become the text that a browser would show."""
# ruff: noqa: RUF001 - characters that look like others are the point

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.charset import decode
from indexer.extract import read
from indexer.records import Article, Page

REPORTS = Path(__file__).parent / "reports"
GERMAN = "Grüße aus Köln: später wird alles größer und schöner, sagt die Wirtin. "


def report(name: str) -> Article:
    url = f"https://a.example/{name}"
    body = (REPORTS / name).read_bytes()
    return read(Page(url, url, 200, {"content-type": "text/html"}, body, datetime.now(UTC))).article


def test_a_page_called_gb2312_is_read_as_its_superset() -> None:
    article = report("gb2312-with-gbk.htm")
    assert article.title == "朱镕基时代的服务器缓存策略"
    assert "陶喆在他的文章里说明了为什么每天夜里都要备份" in article.text
    assert "\ufffd" not in article.title + article.text


def test_a_broken_byte_costs_a_character_and_not_the_page() -> None:
    article = report("shift-jis-one-broken-byte.htm")
    assert article.title == "高橋さんの手順書"
    assert "一、設定を読み、二、起動を待ち、三、確認の印を付ける。" in article.text
    assert article.text.count("\ufffd") <= 1


@pytest.mark.parametrize(
    ("label", "encoded_in", "text"),
    [
        ("gb2312", "gbk", "朱镕基、陶喆"),
        ("GB_2312-80", "gb18030", "㐀㐁"),
        ("shift_jis", "cp932", "① ㈱ 髙橋"),
        ("x-sjis", "cp932", "№ ～"),
        ("euc-kr", "cp949", "똠방각하 펲시"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("big5", "big5hkscs", "嘅 咗 喺"),
        ("iso-8859-1", "cp1252", "“quoted” – 5 €"),
        ("us-ascii", "cp1252", "naïve …"),
        ("iso-8859-9", "cp1254", "ığdır – €"),
        ("tis-620", "cp874", "ราคา €"),
        ("x-cp1251", "cp1251", "Привет"),
        ("iso-8859-8-i", "iso8859-8", "שלום"),
        ("iso-2022-jp", "iso2022_jp", "日本語"),
        ("x-mac-cyrillic", "mac_cyrillic", "Привет"),
        ("cp932", "cp932", "①"),
    ],
)
def test_a_label_means_what_browsers_take_it_for(label: str, encoded_in: str, text: str) -> None:
    body = text.encode(encoded_in)
    assert decode(body, f"text/html; charset={label}") == text
    head = f"<meta charset='{label}'><p>"
    assert decode(head.encode() + body) == head + text


@pytest.mark.parametrize(
    ("label", "body", "text"),
    [
        ("euc-jp", b"\xa4\xa2\xad\xa1\xfc\xe2\xa4\xa4", "あ①髙い"),
        ("iso-2022-jp", b'\x1b$B$"-!|b\x1b(B end \x1b(I1\x1b(B', "あ①髙 end ｱ"),
    ],
)
def test_what_vendors_added_to_japanese_charsets_is_read(label: str, body: bytes, text: str) -> None:
    assert decode(body, f"text/html; charset={label}") == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", GERMAN),
        ("shift_jis", "設定を読み、起動を待ち、印を付ける。"),
        ("gb18030", "缓存的过期时间应当由写入数据的人来决定。"),
        ("euc-kr", "캐시의 만료 시간은 쓰는 사람이 정한다."),
        ("euc-jp", "設定を読み、起動を待ち、印を付ける。"),
        ("big5", "快取的過期時間應由寫入資料的人決定。"),
    ],
)
@given(data=st.data())
def test_one_byte_changed_leaves_nearly_all_of_the_text(
    encoding: str, text: str, data: st.DataObject
) -> None:
    body = bytearray(f"<p>{text}</p>".encode(encoding) * 3)
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.sampled_from(b"\x80\xff a<"))
    read = decode(bytes(body), f"text/html; charset={encoding}")
    assert text in read, "two of the three copies are whole, wherever the byte lies"


def test_utf_8_with_a_broken_byte_needs_no_declaration() -> None:
    for declared in ("", "text/html", "text/html; charset=iso-8859-1", "text/html; charset=gb2312"):
        assert decode(GERMAN.encode() + b"\xff", declared) == GERMAN + "\ufffd"
        assert decode((GERMAN + "ü").encode()[:-1], declared).startswith(GERMAN)


@pytest.mark.parametrize("label", ["utf-16", "UTF-16LE", "utf-16be", "unicode"])
def test_utf_16_in_the_meta_of_an_ascii_page_is_utf_8(label: str) -> None:
    """HTML standard, "prescan a byte stream": who could read that label is not reading UTF-16."""
    for head in (f'<meta charset="{label}">', f'<?xml version="1.0" encoding="{label}"?>'):
        page = f"{head}<p>Caf\u00e9 in UTF-8"
        assert decode(page.encode()) == page
        assert decode(b"<p>plain", f"text/html; charset={label}") == "<p>plain"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_real_utf_16_is_known_by_its_bytes(encoding: str) -> None:
    page = "<html><title>分散ロック</title><body><p>複数のプロセスが資源を使う。</p></body></html>"
    for declared in ("text/html", "text/html; charset=utf-8", f"text/html; charset={encoding[:-3]}"):
        assert decode(page.encode(encoding), declared) == page
    assert decode("複数の".encode(encoding), f"text/plain; charset=utf-16{encoding[-2:]}") == "複数の"


def test_a_declaration_inside_a_comment_declares_nothing() -> None:
    page = "<!-- <meta charset=gb2312> --><meta charset=big5><p>中文網頁"
    assert decode(page.encode("big5")) == page


@given(st.binary(max_size=300), st.sampled_from(["", "utf-16", "hz", "euc-jp", "iso-2022-jp", "x", "utf-7"]))
def test_any_bytes_become_a_text(body: bytes, label: str) -> None:
    assert isinstance(decode(body, f"text/html; charset={label}"), str)
    assert isinstance(decode(f"<meta charset={label}>".encode() + body), str)
