"""Finds the place in the written text of each word that the voice says."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

from pipeline.events import WordMark

MOST_WORDS = 400
"""Longer texts get no marks, unless they are said as written: the time grows faster than the number of words."""

MOST_REPEATS = 10
"""A word that is said more often is placed by its neighbours: "a 5 a 5 a 5 …" would take a hundred times as long."""

# A word, an ideograph, or a sign that is said as a word, such as "$" and "+"; neither the target of a link nor HTML.
_WORD = re.compile(
    r"\]\([^()\s]*\)|</?[A-Za-z][^<>]*>"
    r"|([\u3400-\u9fff]|[^\W_\u3400-\u9fff]+|[^\w\s.,:;!?…\"'«»„“”‘’‹›()\[\]{}\-–—*~`|<>#/\\])"
)


class Stretch(NamedTuple):
    """Characters that are said, and those of the text that they stand for. ``same``: both are the same characters."""

    said_from: int
    said_to: int
    begin: int
    end: int
    same: bool


def aligned(text: str, said: str) -> list[Stretch]:
    """Match *said* with *text*, in order: each word that is in both, and as one stretch the words that are said for
    others ("five dollars" for "$5"). Leave out words that are only in one of them.
    """
    begin = len(text) - len(text.lstrip())
    if text.strip() == said:
        return [Stretch(0, len(said), begin, begin + len(said), same=True)]
    written, spoken = _words(text), _words(said)
    if max(len(written), len(spoken)) > MOST_WORDS:
        return []
    these, those = [text[a:b] for a, b in written], [said[a:b] for a, b in spoken]
    repeats = Counter(those)
    matcher = SequenceMatcher(lambda word: repeats[word] > MOST_REPEATS, these, those, autojunk=False)
    stretches: list[Stretch] = []
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(spoken[b:b_end], written[a:a_end], strict=True)
            stretches += [Stretch(*ours, *theirs, same=True) for ours, theirs in pairs]
        elif kind == "replace":
            span = (spoken[b][0], spoken[b_end - 1][1], written[a][0], written[a_end - 1][1])
            stretches.append(Stretch(*span, same=False))
    return stretches


def placed(mark: WordMark, stretches: Sequence[Stretch]) -> WordMark | None:
    """Turn *mark*, of a word that is said, into that of the word in the text. Give None if the word stands for nothing
    there, or if another word of the same stretch came before.
    """
    start, stop = mark.offset, mark.offset + mark.length
    first = bisect_right(stretches, start, key=lambda stretch: stretch.said_to)
    edges: list[int] = []
    for said_from, said_to, begin, end, same in takewhile(lambda each: each.said_from < stop, stretches[first:]):
        if same:
            edges += (begin + max(start, said_from) - said_from, begin + min(stop, said_to) - said_from)
        elif start <= said_from:
            edges += (begin, end)
    return WordMark(edges[0], edges[-1] - edges[0], mark.ms) if edges else None


def _words(text: str) -> list[tuple[int, int]]:
    return [match.span(1) for match in _WORD.finditer(text) if match[1]]
