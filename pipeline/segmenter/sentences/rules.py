"""The rules: whether a mark ends the sentence, by the words before it and the letter or word that follows."""

import re

from pipeline.languages import Kind, script, table
from pipeline.segmenter.sentences.items import is_first
from pipeline.segmenter.sentences.mark import LONGEST_WORD, Spot, classify
from pipeline.segmenter.sentences.marks import AMOUNTS, STRONG, SURE_OPENERS, WIDE
from pipeline.segmenter.sentences.people import bare_letter_follows, is_behind_surname
from pipeline.segmenter.sentences.words import (
    abbreviation,
    goes_on_before,
    is_label,
    is_label_of,
    is_ordinal,
    languages,
    may_be_pronoun,
    opener_follows,
    opens_with_year,
    takes_number,
)

_ADDRESS = re.compile(r"[./@:\\_=&#]")
_NUMBER = re.compile(r"[\d.,:/]*\d")
_INITIALS = re.compile(r"(?:[^\W\d_]\.[-‑]?)+[^\W\d_]")
_INITIAL = re.compile(r"[^\W\d_]\.")
_ROMAN = re.compile(r"I|[IVX]{2,}")
"""A Roman ordinal. A V or X alone is an initial."""
_PART_OF = re.compile(
    r"(?:(?:in|to|from|of|across|within|outside|than|and|with)(?: the)?|by the)\s+\S+\Z", re.IGNORECASE
)
_SENTENCE_STARTERS = frozenset("TIHAWYBOMF")
_COUNT = re.compile(r"\d{1,3}(?:\.?º)?|\d+[.,]\d+")
"""A number of which a letter is the unit or the part: 2.25 A, 12 B. A year is none: In 1905 A. Einstein."""
_DECIMAL = re.compile(r"[$€£¥]?\d+[.,]\d+")
"""Behind it a letter is a unit."""
_POINTS = frozenset("NSEWO")
"""Points of the compass, which stand between a number and a name: 220 W. Maple Ave."""
_WORK = re.compile(r"(?:№|\b[Nn]o\.|\b[Oo]p\.|соч\.)\s?\d+\s\w\Z")
"""A work and its author: Symphony No. 9 L."""
_BRANDS = frozenset(
    {"яндекс", "yandex", "mail", "system", "math", "console", "node", "vue", "asp", "booking", "microsoft", "google"}
)
"""Words with a dot and a capital behind them in one name: Яндекс.Карты, Console.WriteLine."""
_PARTICLES = frozenset("라고하라며는이")
_JOINS = frozenset(
    {"और", "या", "तो", "कि", "وهو", "وهي", "وهم", "وهما"}
    | {"또는", "혹은", "같은", "라고", "이라고", "라는", "이라는", "하고", "처럼", "등"}
)
"""Words that join a quote to the rest of its sentence."""
_QUOTES = frozenset('"«»“”„')
_CLOSED = frozenset('"”»’')
_INTRODUCES = frozenset(":,،")
"""Behind these, a quote is a whole sentence."""
_DASHES = frozenset("–—-")
_HESITATION = 6
"""Fewer Chinese or Japanese characters before an ellipsis are only an "er ..."."""
_ORDINAL_BY_CAPITAL = ("de", "tr")
_CAPITALS = ("upper", "uncased")


def ends(spot: Spot) -> bool:
    """Tell whether the sentence ends at ``spot.end``."""
    if spot.next == "other" or ((spot.next == "uncased" or spot.first in _DASHES) and spot.in_brackets()):
        return False
    mark = spot.mark
    if mark == ".":
        return not spot.is_list_marker() and _dot(spot)
    if not mark:
        return _face(spot)
    if mark[0] in ".…" and not any(char in STRONG for char in mark):
        return _ellipsis(spot)
    return _strong(spot)


def certain(spot: Spot) -> bool:
    """Tell whether the sentence has ended, without the text that follows."""
    if spot.mark != ".":
        return True
    word, before = spot.words()
    if len(word) < 2 or not word[-1].isalpha() or "." in word or _ROMAN.fullmatch(word) or spot.is_list_marker():
        return False
    return abbreviation(spot, word, before) is None


