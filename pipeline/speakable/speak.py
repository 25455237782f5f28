"""Turn a written segment into what the voice says."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from pipeline.languages import CYRILLIC_LANGUAGES, RUSSIAN_LETTERS, base_tag, guess, is_cyrillic
from pipeline.speakable import formulas, signs
from pipeline.speakable.en import ENGLISH
from pipeline.speakable.language import OTHER, Language
from pipeline.speakable.lexicon import Lexicon, shown
from pipeline.speakable.markup.emojis import without_emoji
from pipeline.speakable.markup.emphasis import NONE_OPEN, Opened
from pipeline.speakable.markup.lines import without_markup
from pipeline.speakable.ru import RUSSIAN
from pipeline.speakable.tidy import tidied

LANGUAGES = {language.code: language for language in (ENGLISH, RUSSIAN)}
"""The languages whose words are known. A new one is a package or a module beside this file, and an entry here."""

Emoji = Literal["drop", "name"]

NO_LEXICONS: Mapping[str, Lexicon] = {}

_PLAIN = re.compile(f"[A-Za-z{RUSSIAN_LETTERS}\"'«“„(—][A-Za-z{RUSSIAN_LETTERS} ,;:!?\"'’«»“”„()—–…-]*[.!?…]?")
"""Letters and ordinary punctuation with at most one full stop, at the end."""
_SAID = re.compile(r"(?<=\s)-(?:-?[A-Za-z]|[.,;:!?)]|$)|\b[A-Za-z]:[A-Za-z]\b|::")
"""A hyphen or a colon that may be said."""
_LAST_WORDS = frozenset(word for language in LANGUAGES.values() for word in language.last_words)

_PASSES = 8
"""Markup inside markup (code in a link in a table) shows only when its wrapping is gone, so the rules run until nothing
changes, which also makes the result stable. Real text needs two passes; the caps bound the cost of nonsense."""
_LONG = 2_000
_PASSES_OF_LONG = 2
"""Characters that no sentence has, and the passes over a text with so many."""


def _nothing_hidden(text: str) -> str:
    return text


def speakable(
    text: str,
    language: str,
    voice: str = "",
    *,
    emoji: Emoji = "drop",
    opened: Opened = NONE_OPEN,
    lexicons: Mapping[str, Lexicon] = NO_LEXICONS,
) -> str:
    """Return what a voice should say for *text*, one segment of a reply; "" when nothing in it has a sound.

    ``language``: BCP-47; empty = guessed from the text. ``voice``: BCP-47 of the voice that reads it; empty = unknown.
    It counts where the text does not tell its language, as in "42.". English and Russian get numbers, dates, units and
    abbreviations as words (with the extra ``normalize``; without it numbers stay as written), and signs and formulas in
    any case; other languages only lose markup, links and emoji. ``emoji``: leave pictures out, or say their names.
    ``opened``: marks of bold or italic text that the sentences before have left open. ``lexicons``: by base tag; their
    words go before all rules, and no rule changes what is said for them. What can be read in two ways keeps its signs,
    or has them said ("three slash four").

    Pure: looks at nothing but its arguments, never raises, and returns its own result unchanged. White space is
    collapsed; there are no control characters.
    """
    text = text.strip()
    lexicon = lexicons.get(code_of(language, text, voice)) if lexicons else None
    if _is_plain(text):
        return lexicon.replaced(text) if lexicon else text
    fixed = language_of(language, text, voice) if lexicon else None  # letters that are hidden do not tell it
    kept: list[str] = []
    hide = partial(lexicon.hidden, kept=kept) if lexicon else _nothing_hidden
    text = tidied(text)
    for _ in range(_PASSES if len(text) < _LONG else _PASSES_OF_LONG):
        before = text
        text = _once(text, fixed or language_of(language, text, voice), emoji, opened, hide)
        if text == before:
            break
    return shown(text, kept)


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
    reader = base_tag(voice)
    language = LANGUAGES.get(code_of(tag, text, voice), OTHER)
    asked = base_tag(tag) == language.code and language.code in CYRILLIC_LANGUAGES
    return language if not reader or reader in language.readers or asked else OTHER


def code_of(tag: str, text: str, voice: str = "") -> str:
    """Return the base tag of the language of *text*: see ``language_of``; "" = not known."""
    code = base_tag(tag)
    asked = bool(code) and not (code == "en" and is_cyrillic(text))
    return code if asked else guess(text, base_tag(voice))


def _is_plain(text: str) -> bool:
    """Whether no rule changes *text*. Most sentences are plain, and the rules cost some twenty times as much."""
    if _PLAIN.fullmatch(text) is None or "  " in text or _SAID.search(text):
        return False
    if text.endswith(".") and text[text.rfind(" ") + 1 : -1].lower() in _LAST_WORDS:
        return False
    return not any(language.may_change(text) for language in LANGUAGES.values())


def _once(
    text: str,
    language: Language,
    emoji: Emoji,
    opened: Opened = NONE_OPEN,
    hide: Callable[[str], str] = _nothing_hidden,
) -> str:
    text = hide(without_markup(formulas.spoken(text, language), language, opened))
    text = without_emoji(text, language.code, named=emoji == "name")
    prepared = tidied(signs.before_numbers(text, language))
    text = language.spoken(prepared)
    if text != prepared and len(text) < _LONG:
        text = language.spoken(text)  # a number in words may tell what the one beside it is, before signs are named
    return tidied(signs.behind_numbers(text, language))
