"""Which sentences tell the language of an answer."""

import pytest

from pipeline.languages import is_letterless, told

LETTERLESS = [
    "42.",
    "700 ₽",
    "16:20.",
    "$5",
    "5 km",
    "10 GB",
    "100 km/h",
    "2–3 kg",
    "USD 50",
    "½",
    "+7 900 123-45-67",
    "…",
    "",
]
LETTERS = ["A 5", "5 books", "5 кг", "at 5", "4:20 pm", "4 PM", "km", "iPhone 15", "COVID-19"]


@pytest.mark.parametrize("text", LETTERLESS)
def test_without_letters(text: str) -> None:
    """Numbers, signs, currencies and Latin units tell no language."""
    assert is_letterless(text)
    assert told(text) is None


@pytest.mark.parametrize("text", LETTERS)
def test_with_letters(text: str) -> None:
    """Anything else has letters that a voice reads in some language."""
    assert not is_letterless(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The sum is this:", "en"),
        ("Вот сумма:", "ru"),
        ("Das ist nicht die Summe.", "de"),
        ("Samsung Galaxy", None),
        ("OK.", None),
        ("iPhone 15 Pro", None),
        ("总和是", ""),
    ],
)
def test_told(text: str, language: str | None) -> None:
    """Names in Latin letters tell nothing; a language that is not known is no other one either."""
    assert told(text) == language
