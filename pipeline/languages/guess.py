"""Guess the language of a single text: English, Russian, or one with a table here."""

import re

from pipeline.languages.script import CYRILLIC_LANGUAGES, OTHER_CYRILLIC_LETTERS, RUSSIAN_LETTERS, is_cyrillic
from pipeline.languages.tables import BY_SCRIPT, TABLES

_FOREIGN = re.compile(rf"[{OTHER_CYRILLIC_LETTERS}À-ÖØ-öø-ɏ]|[^\W\d_\u0000-\u058f]")
"""Letters of neither English nor Russian."""
_ADDRESS = re.compile(r"(?<!\S)\S*?(?:://|www\.|@)\S*")
_SMALL_LATIN_WORD = re.compile("(?<![A-Za-z])[a-z]+")
_RUSSIAN_WORD = re.compile(f"[{RUSSIAN_LETTERS}]+")
_COUNTS_RUSSIAN = re.compile(rf"\d\W*[{RUSSIAN_LETTERS}]|[{RUSSIAN_LETTERS}]\W*\d[\d\W]*$")
"""A number before a Russian word, or one behind it with nothing to follow."""
_LATIN_PROSE = re.compile(r"(?<![\w./@:-])[A-Za-z][a-z]{2,}(?![\w@/-]|[.:]\S)")
"""A word rather than a unit, an abbreviation or a part of a link."""
_TWO = 2
"""Common words that tell: one may be a name (El Paso) or an English word as well."""
_COMMON_WORD = re.compile("[a-z]{2,}")
_COMMON_WORDS = {language: TABLES[language].words for language in BY_SCRIPT["latin"]}
_NOT_ENGLISH = frozenset().union(*_COMMON_WORDS.values()) - _COMMON_WORDS["en"]


def guess(text: str, voice: str = "") -> str:
    """Return the base tag of the language of *text*; "" for one that is neither English nor Russian nor told by words.

    Letters decide first, then common words. Where neither tells, as in "42.", the base tag *voice* of the voice that
    reads the text does; without a voice it is English.

    This is about words, not about the voice. A voice for Cyrillic reads Latin words as English, so an English sentence
    with a Russian word in it sounds right if its numbers are English too.
    """
    if _FOREIGN.search(text):
        return _by_common_words(text)
    if is_cyrillic(text):
        return "en" if _is_mainly_english(text) else "ru"
    if language := _by_common_words(text):
        return language
    return "en" if voice in CYRILLIC_LANGUAGES and _LATIN_PROSE.search(text) else voice or "en"


def _by_common_words(text: str) -> str:
    """Return the language of which *text* has at least two common words more than of English, else ""."""
    words = set(_COMMON_WORD.findall(text.lower()))
    if len(words & _NOT_ENGLISH) < _TWO:
        return ""
    counts = {language: len(words & common) for language, common in _COMMON_WORDS.items()}
    likeliest = max(counts, key=counts.__getitem__)
    return likeliest if counts[likeliest] - counts["en"] >= _TWO else ""


def _is_mainly_english(text: str) -> bool:
    """Whether a text with Cyrillic is an English one that quotes some.

    It has more small Latin words than Cyrillic ones, and no number counts the latter. Russian sentences hold Latin
    names too, but these begin with a capital. Addresses are in neither language.
    """
    text = _ADDRESS.sub(" ", text)
    if not is_cyrillic(text):
        return True
    return len(_SMALL_LATIN_WORD.findall(text)) > len(_RUSSIAN_WORD.findall(text)) and not _COUNTS_RUSSIAN.search(text)
