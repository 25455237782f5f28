"""Remove markers of bold, italic, struck-out and highlighted text, but no stars and underscores that mean something.

The delimiter rules of CommonMark 0.31 (6.2), but stricter: a marker must stand at the edge of a word, so that
``2*3*4``, ``a_b_c``, ``*args`` and ``char** p`` stay. One pass with a stack for each kind: linear.
"""

import re
from dataclasses import dataclass

from pipeline.languages import is_cyrillic
from pipeline.speakable.language import vocabulary

RUN = re.compile(r"(?<![\\*])\*{1,3}(?!\*)|(?<![\\_])_{1,3}(?!_)|(?<![\\~])~~(?!~)|(?<![\\=!<>])==(?![=>])")
MARKS = "*_~="
OPENERS = "([{«\"'“„‘—–-:/"
CLOSERS = ")]}»\"'”’.,;:!?…—–-/"
NOT_FIRST = ".,;:!?)]}=/\\"
"""Italic text does not begin with these; wildcards such as ``*.txt`` do."""
DUNDER = re.compile(r"[a-z0-9_]+")
WORD = re.compile(r"[^\W_]")
FIRST_WORD = re.compile(r"[\[(«\"“'‘$€£₽#№]{0,2}([^\W_]+)(?![\w(=]|\.\w)")
IDENTIFIERS = vocabulary("markup")["identifiers"]
DUNDERS = vocabulary("markup")["dunder"]
POWER = re.compile(r"(?:\d|\)|(?<!\w)\w)\Z")
"""What may be raised to a power: 2 **3, x **2."""
ARGUMENTS = re.compile(r"\w\((?:[^()]*,)?\s?\Z")
NAMED = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(vocabulary('markup')['things_with_names']))})\Z", re.IGNORECASE)
FOOTNOTE = re.compile(r"[^\W\d_]{3,}\Z")
ENDED = re.compile(r"[.!?…]\s|[.,;:!?…]\Z")
SPAN = re.compile(r"`[^`]*`")

Opened = frozenset[str]
"""Markers that are open: "**"."""
NONE_OPEN: Opened = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one marker."""

    start: int
    end: int
    opens: int
    """2 at the edge of a word, 1 inside (allowed at one end of bold and struck-out text: ``**file**s``), 0 never."""
    closes: int
    """Like ``opens``."""


def without_emphasis(text: str, opened: Opened = NONE_OPEN) -> str:
    """Return *text* without pairs of markers, and without those whose other half is in another segment.

    *opened*: markers that earlier segments have left open.
    """
    if not any(mark in text for mark in MARKS):
        return text
    gone, _ = _gone(text, opened)
    pieces, done, struck = [], 0, 0
    for run in sorted(gone, key=lambda run: run.start):
        pieces.append(text[done : run.start])
        if run.closes and _is_replaced(text, struck, run):
            pieces.append(",")
        done = struck = run.end
    return "".join(pieces) + text[done:]


def _is_replaced(text: str, start: int, run: Run) -> bool:
    """Whether *run* ends struck-out text, and what replaces it follows: ``~~$50~~ $40``. A voice pauses between."""
    if (
        not text.startswith("~~", run.start)
        or not text.startswith(" ", run.end)
        or ENDED.search(text, start, run.start)
    ):
        return False
    first, last = text[start : start + 1], text[run.end + 1 : run.end + 2]
    return _kind(first) != "" and _kind(first) == _kind(last)


def _kind(first: str) -> str:
    """Return what a word with such a first character is: a name, a word, an amount; "" = none of them."""
    if first.isalpha():
        return "name" if first.isupper() else "word"
    return "amount" if first.isdigit() or (first and first in "$€£¥₽₹") else ""


def left_open(text: str, opened: Opened) -> Opened:
    """Return the markers that are open behind *text*, if *opened* were before it."""
    if not any(mark in text for mark in MARKS):
        return opened
    return _gone(SPAN.sub("", text), opened)[1]


def _gone(text: str, opened: Opened) -> tuple[set[Run], Opened]:
    """Return the markers of *text* that have no sound, and those that are open behind it."""
    runs = [_run(text, m.start(), m.end()) for m in RUN.finditer(text)]
    gone = _paired(text, runs)
    for run in runs:
        if run in gone:
            continue
        mark = text[run.start : run.end]
        if run.closes and mark in opened:
            opened -= {mark}
        elif _opens_for_later(text, run):
            opened |= {mark}
        elif not _closes_from_before(text, run):
            continue
        gone.add(run)
    return gone, opened


def _run(text: str, start: int, end: int) -> Run:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    strong = end - start >= 2 and text[start] not in "_="
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
    name = DUNDER.fullmatch(text, first.end, last.start) if text.startswith("__", first.start) else None
    return name is None or ("_" not in name[0] and name[0] not in DUNDERS)


def _opens_for_later(text: str, run: Run) -> bool:
    """Whether *run* opens text that is closed in another segment."""
    word = FIRST_WORD.match(text, run.end)
    if run.opens < 2 or word is None or word[1].lower() in IDENTIFIERS:
        return False
    before = text[: run.start].rstrip()
    if word[1].isdigit() and (run.end - run.start < 2 or POWER.search(before, max(0, len(before) - 8))):
        return False
    if not before:
        return len(word[1]) > 1 or word[1].isupper() or word[1].isdigit()
    if ARGUMENTS.search(before, max(0, len(before) - 64)):
        return False
    if text[run.start] == "_" and NAMED.search(before, max(0, len(before) - 24)):
        return False
    is_word = len(word[1]) > 2 or is_cyrillic(word[1]) or word[1] in ("I", "A")
    return run.end - run.start > 1 or (is_word and (before[-1].isalpha() or before[-1] in ":,—–"))


def _closes_from_before(text: str, run: Run) -> bool:
    """Whether *run* closes text that was opened in another segment, or is a star that points to a note."""
    if not run.closes:
        return False
    after = text[run.end : run.end + 1]
    if not after and text[run.start - 1] in '.!?…:»”)"':
        return True
    is_star = text[run.start : run.end] == "*" and run.closes == 2
    word = FOOTNOTE.search(text, max(0, run.start - 24), run.start) if is_star else None
    return word is not None and word[0] not in IDENTIFIERS and (not after or after in ".,;:!?)")
