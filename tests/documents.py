"""README.md and docs/, taken apart: fenced blocks and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.processes import ROOT

NAMED = re.compile(r"(?:#|//) (\S+\.\w+)\n")
"""The first line of a block that is a file."""
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def blocks(document: Path) -> Iterator[tuple[str, str]]:
    """The fenced blocks: language and text."""
    return ((found[1], found[2]) for found in re.finditer(r"^```(\w*)\n(.*?)^```$", document.read_text(), re.M | re.S))


def rows(document: Path, first: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of all tables whose first column is *first*, each with the heading that it stands under."""
    heading, within = "", False
    for line in document.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        heading = line if line.startswith("#") else heading
        if within and cells and not cells[0].startswith("---"):
            yield heading, cells
        within = bool(cells) and (within or cells[0] == first)
