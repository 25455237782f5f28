"""What is known of each language, and how the language of a reply is told (tables: see README.md)."""

from pipeline.languages.abbreviations import Abbreviations
from pipeline.languages.script import (
    ALPHABETS,
    CYRILLIC_LANGUAGES,
    CYRILLIC_LETTER,
    base_tag,
    is_cyrillic,
    script,
    tag_forms,
)
from pipeline.languages.tables import CYRILLIC, LATIN, TABLES, Kind, Table, parse, squeezed, table
from pipeline.languages.teller import LanguageTeller, candidates

__all__ = [
    "ALPHABETS",
    "CYRILLIC",
    "CYRILLIC_LANGUAGES",
    "CYRILLIC_LETTER",
    "LATIN",
    "TABLES",
    "Abbreviations",
    "Kind",
    "LanguageTeller",
    "Table",
    "base_tag",
    "candidates",
    "is_cyrillic",
    "parse",
    "script",
    "squeezed",
    "table",
    "tag_forms",
]
