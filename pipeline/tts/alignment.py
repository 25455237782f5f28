"""Where what is said stands in what was written."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

from pipeline.events import WordMark

MOST_WORDS = 400
"""Of longer texts no words are told, unless they are said as written: the time grows faster than they do."""

MOST_REPEATS = 10
"""A word that is said more often shows no place, but beside others: "a 5 a 5 a 5 …" would take a hundred times as long.
"""

# Words and signs that have one, such as "$" and "+"; neither where a link leads to nor HTML. An ideograph is a word.
_WORD = re.compile(
    r"\]\([^()\s]*\)|</?[A-Za-z][^<>]*>"
    r"|([\u3400-\u9fff]|[^\W_\u3400-\u9fff]+|[^\w\s.,:;!?…\"'«»„“”‘’‹›()\[\]{}\-–—*~`|<>#/\\])"
)


class Stretch(NamedTuple):
    """Characters of what is said, and those of the text they stand for. ``same``: they are the same ones."""

    said_from: int
    said_to: int
    begin: int
    end: int
    same: bool


def aligned(text: str, said: str) -> list[Stretch]:
    """What of *said* stands where in *text*, in order: each word that is in both, and as one the words that are said
    for other ones ("five dollars" for "$5"). What is only in one of them is left out.
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
    """*mark*, of a word that is said, in the text. None if it stands for nothing there, or is not the first of the
    words that together stand for something.
    """
    start, stop = mark.offset, mark.offset + mark.length
    first = bisect_right(stretches, start, key=lambda stretch: stretch.said_to)
    found: list[int] = []
    for said_from, said_to, begin, end, same in takewhile(lambda each: each.said_from < stop, stretches[first:]):
        if same:
            found += (begin + max(start, said_from) - said_from, begin + min(stop, said_to) - said_from)
        elif start <= said_from:
            found += (begin, end)
    return WordMark(found[0], found[-1] - found[0], mark.ms) if found else None


def _words(text: str) -> list[tuple[int, int]]:
    return [match.span(1) for match in _WORD.finditer(text) if match[1]]
