"""What is known of each language, and how the language of a reply is told (tables: see README.md)."""

from pipeline.segmenter.languages.tables import CYRILLIC, LATIN, Kind, Table, in_some_table, parse, table
from pipeline.segmenter.languages.teller import LanguageTeller, script

__all__ = ["CYRILLIC", "LATIN", "Kind", "LanguageTeller", "Table", "in_some_table", "parse", "script", "table"]
