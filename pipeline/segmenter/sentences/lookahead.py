"""Judges a mark by the text behind it, as far as that has come."""

import re

from pipeline.languages import LanguageTeller
from pipeline.segmenter.sentences import items, names
from pipeline.segmenter.sentences.mark import Past, Spot, classify, marks
from pipeline.segmenter.sentences.marks import (
    BARE_MARKER,
    FULL_STOPS,
    GAP,
    IN_WORD,
    MARK_CHARS,
    NEWLINES,
    OPENERS,
    SPEAKABLE,
    TAIL,
    TAIL_CUT,
    WIDE,
)
from pipeline.segmenter.sentences.quotes import goes_on_after_quote, half_open, open_quote
from pipeline.segmenter.sentences.rules import certain, ends, is_hanging_quote
from pipeline.segmenter.sentences.words import hangs_on_word, is_plain_word

UNDECIDED = -1
NO_CUT = 0
LOOK = 256
"""How many characters behind a mark may matter."""
_LONGEST_QUOTE = 100
_WIDE_OPENER = re.compile("[“‘]")
"""In Chinese these open. In German they close."""
_LONGEST_BARE_MARKER = 8
_FORMULA = re.compile(r"\$(?:\\|[^\W\d_](?![^\W\d_]))")


def judge(text: str, at: int, teller: LanguageTeller, past: Past) -> int:
    """Return the end of the first sentence of *text* if its mark at *at* ends it; else ``NO_CUT`` or ``UNDECIDED``.

    The marks of a reply must be judged in their order; *teller* tells its language. The verdict depends only on the
    text up to the first letter behind the mark, on one character more behind a small letter, and on the whole word
    where the word decides.
    """
    mark = text[at]
    if mark in NEWLINES:
        return _line(text, at)
    behind = text[at + 1 : at + 3]
    if (not behind or behind == " ") and mark not in FULL_STOPS:
        return UNDECIDED if SPEAKABLE.search(text, 0, at) else NO_CUT
    spaced = len(behind) > 1 and behind[0] == " " and behind[1].isalnum()
    if spaced and behind[1].isupper() and mark in ".?!" and is_plain_word(text, at, teller):
        return at + 1  # most sentences end in this way
    if mark == "." and not spaced and IN_WORD.match(text, at):
        return NO_CUT
    if not SPEAKABLE.search(text, 0, at) or (behind and behind[0] in NEWLINES and mark not in FULL_STOPS):
        return NO_CUT  # the line break behind the mark cuts
    if mark in FULL_STOPS and open_quote(text, at) < 0 and text.count("**", 0, at) % 2 == 0:
        return at + 1
    spot = Spot(text, at, at + 1, mark if mark in MARK_CHARS else "", teller, past)
    return _letter(spot, at + 2, at + 2) if spaced else _behind(spot)


def is_end(text: str, at: int, teller: LanguageTeller, past: Past, *, doubtful: bool = False) -> int:
    """Return the end of the sentence if nothing comes behind the mark at *at*; ``NO_CUT`` if it may go on.

    *doubtful*: a number, a single letter or an abbreviation may be the end, too.
    """
    if text[at + 1 : at + 2].isalnum() and text.endswith(".") and names.reaches_end(text, at):
        at = len(text) - 1  # of See Photo.JPG.
    tail = TAIL.match(text, at)
    end = tail.end() if tail else at
    if text[end:].strip() or not SPEAKABLE.search(text, 0, at) or half_open(text[:end]):
        return NO_CUT
    spot = Spot(text, at, end, marks(text, at, end), teller, past)
    return end if (not spot.is_list_marker() if doubtful else certain(spot)) else NO_CUT


