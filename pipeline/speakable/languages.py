"""The languages whose words are known here, and which one a text is in."""

import re
from dataclasses import dataclass


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


def language_of(tag: str, text: str) -> Language:
    """The language that BCP-47 *tag* names; without a tag, Russian where there is Cyrillic, else English, unless some
    letter shows that it is neither: numbers in the words of a wrong language are worse than digits. So English is not
    believed of a text with Cyrillic either: a voice reads that as Russian.
    """
    code = tag.split("-")[0].lower()
    if code and not (code == "en" and CYRILLIC.search(text)):
        return KNOWN.get(code, OTHER)
    if FOREIGN.search(text):
        return OTHER
    return RUSSIAN if CYRILLIC.search(text) else ENGLISH
