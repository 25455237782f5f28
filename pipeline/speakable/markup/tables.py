"""Rows of Markdown tables."""

import re

from pipeline.speakable.language import Language

CELL = re.compile(r"(?<!\\)\|")
SEPARATOR = frozenset("|-: ")
YES = frozenset("✅✔✓☑")
NO = frozenset("❌✖✗✘☒")
VARIATION = "\ufe0f"


def is_separator(line: str) -> bool:
    """Return whether *line* is the row of dashes below the head of a table."""
    return "|" in line and "--" in line and SEPARATOR.issuperset(line)


def row(line: str, language: Language) -> str | None:
    """Return the cells of a table row, joined by commas; None if *line* is not a row.

    A check mark or a cross alone in a cell becomes yes or no, since it is all that the cell tells.
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
