"""The languages whose words are known here, and which one a text is in."""

import re
from dataclasses import dataclass

from pipeline.languages import BY_SCRIPT, table


@dataclass(frozen=True, slots=True)
class Language:
    """Words that markup needs; empty = the language has none, the mark goes without a word."""

    code: str = ""
    link: str = ""
    at: str = ""
    dot: str = ""
    done: str = ""
    not_done: str = ""
    yes: str = ""
    no: str = ""


ENGLISH = Language("en", "link to", "at", "dot", "done:", "not done:", "yes", "no")
RUSSIAN = Language("ru", "ссылка на", "собака", "точка", "сделано:", "не сделано:", "да", "нет")
OTHER = Language()

KNOWN = {"en": ENGLISH, "ru": RUSSIAN}

CYRILLIC = re.compile("[А-Яа-яЁё]")
FOREIGN = re.compile("[ІіЇїЄєҐґЎўЂђЈјЉљЊњЋћЏџЃѓЌќЀѐЍѝ]|[À-ÖØ-öø-ɏ]|[^\\W\\d_\u0000-\u058f]")
"""Letters that neither English nor Russian is written with."""


ADDRESS = re.compile(r"(?<!\S)\S*?(?:://|www\.|@)\S*")
LATIN_WORD = re.compile("(?<![A-Za-z])[a-z]+")
CYRILLIC_WORD = re.compile("[А-Яа-яЁё]+")
LATIN_PROSE = re.compile(r"(?<![\w./@:-])[A-Za-z][a-z]{2,}(?![\w@/-]|[.:]\S)")
"""A word rather than a unit, an abbreviation or a piece of a link."""

ENGLISH_READERS = frozenset({"", "en", "ru"})
"""The languages of voices that may get English words; empty = not known. The Russian one reads Latin words as English.
"""

COMMON_WORD = re.compile("[a-z]{2,}")
COMMON_WORDS = {language: table(language).words for language in BY_SCRIPT["latin"]}
COUNTS_CYRILLIC = re.compile(r"\d\W*[А-Яа-яЁё]|[А-Яа-яЁё]\W*\d[\d\W]*$")
"""A number before a Cyrillic word, or one behind it with nothing to follow."""


def language_of(tag: str, text: str, voice: str = "") -> Language:
    """The language that BCP-47 *tag* names; without a tag, told by the letters or common words, and where they don't
    tell, that of *voice*, the language of the voice that reads the text; without one, English. For numbers in the words
    of a wrong language are worse than digits. English is not believed of a text with Cyrillic: its letters tell more.

    This is about words, not about the voice. A voice for Cyrillic reads Latin words as English, so that an English
    sentence with a Russian word in it sounds right if its numbers are English too; "six" in Russian among English words
    does not.
    """
    code, reader = _base(tag), _base(voice)
    believed = code and not (code == "en" and CYRILLIC.search(text))
    language = KNOWN.get(code, OTHER) if believed else _by_letters(text, reader)
    return OTHER if language is ENGLISH and reader not in ENGLISH_READERS else language


def _by_letters(text: str, reader: str) -> Language:
    if FOREIGN.search(text):
        return OTHER
    if CYRILLIC.search(text):
        if _is_english_in_the_main(text):
            return ENGLISH
        return RUSSIAN if reader in {"", "ru"} else OTHER
    if _is_other_latin(text):
        return OTHER
    return ENGLISH if reader == "ru" and LATIN_PROSE.search(text) else KNOWN.get(reader or "en", OTHER)


def _base(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _is_other_latin(text: str) -> bool:
    """Whether *text* has at least two common words of one language more than of English: one may be a name (El Paso) or
    an English word as well.
    """
    words = set(COMMON_WORD.findall(text.lower()))
    most = max(len(words & common) for common in COMMON_WORDS.values())
    return most - len(words & COMMON_WORDS["en"]) > 1


def _is_english_in_the_main(text: str) -> bool:
    """Whether a text with Cyrillic is an English one that quotes some: more small Latin words than Cyrillic ones, and
    no number that counts the latter. Russian sentences hold Latin names, too, but these begin with a capital.
    Addresses are in neither language.
    """
    text = ADDRESS.sub(" ", text)
    if not CYRILLIC.search(text):
        return True
    return len(LATIN_WORD.findall(text)) > len(CYRILLIC_WORD.findall(text)) and not COUNTS_CYRILLIC.search(text)
