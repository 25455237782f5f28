"""Where the sentence with a mark in it ends, as far as the text behind the mark can tell by now."""

import re

from pipeline.segmenter.endings import Endings
from pipeline.segmenter.languages import LanguageTeller
from pipeline.segmenter.marks import (
    BARE_MARKER,
    FULL_STOPS,
    GAP,
    NEWLINES,
    OPENERS,
    SPEAKABLE,
    TAIL,
    TAIL_CUT,
    WIDE,
)
from pipeline.segmenter.quotes import goes_on_after_quote, half_open, open_quote
from pipeline.segmenter.spots import Spot, classify

UNDECIDED = -1
NO_CUT = 0
LOOK = 256
"""Characters behind a mark that may be looked at; further on nothing changes the decision."""
_LONGEST_QUOTE = 100
_LONGEST_BARE_MARKER = 8


class Judge:
    """Judges the marks of one reply, in their order.

    The verdict depends on nothing but the text up to the first letter behind the mark and one more where that is a
    small one.
    """

    __slots__ = ("_endings",)

    def __init__(self, teller: LanguageTeller) -> None:
        self._endings = Endings(teller)

    def judge(self, text: str, start: int, at: int, *, continued: bool) -> int:
        """The end of the sentence from *start* with a mark at *at*, ``NO_CUT`` or ``UNDECIDED``.

        *continued*: the sentence is the rest of a longer one, so that its first letter says nothing.
        """
        if text[at] in NEWLINES:
            return _line(text, start, at)
        if self._endings.ordinary(text, start, at):
            return at + 1
        if not SPEAKABLE.search(text, start, at):
            return NO_CUT
        if text[at] in FULL_STOPS:
            if open_quote(text, start, at) < 0:
                return at + 1
        elif text[at + 1] in NEWLINES:
            return NO_CUT  # the line break cuts
        if text.startswith(" ", at + 1) and text[at + 2 : at + 3].isalnum():  # the usual case
            return self._spot(Spot(text, start, at, at + 1), at + 2, at + 2, continued=continued)
        return self._behind(text, start, at, continued=continued)

    def is_end(self, text: str, at: int) -> int:
        """Where the sentence ends if nothing comes behind the mark at *at*; ``NO_CUT`` if it may go on."""
        tail = TAIL.match(text, at)
        end = tail.end() if tail else at
        if text[end:].strip() or not SPEAKABLE.search(text, 0, at) or half_open(text[:end]):
            return NO_CUT
        return end if self._endings.certain(Spot(text, 0, at, end)) else NO_CUT

    def _behind(self, text: str, start: int, at: int, *, continued: bool) -> int:
        """Look behind the mark: what closes, white space, what opens, a letter."""
        window = min(len(text), at + LOOK)
        more = window == len(text) < at + LOOK
        tail = TAIL.match(text, at, window)
        end = tail.end() if tail else at + 1
        gap = _skip(GAP, text, end, window)
        if gap == window or _tail_grows(text, end, window):
            return UNDECIDED if more else end
        if text[gap] in NEWLINES:
            return NO_CUT  # the line break cuts
        if text[at] in WIDE:
            return _wide(text, start, at, end, gap)
        opened = _skip(OPENERS, text, gap, window) if gap > end else gap
        if opened == window:
            if more:
                return UNDECIDED
            opened = gap
        return self._spot(Spot(text, start, at, end), gap, opened, continued=continued)

    def _spot(self, spot: Spot, gap: int, opened: int, *, continued: bool) -> int:
        """The mark with a letter behind it."""
        text = spot.text
        spot.next = classify(text[opened])
        if spot.next == "lower":
            if opened + 1 == len(text):
                return UNDECIDED
            if text[opened + 1].isupper():  # iPhone, eBay
                spot.next = "upper"
            spot.lower = not continued and _begins_small(text, spot.start)
        elif _in_code(text, spot.start, spot.end):
            return NO_CUT
        spot.first, spot.letter, spot.spaced = text[gap], text[opened], gap > spot.end
        return spot.end if self._endings.ends(spot) else NO_CUT


def _skip(pattern: re.Pattern[str], text: str, pos: int, end: int) -> int:
    found = pattern.match(text, pos, end)
    return found.end() if found else pos


def _line(text: str, start: int, at: int) -> int:
    """A line break ends the sentence, unless the line is only the marker of a list item."""
    line = text[start:at].rstrip()
    if len(line) < _LONGEST_BARE_MARKER and BARE_MARKER.fullmatch(line):
        return NO_CUT
    return start + len(line)


def _tail_grows(text: str, end: int, window: int) -> bool:
    """Whether a footnote or the address of a link has begun behind the mark and not ended."""
    if text[end] == "(" and text[end - 1] != "]":
        return False
    cut = TAIL_CUT.match(text, end, window)
    return cut is not None and cut.end() == window


def _wide(text: str, start: int, at: int, end: int, following: int) -> int:
    """A mark of Chinese or Japanese; inside a quote it ends nothing, unless the quote is long."""
    quote = open_quote(text, start, at)
    if quote < 0:
        return end
    if open_quote(text, start, end) >= 0:
        return end if at - quote > _LONGEST_QUOTE else NO_CUT
    return NO_CUT if goes_on_after_quote(text, start, quote, following) else end


def _in_code(text: str, start: int, at: int) -> bool:
    """Whether *at* is inside inline code; a backtick between letters is an apostrophe."""
    if text.count("`", start, at) % 2 == 0:
        return False
    last = text.rfind("`", start, at)
    return not (last > start and text[last - 1].isalpha() and text[last + 1].isalpha())


def _begins_small(text: str, start: int) -> bool:
    first = SPEAKABLE.search(text, start)
    return first is not None and first.group().islower()
