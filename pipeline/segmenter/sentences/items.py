"""The items of a list that is written within one line: the number goes with its item."""

import re

from pipeline.segmenter.sentences.mark import Spot

_ITEM = re.compile(r"[\s*_(]*(\d{1,3})[.)](?!\d)")
_FIRST = re.compile(r"(?:：|:\s)[\s*_(]*1\Z")
_MARKER = re.compile(r"(?:\A|：|:\s|[;,]\s)[\s*_(]*(\d{1,2})[.)][*_]*\s")
_NUMBER = re.compile(r"(?<!\S)[*_(]*(\d{1,2})\Z")
_JOINS = (",", ";", "،", "，", "；")


def number_of(sentence: str) -> int:
    """Return the number of the list item that *sentence* begins, 0 if it begins none."""
    item = _ITEM.match(sentence)
    return int(item[1]) if item else 0


def is_first(text: str, at: int) -> bool:
    """Tell whether the mark at *at* belongs to the number of the first item behind a colon: Do so: 1. Open it."""
    return text[at - 1] == "1" and _FIRST.search(text, max(0, at - 12), at) is not None


def item_begins(spot: Spot) -> int:
    """Return where the item begins whose number stands before the mark, 0 if that is no number of the next item.

    It is one if the sentence so far is the item before it: Steps: 1. Open it 2. Close it
    """
    number = _NUMBER.search(spot.text, max(0, spot.at - 8), spot.at)
    if number is None:
        return 0
    markers = _MARKER.findall(spot.text, 0, number.start())
    return number.start() if markers and int(markers[-1]) == int(number[1]) - 1 else 0


def is_joined(text: str, start: int) -> bool:
    """Tell whether the item that begins at *start* is only a part of the sentence: 1. open it; 2. close it"""
    return text[:start].rstrip().endswith(_JOINS)
