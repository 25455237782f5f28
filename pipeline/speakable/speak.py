"""From a written segment to what the voice says."""

import re
from typing import Literal

from pipeline.speakable.en.roman import seen as has_english_roman
from pipeline.speakable.en.spoken import LAST_WORDS as ENGLISH_LAST_WORDS
from pipeline.speakable.en.spoken import load as load_english
from pipeline.speakable.en.spoken import spoken as english
from pipeline.speakable.languages import ENGLISH, RUSSIAN, Language, language_of
from pipeline.speakable.markup.emojis import without_emoji
from pipeline.speakable.markup.markup import without_markup
from pipeline.speakable.ru.spoken import LAST_WORDS as RUSSIAN_LAST_WORDS
from pipeline.speakable.ru.spoken import load as load_russian
from pipeline.speakable.ru.spoken import spoken as russian
from pipeline.speakable.tidy import tidied

Emoji = Literal["drop", "name"]

PLAIN = re.compile("[A-Za-zА-Яа-яЁё\"'«“„(—][A-Za-zА-Яа-яЁё ,;:!?\"'’«»“”„()—–…-]*[.!?…]?")
"""Letters and ordinary punctuation, at most one full stop, at the end: nothing to do but for a last word that is an
abbreviation and for Roman numerals."""

ROMAN = re.compile("[IVXХ]")

PASSES = 8
"""Markup inside markup (code in a link in a table) shows only when its wrapping is gone: so the rules run until nothing
changes, which also makes the result stable. Real text needs two passes; the cap bounds the cost of nonsense."""


def speakable(text: str, language: str, voice: str = "", *, emoji: Emoji = "drop") -> str:
    """What a voice should say for *text*, one segment of a reply; "" when nothing of it has a sound.

    ``language``: BCP-47; empty = told by the words. ``voice``: BCP-47 of the voice that reads it, empty = not known;
    it counts where the words don't tell either, as "42." and "Das sind 3 kg." don't. English and Russian get numbers,
    dates, units and abbreviations as words (with the extra ``normalize``; without it they stay as written), any other
    language gets markup, links and emoji only. ``emoji``: leave pictures out, or say their names. What can be read in
    two ways stays as written.

    Pure: looks at nothing but its arguments, never raises, and leaves its own result as it is. White space is
    collapsed; there are no control characters.
    """
    text = text.strip()
    if _is_plain(text):
        return text
    text = tidied(text)
    for _ in range(PASSES):
        before = text
        text = _once(text, language_of(language, text, voice), emoji)
        if text == before:
            break
    return text


def load(language: str = "") -> None:
    """Import and build what the words of *language* need (all languages if empty), so that no sentence waits for it:
    some 30 ms for English, 60 ms for Russian. Does nothing when the extra is not installed.
    """
    known = language_of(language, "")
    if known is ENGLISH or not language:
        load_english()
    if known is RUSSIAN or not language:
        load_russian()


def _is_plain(text: str) -> bool:
    if PLAIN.fullmatch(text) is None or "  " in text:
        return False
    if text.endswith(".") and text[text.rfind(" ") + 1 : -1].lower() in LAST_WORDS:
        return False
    return ROMAN.search(text) is None or (text.isascii() and not has_english_roman(text))


LAST_WORDS = ENGLISH_LAST_WORDS | RUSSIAN_LAST_WORDS


def _once(text: str, language: Language, emoji: Emoji) -> str:
    text = without_markup(text, language)
    text = without_emoji(text, language, named=emoji == "name")
    if language is ENGLISH:
        text = english(text)
    elif language is RUSSIAN:
        text = russian(text)
    return tidied(text)
