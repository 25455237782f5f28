"""What is said for what is written: tests/data/speakable.jsonl, written from knowledge of the languages.

Each line has the language, the ``text``, what is ``spoken``, and why. Some texts are a sentence of an answer: then
``before`` has the sentences before it, ``prompt`` the question, and ``voice`` the language of the voice where neither
tells one; the request names no language.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.events import Sentence
from pipeline.speakable import Reading, ReadingOptions, speakable

pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")

GOLD = Path(__file__).parents[2] / "data" / "speakable.jsonl"
CASES = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
ALONE = [case for case in CASES if not {"before", "prompt"} & case.keys()]
LEAST = 150
OPTIONS = ReadingOptions(normalize=True, emoji="drop", code="announce", lexicons={})


def said(case: dict[str, Any]) -> str:
    if case in ALONE:
        return speakable(case["text"], case["lang"])
    reading = Reading(OPTIONS, case.get("prompt", ""))
    for before in case.get("before", []):
        reading.next(Sentence(0, before), False)
    language, words = reading.next(Sentence(0, case["text"]), False)
    return words(language, language or case.get("voice", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['lang']}: {case['text'][:40]}")
def test_is_said_as_the_gold_table_says(case: dict[str, Any]) -> None:
    """Every case is spoken as the table says, for the reason given there."""
    assert said(case) == case["spoken"], case["why"]


def test_leaves_its_own_result_alone() -> None:
    """What was made speakable once does not change a second time."""
    assert [case for case in CASES if speakable(case["spoken"], case["lang"]) != case["spoken"]] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_table_is_large_enough(language: str) -> None:
    """Both languages have enough cases, none twice."""
    texts = [case["text"] for case in ALONE if case["lang"] == language]
    assert len(texts) == len(set(texts)) >= LEAST
