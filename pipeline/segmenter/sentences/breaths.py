"""Finds the place where a speaker would breathe within a sentence whose end has not been written yet.

A cut in doubt is no cut: it must be right for every ear, and without it the voice only starts a little later.
"""

import re

from pipeline.segmenter.sentences.breath_words import (
    AFTER_AND,
    ENGLISH_ORDERS,
    HANGING,
    JOINING,
    LEADS,
    LINKS,
    OPENING_PHRASE,
    OPENING_SENTENCE,
    STARTS,
    TELLING,
)
from pipeline.segmenter.sentences.quotes import half_open

LEAST_WORDS = 4
"""Fewer words before or behind a cut sound torn off."""
_FEWER = 3
"""So many words behind a cut tell enough, where they can begin nothing but a clause."""

_BREATH = re.compile(r"[,;:](?=\s)|(?<=\s)[—–](?=\s)")
_WORD = re.compile(r"[^\W_][\w'’-]*")
_WHOLE_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:['’-][^\W\d_]+)*")
_LAST = re.compile(rf"({_WHOLE_WORD.pattern})(?:[)»”*]|\s(?=[—–]))*[,;:—–]$")
_NEXT = re.compile(rf"\s+({_WHOLE_WORD.pattern})(?=[\s,])")
_UNFIT = re.compile(
    r"[\n\u2028\u2029`|\\{}<>=^$#]|://|^(?:[-*+•–—>·]|\d{1,3}[.)])\s"  # code, markup, formulas, list items
    r"|(?<!\w)['‘‚„]\w|\"|“"  # quotes that nobody knows the end of
)
_DASH = re.compile(r"\s[—–]\s")
_LISTING = frozenset({"and", "or"})
_NOT = {"а": "не", "but": "not"}
_ADVERB = re.compile(r"[а-яё]+о|дважды|сначала|потом|лучше|тогда|пожалуйста")
_RUSSIAN_ORDER = re.compile(r"[а-яё]+(?:й|[иь])те(?:сь)?")
_ADJECTIVE = re.compile(r"[а-яё]+(?:[ыиоея]й|[ая]я|[ое]е|[ыи]е|[ое]го|[ое]му|[ыи]ми?|[ое]м|[ую]ю|[ыи]х|о)")


def breath(text: str) -> int:
    """Return the end of the longest beginning of *text* that can be said before the rest is known; 0 if there is none.

    *text* is the open sentence, the first of an answer, as far as it has been written. The cut lies behind a comma,
    colon, semicolon or dash, with at least four words before it, and as many behind it as far as they are known. It
    lies in no quote, bracket, link or markup, and in no list, number, date, name or address.
    """
    places = [] if _UNFIT.search(text) else [place.end() for place in _BREATH.finditer(text)]
    for at in reversed(range(len(places))):
        before = places[at - 1] if at else 0
        behind = places[at + 1] if at + 1 < len(places) else len(text)
        if _stands_alone(text, places[at], before, behind):
            return places[at]
    return 0


def _stands_alone(text: str, cut: int, before: int, behind: int) -> bool:
    """Tell whether both sides of *cut* can be said alone. The places before and behind it are the nearest others."""
    last, following = _LAST.search(text, before, cut), _NEXT.match(text, cut)
    if last is None or following is None or _count(text, before, cut) < LEAST_WORDS:
        return False
    if half_open(text[:cut]) or text.count("*", 0, cut) % 2 or last[1].lower() in HANGING:
        return False
    mark = text[cut - 1]
    if mark == ",":
        return _begins_clause(text, before, cut, behind)
    if mark in "—–" and _DASH.search(text, 0, cut - 1):
        return False  # a second dash ends a remark
    return following[1][0].islower() and _count(text, cut, len(text)) >= _FEWER


def _begins_clause(text: str, before: int, cut: int, behind: int) -> bool:
    """Tell whether a clause begins behind the comma before *cut*."""
    words, said = _words(text, cut, len(text)), _words(text, 0, cut)
    first, second = words[0], words[1] if len(words) > 1 else ""
    is_sure = first in STARTS or (first in JOINING and second in STARTS)
    if len(words) < _needed(words, behind < len(text)) or (not is_sure and _is_remark(text, cut, behind)):
        return False
    if first in LINKS:
        return True
    if first in JOINING:
        is_clause = is_sure or JOINING[first] == "ru" or (second in AFTER_AND and not (before and first in _LISTING))
        return is_clause and not _is_pair(said, words)
    return not before and _ends_opening(said, words)


def _needed(words: list[str], is_parted: bool) -> int:
    """Return how many of *words*, which follow a comma, must be known. The last one may have only begun.

    Words that begin nothing but a clause tell it sooner, unless a comma follows them: *is_parted*.
    """
    if is_parted:
        return LEAST_WORDS
    if words[0] in STARTS:
        return 2
    return _FEWER if words[0] in TELLING or _is_order(words) else LEAST_WORDS


def _is_remark(text: str, cut: int, behind: int) -> bool:
    """Tell whether the words up to the next comma, if there is one, are so few that they may be a thing of a list."""
    return behind < len(text) and _count(text, cut, behind) < LEAST_WORDS


def _ends_opening(said: list[str], words: list[str]) -> bool:
    """Tell whether the main clause, or the next order, begins with *words*, behind *said*."""
    opening, first = said[0], words[0]
    if opening in OPENING_SENTENCE:
        return first in STARTS or _is_order(words) or (first in LEADS and JOINING.keys().isdisjoint(words[1:4]))
    if opening in OPENING_PHRASE:
        return first in STARTS
    return _is_order(said) and _is_order(words)


def _is_order(words: list[str]) -> bool:
    """Tell whether *words* begin an order, such as: press enter; сначала откройте меню."""
    first = words[_ADVERB.fullmatch(words[0]) is not None :][:1]
    return words[0] in ENGLISH_ORDERS or any(map(_RUSSIAN_ORDER.fullmatch, first))


def _is_pair(said: list[str], words: list[str]) -> bool:
    """Tell whether two things of one kind are joined: не чай, а кофе; милый, но очень старый; и дети, и взрослые."""
    first = words[0]
    if first in _NOT and _NOT[first] in said[-4:]:
        return True
    if first in ("и", "или"):
        return first in said
    if not _ADJECTIVE.fullmatch(said[-1]):
        return False
    return len(words) < LEAST_WORDS or any(map(_ADJECTIVE.fullmatch, words[1:3]))


def _words(text: str, start: int, end: int) -> list[str]:
    return [word.lower() for word in _WORD.findall(text, start, end)]


def _count(text: str, start: int, end: int) -> int:
    return len(_WORD.findall(text, start, end))