# Marks that only end sentences


def _strong(spot: Spot) -> bool:
    text, at = spot.text, spot.at
    if text[at - 1] in "([" and text[spot.end - 1] in ")]":  # (!) and (?) are remarks
        return False
    word, before = spot.words()
    if spot.next == "uncased" or (not spot.spaced and text[at] in WIDE):
        if not spot.spaced and word[-1:].isascii() and abbreviation(spot, word + text[at], before):
            return False
        return not (_is_joined(spot) or _goes_on_after_quote(spot))
    if spot.first in "¿¡":
        return True
    if not spot.spaced:
        return spot.next == "upper" and not _ADDRESS.search(word)
    if abbreviation(spot, word + text[at], before) or (may_be_pronoun(spot) and _goes_on_after_quote(spot)):
        return False
    return spot.next != "lower" or _may_begin_small(spot, word)


def _face(spot: Spot) -> bool:
    """Judge a smiling face: it stands for a mark, but not in German, where any noun has a capital."""
    if not spot.spaced or spot.next != "upper" or (may_be_pronoun(spot) and spot.text[spot.at] not in "()/"):
        return False
    return languages(spot)[0] != "de"


# The dot


def _dot(spot: Spot) -> bool:
    if spot.next == "uncased" and _goes_on_after_quote(spot):
        return False
    word, before = spot.words()
    if spot.next == "lower" and not (spot.first in SURE_OPENERS or _may_begin_small(spot, word)):
        return False
    return (_dot_and_space if spot.spaced else _dot_without_space)(spot, word, before)


def _dot_and_space(spot: Spot, word: str, before: str) -> bool:
    if spot.is_closed() or spot.first in "¿¡":
        return True
    if _goes_with_next(spot, word, before):
        return False
    if len(word) == 1 and (is_label(spot, word, before) or _DECIMAL.fullmatch(before)):
        return spot.next in _CAPITALS
    kind = abbreviation(spot, word, before)
    if kind and not (len(word) == 1 and word.isupper() and opener_follows(spot)):
        return _abbreviation_ends(spot, kind, before)
    if len(word) == 1 and word.isalpha():
        return _initial_ends(spot, word, before)
    if word and word[-1].isdigit() and _NUMBER.fullmatch(word):
        return _number(spot, word, before)
    if "." in word and _INITIALS.fullmatch(word):
        return word.replace(".", "").isalpha() and _acronym(spot)  # no J.-P.
    return True


def _goes_with_next(spot: Spot, word: str, before: str) -> bool:
    """Tell whether the word before the dot belongs to the one behind it: the first item, III. Band, род. 1950."""
    if is_first(spot.text, spot.at) or takes_number(spot, word, before):
        return True
    return spot.next == "upper" and _ROMAN.fullmatch(word) is not None and is_ordinal(spot, before)


def _dot_without_space(spot: Spot, word: str, before: str) -> bool:
    """Judge a dot without a space: ``Done.Next`` is two sentences; example.com, 3.5 and Node.js are not."""
    if spot.first in "¿¡":
        return True
    if len(word) < 2 or _ADDRESS.search(word) or word.lower() in _BRANDS:
        return False
    if abbreviation(spot, word, before):
        return False
    last = spot.text[spot.at - 1]
    if spot.next == "uncased":
        return classify(last) == "uncased"
    if last.isdigit() and languages(spot)[0] in _ORDINAL_BY_CAPITAL:
        return False
    return spot.next == "upper" and not last.isupper() and not _joins_names(spot, word, before)


def _joins_names(spot: Spot, word: str, before: str) -> bool:
    """Tell whether the dot joins two words with capitals inside a sentence: in Array.Map. German nouns all have one."""
    return word[0].isupper() and before != "" and not opener_follows(spot) and languages(spot)[0] != "de"


