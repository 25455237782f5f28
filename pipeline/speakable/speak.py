"""Turn a written segment into what the voice says."""

import re
from typing import Literal

from pipeline.languages import CYRILLIC_LANGUAGES, RUSSIAN_LETTERS, base_tag, guess, is_cyrillic
from pipeline.speakable.en import ENGLISH
from pipeline.speakable.language import OTHER, Language
from pipeline.speakable.markup.emojis import without_emoji
from pipeline.speakable.markup.lines import without_markup
from pipeline.speakable.ru import RUSSIAN
from pipeline.speakable.tidy import tidied

LANGUAGES = {language.code: language for language in (ENGLISH, RUSSIAN)}
"""The languages whose words are known. A new one is a package or a module beside this file, and an entry here."""

Emoji = Literal["drop", "name"]

_PLAIN = re.compile(f"[A-Za-z{RUSSIAN_LETTERS}\"'«“„(—][A-Za-z{RUSSIAN_LETTERS} ,;:!?\"'’«»“”„()—–…-]*[.!?…]?")
"""Letters and ordinary punctuation with at most one full stop, at the end."""
_LAST_WORDS = frozenset(word for language in LANGUAGES.values() for word in language.last_words)

_PASSES = 8
"""Markup inside markup (code in a link in a table) shows only when its wrapping is gone, so the rules run until nothing
changes, which also makes the result stable. Real text needs two passes; the caps bound the cost of nonsense."""
_LONG = 2_000
_PASSES_OF_LONG = 2
"""Characters that no sentence has, and the passes over a text with so many."""


def speakable(text: str, language: str, voice: str = "", *, emoji: Emoji = "drop") -> str:
    """Return what a voice should say for *text*, one segment of a reply; "" when nothing in it has a sound.

    ``language``: BCP-47; empty = guessed from the text. ``voice``: BCP-47 of the voice that reads it; empty = unknown.
    It counts where the text does not tell its language, as in "42.". English and Russian get numbers, dates, units and
    abbreviations as words (with the extra ``normalize``; without it numbers stay as written), other languages only lose
    markup, links and emoji. ``emoji``: leave pictures out, or say their names. What can be read in two ways keeps its
    signs, or has them said ("three slash four").

    Pure: looks at nothing but its arguments, never raises, and returns its own result unchanged. White space is
    collapsed; there are no control characters.
    """
    text = text.strip()
    if _is_plain(text):
        return text
    text = tidied(text)
    for _ in range(_PASSES if len(text) < _LONG else _PASSES_OF_LONG):
        before = text
        text = _once(text, language_of(language, text, voice), emoji)
        if text == before:
            break
    return text


def load() -> None:
    """Import and build what numbers need, so that no sentence waits for it: some 30 ms for English, 60 ms for Russian.

    Does nothing when the extra ``normalize`` is not installed.
    """
    for language in LANGUAGES.values():
        language.load()


def language_of(tag: str, text: str, voice: str = "") -> Language:
    """Return the language whose words *text* gets: that of the BCP-47 *tag*, without a tag the one of the text itself.

    English is not believed of a text with Cyrillic letters: its letters tell more. Numbers in the words of a wrong
    language are worse than digits, so no voice gets words that it cannot read. Cyrillic words are an exception where
    they are asked for: their letters bring a voice that reads them.
    """
    code, reader = base_tag(tag), base_tag(voice)
    asked = bool(code) and not (code == "en" and is_cyrillic(text))
    language = LANGUAGES.get(code if asked else guess(text, reader), OTHER)
    readable = not reader or reader in language.readers or (asked and code in CYRILLIC_LANGUAGES)
    return language if readable else OTHER


def _is_plain(text: str) -> bool:
    """Whether no rule changes *text*. Most sentences are plain, and the rules cost some twenty times as much."""
    if _PLAIN.fullmatch(text) is None or "  " in text:
        return False
    if text.endswith(".") and text[text.rfind(" ") + 1 : -1].lower() in _LAST_WORDS:
        return False
    return not any(language.may_change(text) for language in LANGUAGES.values())


def _once(text: str, language: Language, emoji: Emoji) -> str:
    text = without_markup(text, language)
    text = without_emoji(text, language.code, named=emoji == "name")
    return tidied(language.spoken(text))