def _behind(spot: Spot) -> int:
    """Look for closing marks, white space, opening marks and a letter, in this order."""
    text, at = spot.text, spot.at
    window = min(len(text), at + LOOK)
    more = window == len(text) < at + LOOK
    tail = TAIL.match(text, at, window)
    end = max(tail.end(), at + 1) if tail else at + 1
    if text[at] in WIDE and (quote := _WIDE_OPENER.search(text, at + 1, end)):
        end = quote.start()
    if end > at + 1:
        spot.end, spot.mark = end, marks(text, at, end)
    gap = _skip(GAP, text, end, window)
    if gap == window or _tail_grows(text, end, window):
        return UNDECIDED if more else end
    if text[gap] in NEWLINES:
        return NO_CUT  # the line break cuts
    if text[at] in WIDE:
        return _wide(text, at, end, gap)
    opened = _skip(OPENERS, text, gap, window) if gap > end or text[gap] in "¿¡" else gap
    if opened == window:
        if more:
            return UNDECIDED
        opened = gap
    return _letter(spot, gap, opened)


def _letter(spot: Spot, gap: int, opened: int) -> int:
    """Judge the mark with white space behind it up to *gap* and a letter at *opened*."""
    text = spot.text
    spot.first, spot.letter, spot.spaced, spot.opened = text[gap], text[opened], gap > spot.end, opened
    spot.next = classify(spot.letter)
    if spot.next == "lower":
        if opened + 1 == len(text):
            return UNDECIDED
        if text[opened + 1].isupper():  # iPhone, eBay
            spot.next = "upper"
    elif text.find("`", 0, spot.end) >= 0 and _in_code(text, spot.end):
        return NO_CUT
    if text.find("$", 0, spot.end) >= 0 and _in_formula(text, spot.end):
        return NO_CUT
    if spot.next == "uncased" and is_hanging_quote(spot):
        return UNDECIDED
    if spot.mark != ".":
        return spot.end if ends(spot) else NO_CUT
    return _dot(spot)


def _dot(spot: Spot) -> int:
    text, at = spot.text, spot.at
    if not spot.spaced and spot.next == "upper":
        in_name = names.in_name(text, at)
        if in_name is None:
            return UNDECIDED
        if in_name:
            return NO_CUT
    if spot.next == "upper" and hangs_on_word(spot):
        return UNDECIDED
    if spot.spaced and text[at - 1].isdigit() and (start := items.item_begins(spot)):
        return NO_CUT if items.is_joined(text, start) else len(text[:start].rstrip())
    return spot.end if ends(spot) else NO_CUT


def _skip(pattern: re.Pattern[str], text: str, pos: int, end: int) -> int:
    match = pattern.match(text, pos, end)
    return match.end() if match else pos


def _line(text: str, at: int) -> int:
    """Judge a line break: it ends the sentence, unless the line is only the marker of a list item."""
    line = text[:at].rstrip()
    if len(line) < _LONGEST_BARE_MARKER and BARE_MARKER.fullmatch(line):
        return NO_CUT
    return len(line)


def _tail_grows(text: str, end: int, window: int) -> bool:
    """Tell whether a footnote, the address of a link or a tag has begun behind the mark and not ended."""
    if text[end] == "(" and text[end - 1] != "]":
        return False
    cut = TAIL_CUT.match(text, end, window)
    return cut is not None and cut.end() == window


def _wide(text: str, at: int, end: int, following: int) -> int:
    """Judge a mark of Chinese or Japanese. Inside a quote it ends nothing, unless the quote is long."""
    quote = open_quote(text, at)
    if quote < 0:
        return end
    if open_quote(text, end) >= 0:
        return end if at - quote > _LONGEST_QUOTE else NO_CUT
    goes_on = goes_on_after_quote(text, quote, at, following)
    if goes_on is None:
        return UNDECIDED
    return NO_CUT if goes_on else end


def _in_formula(text: str, at: int) -> bool:
    """Tell whether *at* is inside ``$a. B$``. A price has a digit behind its sign, a variable of a shell a word."""
    return text.count("$", 0, at) % 2 == 1 and _FORMULA.match(text, text.rfind("$", 0, at)) is not None


def _in_code(text: str, at: int) -> bool:
    """Tell whether *at* is inside inline code. A backtick between letters is an apostrophe."""
    if text.count("`", 0, at) % 2 == 0:
        return False
    last = text.rfind("`", 0, at)
    return not (last > 0 and text[last - 1].isalpha() and text[last + 1].isalpha())