def _number(spot: Spot, word: str, before: str) -> bool:
    """Judge the dot behind a number: it may make the number an ordinal or a part of a date."""
    if spot.next == "lower":
        return _may_begin_small(spot, word)
    if not word.isdigit():
        return True
    if before[-1:] == "." and before[:-1].isdigit():  # 2024. 5. 3.
        return False
    if (
        len(word) < 3
        and word != "0"
        and not is_label_of(spot, before)
        and is_ordinal(spot, before)
        and not opener_follows(spot)
    ):
        return False
    language = languages(spot)[0]
    after = table(language).ordinal_after
    if spot.next == "digit" and (after or language == "ko"):
        return spot.letter in AMOUNTS
    if not after or len(word) > 2:
        return True
    return opener_follows(spot) or not before.endswith((",", "-", "–"))


def _may_begin_small(spot: Spot, word: str) -> bool:
    """Tell whether a sentence may begin small: in a reply without capitals, or with a Latin name in another script."""
    if spot.small():
        return True
    return bool(word) and script(word[-1]) not in ("latin", "other") and script(spot.letter) == "latin"


def is_hanging_quote(spot: Spot) -> bool:
    """Tell whether the word behind a quote decides and may still grow."""
    return spot.text[spot.end - 1] in _CLOSED and spot.opened + len(spot.following()) == len(spot.text)


def _is_joined(spot: Spot) -> bool:
    """Tell whether a word behind the quote joins it to the sentence: “कहाँ?” और …"""
    return spot.spaced and spot.text[spot.end - 1] in _CLOSED and spot.following() in _JOINS


def _goes_on_after_quote(spot: Spot) -> bool:
    """Tell whether a quote is joined to the verb behind it.

    In Korean a particle joins them. In other languages the quote is joined if it opens the sentence, or, in scripts
    without capitals, if the text before it does not introduce it.
    """
    if spot.text[spot.end - 1] not in _QUOTES:
        return False
    if script(spot.letter) == "hangul" and not spot.spaced:
        return spot.letter in _PARTICLES
    sentence = spot.text[: spot.end - 1]
    if sentence[0] in _QUOTES:
        return sum(char in _QUOTES for char in sentence) == 1
    if spot.next != "uncased":
        return False
    before = sentence[: max(map(sentence.rfind, _QUOTES))]
    return before.rstrip()[-1:] not in _INTRODUCES


def _ellipsis(spot: Spot) -> bool:
    """Judge an ellipsis: it ends before a capital; in scripts without capitals, behind more than a word."""
    sentence = spot.text[: spot.at]
    if spot.next == "upper":
        return not (sentence.count(" ") < 2 and may_be_pronoun(spot))
    if spot.next != "uncased":
        return False
    return len(sentence) >= _HESITATION if script(spot.letter) == "cjk" else spot.spaced and " " in sentence


def _abbreviation_ends(spot: Spot, kind: Kind, before: str) -> bool:
    """Judge the dot of an abbreviation by its kind. In a reply without capitals, a word alone is none: no. thanks."""
    if kind is Kind.OPENER:
        return spot.next == "upper" and (opener_follows(spot) or may_be_pronoun(spot))
    if kind is Kind.NEVER or spot.first in _DASHES or goes_on_before(spot, kind):
        return False
    if opens_with_year(spot) and not spot.begins_small() and not opener_follows(spot):
        return False
    return spot.next in _CAPITALS or (spot.next == "lower" and spot.small() and not before)


def _initial_ends(spot: Spot, letter: str, before: str) -> bool:
    """Judge the dot behind a single letter: a small letter (solve for x), or one of another script, is no initial."""
    if spot.next not in _CAPITALS or (_INITIAL.fullmatch(before) and (spot.next == "uncased" or letter.islower())):
        return False
    if letter.islower() or spot.next == "uncased" or script(letter) != script(spot.letter):
        return True
    if opener_follows(spot) or bare_letter_follows(spot) or is_behind_surname(spot):
        return True
    return letter not in _POINTS and _COUNT.fullmatch(before) is not None and not _WORK.search(spot.text, 0, spot.at)


def _acronym(spot: Spot) -> bool:
    """Judge the dot behind U.S. and the like: a noun may end a sentence, an adjective stands before a name."""
    if spot.next != "upper":
        return False
    if opener_follows(spot) or is_behind_surname(spot):
        return True
    if spot.letter not in _SENTENCE_STARTERS:
        return False
    return _PART_OF.search(spot.text[max(0, spot.at - LONGEST_WORD) : spot.at]) is not None
