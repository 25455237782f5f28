"""Rows of Markdown tables."""

import re

from pipeline.speakable.language import Language

CELL = re.compile(r"(?<!\\)\|")
SEPARATOR = frozenset("|-: ")
YES = frozenset("✅✔✓☑")
NO = frozenset("❌✖✗✘☒")
VARIATION = "\ufe0f"


def is_separator(line: str) -> bool:
    """Whether *line* is the row of dashes below a table's head."""
    return "|" in line and "--" in line and SEPARATOR.issuperset(line)


def row(line: str, language: Language) -> str | None:
    """The cells of a table row, joined by commas; None if *line* is none. A mark alone in a cell is said as yes or no:
    it is all that the cell tells.
    """
    if len(line) < 3 or not (line.startswith("|") and line.endswith("|")):
        return None
    cells = CELL.split(line[1:-1])
    spaced = line.startswith("| ") and line.endswith(" |")
    if not spaced and (len(cells) < 2 or " |" in line or "| " in line):
        return None  # |x| is an absolute value
    return ", ".join(_cell(cell.strip(), language) for cell in cells if cell.strip())


def _cell(cell: str, language: Language) -> str:
    mark = cell.strip(VARIATION)
    if mark in YES:
        return language.yes or cell
    if mark in NO:
        return language.no or cell
    return cell
