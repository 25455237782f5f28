"""The language of a single text."""

import pytest

from pipeline.languages import guess


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It is 5.", "en"),
        ("Их 5.", "ru"),
        ("Der Hund ist nicht hier.", "de"),
        ("Der Hund ist über dem Haus, und das ist schön.", "de"),
        ("Das Café hat 3 Tische.", "de"),
        ("У мене є 5 книг.", ""),
        ("Қазір 5 сағат.", ""),
        ("今は5時", ""),
    ],
)
def test_letters_and_common_words_tell(text: str, language: str) -> None:
    """Letters that neither English nor Russian has leave only languages that common words tell."""
    assert guess(text) == language
    assert guess(text, language or "en") == language


def test_the_voice_tells_where_the_text_does_not() -> None:
    """A number alone is in the language of the voice, but Latin prose before a voice for Cyrillic is English."""
    assert guess("42.", "de") == "de"
    assert guess("42.", "uk") == "uk"
    assert guess("That is 42.", "uk") == "en"
