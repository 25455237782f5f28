"""What all stages know of languages: scripts, tags, the tables of the sentence rules, the language of a reply."""

from pipeline.languages.abbreviations import Abbreviations
from pipeline.languages.guess import guess
from pipeline.languages.script import (
    ALPHABETS,
    CYRILLIC_LANGUAGES,
    CYRILLIC_LETTER,
    RUSSIAN_LETTERS,
    base_tag,
    is_cyrillic,
    script,
    script_for,
    script_of,
    tag_forms,
)
from pipeline.languages.tables import BY_SCRIPT, TABLES, Kind, squeezed, table
from pipeline.languages.teller import LanguageTeller, candidates
from pipeline.languages.told import is_letterless, told

__all__ = [
    "ALPHABETS",
    "BY_SCRIPT",
    "CYRILLIC_LANGUAGES",
    "CYRILLIC_LETTER",
    "RUSSIAN_LETTERS",
    "TABLES",
    "Abbreviations",
    "Kind",
    "LanguageTeller",
    "base_tag",
    "candidates",
    "guess",
    "is_cyrillic",
    "is_letterless",
    "script",
    "script_for",
    "script_of",
    "squeezed",
    "table",
    "tag_forms",
    "told",
]
