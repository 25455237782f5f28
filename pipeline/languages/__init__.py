"""What is known of each language, and how the language of a reply is told (tables: see README.md)."""

from pipeline.languages.abbreviations import Abbreviations
from pipeline.languages.tables import CYRILLIC, LATIN, TABLES, Kind, Table, parse, squeezed, table
from pipeline.languages.teller import LanguageTeller, candidates, script

__all__ = [
    "CYRILLIC",
    "LATIN",
    "TABLES",
    "Abbreviations",
    "Kind",
    "LanguageTeller",
    "Table",
    "candidates",
    "parse",
    "script",
    "squeezed",
    "table",
]
