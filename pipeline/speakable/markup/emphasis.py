"""Remove markers of bold, italic and struck-out text, but no stars and underscores that mean something.

The delimiter rules of CommonMark 0.31 (6.2), but stricter: a marker must stand at the edge of a word, so that
``2*3*4``, ``a_b_c``, ``*args`` and ``char** p`` stay. One pass with a stack for each kind: linear.
"""

import re
from dataclasses import dataclass

from pipeline.languages import is_cyrillic

RUN = re.compile(r"(?<![\\*])\*{1,3}(?!\*)|(?<![\\_])_{1,3}(?!_)|(?<![\\~])~~(?!~)")
MARKS = "*_~"
OPENERS = "([{«\"'“„‘—–-:/"
CLOSERS = ")]}»\"'”’.,;:!?…—–-/"
NOT_FIRST = ".,;:!?)]}=/\\"
"""Italic text does not begin with these; wildcards such as ``*.txt`` do."""
DUNDER = re.compile(r"[a-z0-9_]+")
WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one marker."""

    start: int
    end: int
    opens: int
    """2 at the edge of a word, 1 inside (allowed at one end of bold and struck-out text: ``**file**s``), 0 never."""
    closes: int
    """Like ``opens``."""


def without_emphasis(text: str) -> str:
    """Return *text* without pairs of markers, and without bold markers whose other half is in another segment."""
    if not any(mark in text for mark in MARKS):
        return text
    runs = [_run(text, m.start(), m.end()) for m in RUN.finditer(text)]
    gone = _paired(text, runs)
    gone.update(run for run in runs if run not in gone and _cut_off(text, run))
    pieces, done = [], 0
    for run in sorted(gone, key=lambda run: run.start):
        pieces.append(text[done : run.start])
        done = run.end
    return "".join(pieces) + text[done:]


def _run(text: str, start: int, end: int) -> Run:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    strong = end - start >= 2 and text[start] != "_"
    opens = closes = 0
    if not after.isspace() and after not in (NOT_FIRST if end - start == 1 else ",;:!?)]}=*"):
        opens = _edge(before, OPENERS, strong)
    if not before.isspace() and before not in "/\\":
        closes = _edge(after, CLOSERS, strong)
    return Run(start, end, opens, closes)


def _edge(outside: str, allowed: str, strong: bool) -> int:
    if outside.isspace() or outside in allowed or outside in MARKS:
        return 2
    return 1 if strong and outside.isalpha() else 0


def _paired(text: str, runs: list[Run]) -> set[Run]:
    gone: set[Run] = set()
    open_runs: dict[str, list[Run]] = {}
    for run in runs:
        stack = open_runs.setdefault(text[run.start : run.end], [])
        if run.closes and stack and run.closes + stack[-1].opens > 2 and _wraps(text, stack[-1], run):
            gone.update((stack.pop(), run))
        elif run.opens:
            stack.append(run)
    return gone


def _wraps(text: str, first: Run, last: Run) -> bool:
    if not WORD.search(text, first.end, min(last.start, first.end + 80)):
        return False
    dunder = text.startswith("__", first.start) and DUNDER.fullmatch(text, first.end, last.start)
    return not dunder


def _cut_off(text: str, run: Run) -> bool:
    """Whether the other half of *run* is in another segment."""
    if text[run.start] != "*":
        return False
    after = text[run.end : run.end + 1]
    if run.opens == 2 and (run.end - run.start > 1 or run.start == 0):
        return after.isupper() or is_cyrillic(after)
    return bool(run.closes) and not after and text[run.start - 1] in '.!?…:»”)"'
