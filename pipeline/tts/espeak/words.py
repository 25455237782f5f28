"""Finds the word of a text that an event of espeak-ng is about."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from pipeline.events import WordMark
from pipeline.tts.espeak.pieces import GAP

# An ideograph is a word by itself: there is no white space to go by.
_RUN = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
_SILENT = ".,;:!?…\"'«»„“”‘’‹›()[]{}-–—、。，！？；：（）「」"
"""Characters that belong to no word when they stand at its edges or alone."""


class Marker:
    """Turns the events of espeak-ng for *piece*, which begins at character *start* of the whole text, into marks.

    An event only tells when a word begins. White space decides which word that is, for espeak-ng counts in its own way:
    it reads numbers, emoji and addresses as several words (more events, some a character late), is a character early
    behind a full stop that ends no sentence, and reports dashes that it does not say.
    """

    def __init__(self, piece: str, start: int) -> None:
        words = list(words_of(piece))
        self._piece = piece
        self._starts = [begin for begin, _ in words]
        self._ends = [end for _, end in words]
        self._start = start
        self._begun = 0

    def mark(self, index: int, ms: float) -> WordMark | None:
        """Give the mark of the word that an event at character *index* of the piece begins; None if it has begun."""
        word = bisect_right(self._ends, index)
        if word < self._begun or word == len(self._ends):
            return None
        if self._begun and index < self._starts[word] and index == self._starts[self._begun - 1] + 1:
            return None  # between two words, just behind one of one character: that one goes on ("👍 up")
        self._begun = word + 1
        begin, end = self._starts[word], self._ends[word]
        gaps = self._piece.count(GAP, 0, begin)  # which the whole text does not have
        return WordMark(self._start + begin - gaps, end - begin, ms)


def words_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each word of *text*: between white space, without the signs at its edges."""
    for run in _RUN.finditer(text):
        word = run[0].lstrip(_SILENT)
        begin = run.end() - len(word)
        word = word.rstrip(_SILENT)
        if word:
            yield begin, begin + len(word)
