"""A word as it stands in a text finds it, whatever the language.

The table is the promise: for each language some paragraphs, and words with the paragraph each of them is in.
"""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

import pytest

from indexer.records import Link, Mode
from tests.search.making import Make, Written

TEXTS = {
    "Chinese": (
        "使用Redis的分布式锁",
        [
            "客户端使用Redis的SET命令取得锁，并给它一个随机值和到期时间。",
            "如果持有者暂停太久，锁会过期，因此需要一个递增的令牌。",
            "释放锁之前，要先比较随机值，不能直接删除键。",
            "五个独立的主节点可以在故障时继续工作。",
        ],
    ),
    "Japanese": (
        "イベントソーシング入門",
        [
            "イベントソーシングでは、状態ではなく出来事の列を保存する。",
            "スナップショットを取ると、再生にかかる時間が短くなる。",
            "列の版番号が変わっていれば、追記は拒否される。",
            "鍵はリトライのたびに同じものを使う。",
        ],
    ),
    "Korean": (
        "메시지 큐와 재시도",
        [
            "메시지를 큐에 넣고 소비자가 하나씩 처리한다.",
            "실패한 요청은 지수 백오프로 다시 시도한다.",
            "멱등성 키가 있으면 결제가 두 번 일어나지 않는다.",
            "락을 잡은 프로세스가 멈추면 만료를 기다린다.",
        ],
    ),
    "Thai": (
        "ระบบกระจายและการล็อก",
        [
            "ระบบกระจายต้องรับมือกับเครือข่ายที่ล้มเหลว",
            "การล็อกมีวันหมดอายุและค่าแบบสุ่ม",
            "เหตุการณ์ถูกบันทึกตามลำดับในฐานข้อมูล",
            "ผู้บริโภคอ่านบันทึกตามความเร็วของตนเอง",
        ],
    ),
    "Russian": (
        "Хранилище событий",
        [
            "Состояние восстанавливается повторным чтением событий.",
            "Если версия потока изменилась, запись отклоняется.",
            "Снимок сокращает время восстановления ещё сильнее.",
            "Мой ключ идемпотентности не даёт платежу пройти дважды.",
        ],
    ),
    "German": (
        "Verteilte Sperren",
        [
            "Eine Sperre hat eine Ablaufzeit und einen zufälligen Wert.",
            "Größere Pausen des Besitzers führen zu einer abgelaufenen Sperre.",
            "Der Schlüssel muss bei jedem Wiederholungsversuch derselbe sein.",
            "Fünf unabhängige Knoten überstehen einen Ausfall; die Straße bleibt frei.",
        ],
    ),
}
ASKED = [
    ("Chinese", "到期时间", 0),
    ("Chinese", "令牌", 1),
    ("Chinese", "set命令", 0),
    ("Chinese", "什么是主节点？", 3),
    ("Chinese", "键", 2),
    ("Japanese", "スナップショット", 1),
    ("Japanese", "版番号", 2),
    ("Japanese", "ｽﾅｯﾌﾟｼｮｯﾄ", 1),
    ("Japanese", "鍵", 3),
    ("Japanese", "出来事の列とは何ですか", 0),
    ("Korean", "멱등성", 2),
    ("Korean", "소비자", 0),
    ("Korean", "백오프란 무엇인가", 1),
    ("Korean", "락", 3),
    ("Thai", "เครือข่าย", 0),
    ("Thai", "แบบสุ่ม", 1),
    ("Thai", "ฐานข้อมูล", 2),
    ("Thai", "ผู้บริโภค", 3),
    ("Russian", "версия", 1),
    ("Russian", "снимок", 2),
    ("Russian", "еще", 2),
    ("Russian", "ключ идемпотентности", 3),
    ("German", "Ablaufzeit", 0),
    ("German", "größere", 1),
    ("German", "Schlüssel", 2),
    ("German", "strasse", 3),
]


def article(language: str) -> Written:
    title, paragraphs = TEXTS[language]
    return Link(f"https://example.org/{language}", "Abroad"), title, paragraphs


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
def test_a_word_as_it_stands_in_the_text_finds_it(make: Make, mode: Mode) -> None:
    searcher = make([article(language) for language in TEXTS])
    for language, question, at in ASKED:
        answer = searcher.search(question, mode=mode)
        assert answer.hits[0].passage.text == TEXTS[language][1][at], (language, question)
        assert answer.answered or mode == "hybrid", (language, question)  # the stand-in reads no Chinese
