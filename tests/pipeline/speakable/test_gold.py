"""What is said for what is written: tests/data/speakable.jsonl, written from knowledge of the languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.speakable import speakable

pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")

GOLD = Path(__file__).parents[2] / "data" / "speakable.jsonl"
CASES = [json.loads(line) for line in GOLD.read_text("utf-8").splitlines()]
LEAST = 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['lang']}: {case['text'][:40]}")
def test_is_said_as_the_gold_table_says(case: dict[str, Any]) -> None:
    """Every case is spoken as the table says, for the reason given there."""
    assert speakable(case["text"], case["lang"]) == case["spoken"], case["why"]


def test_leaves_its_own_result_alone() -> None:
    """What was made speakable once does not change a second time."""
    assert [case for case in CASES if speakable(case["spoken"], case["lang"]) != case["spoken"]] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_table_is_large_enough(language: str) -> None:
    """Both languages have enough cases, none twice."""
    texts = [case["text"] for case in CASES if case["lang"] == language]
    assert len(texts) == len(set(texts)) >= LEAST
