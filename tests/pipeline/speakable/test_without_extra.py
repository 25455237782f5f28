"""Speakable text where num2words and pymorphy3 are not installed."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from pipeline.speakable import load, numerals, speakable
from pipeline.speakable.markup.emojis import _names, _package
from pipeline.speakable.ru import forms, grammar

CACHED = (
    *(numerals._num2words, numerals.words, grammar._analyzer, grammar.parses, grammar.nouns),
    *(grammar.oblique, forms.inflected, _package, _names),
)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the extra can be imported."""

    def refuse(name: str) -> ModuleType:
        raise ImportError(name)

    for cached in CACHED:
        cached.cache_clear()
    for module in ("numerals", "ru.grammar", "markup.emojis"):
        monkeypatch.setattr(f"pipeline.speakable.{module}.import_module", refuse)
    yield
    for cached in CACHED:
        cached.cache_clear()


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("**You** have 3 [files](a.b), e.g. 5 km.", "en", "You have 3 files, for example 5 km."),
        ("- **У вас** 3 файла, т.е. 5 км.", "ru", "У вас 3 файла, то есть 5 км."),
        ("На стр. 5 и ул. Ленина в XX веке.", "ru", "На стр. 5 и ул. Ленина в XX веке."),
        ("Done 🎉 1️⃣", "en", "Done 1"),
    ],
)
def test_numbers_stay_as_digits(text: str, language: str, said: str) -> None:
    """Markup, links and plain abbreviations need no package; numbers and cases stay as written."""
    assert speakable(text, language) == said


@pytest.mark.usefixtures("missing")
def test_loading_ahead_is_harmless() -> None:
    """A server may load ahead whether the extra is there or not."""
    load()
    assert speakable("5 km", "en") == "5 km"


@pytest.mark.usefixtures("missing")
def test_emoji_have_names_without_the_package() -> None:
    """The names come from Unicode where the emoji package is missing."""
    assert speakable("Great 🎉", "ru", emoji="name") == "Great party popper"
