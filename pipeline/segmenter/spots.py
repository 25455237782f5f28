"""A mark in its place, and what can be read off its surroundings."""

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.segmenter.marks import AMOUNTS, MARK_CHARS, MARKER

LONG_WORD = re.compile(r"[^\W\d_ivxIVX]{3}")
_BEFORE_WORD = "\"'«„“”‚‘‹(*_[{¿¡`~—–-#>|「『（"
_BEHIND_WORD = '*_`"»”)'
_LONGEST_MARKER = 24
LONGEST_WORD = 40


Next = Literal["upper", "lower", "digit", "uncased", "other"]
"""What follows the mark; ``uncased`` is a letter of a script without capitals."""


def classify(letter: str) -> Next:
    """The class of the first character of what follows."""
    if letter.islower():
        return "lower"
    if letter.isupper() or letter.istitle():
        return "upper"
    if letter.isdigit() or letter in AMOUNTS:
        return "digit"
    return "uncased" if letter.isalpha() else "other"


@dataclass(slots=True)
class Spot:
    """A mark at *at*, with what closes behind it up to *end*; the sentence so far is ``text[start:at]``.

    ``first``: the character behind the white space. ``letter``: the first letter or digit behind opening quotes and
    markup, of class ``next``. ``spaced``: white space stands between. ``lower``: the sentence itself began with a
    small letter.
    """

    text: str
    start: int
    at: int
    end: int
    first: str = ""
    letter: str = ""
    next: Next = "other"
    spaced: bool = True
    lower: bool = False

    def mark(self) -> str:
        """The mark without what closes behind it; empty where a face stands for it."""
        if self.end == self.at + 1 and self.text[self.at] in MARK_CHARS:  # the usual case
            return self.text[self.at]
        end = self.at
        while end < self.end and self.text[end] in MARK_CHARS:
            end += 1
        return self.text[self.at : end]

    def in_brackets(self) -> bool:
        """Whether the mark ends a remark in brackets inside the sentence."""
        return self.text[self.end - 1] == ")" and self.text.rfind("(", self.start, self.at) > self.start

    def is_list_marker(self) -> bool:
        """Whether the dot belongs to the marker of a list item: all that stands before it is a number or a letter."""
        if self.at - self.start > _LONGEST_MARKER or LONG_WORD.match(self.text, self.at - 3, self.at):
            return False
        return MARKER.fullmatch(self.text, self.start, self.at) is not None

    def words(self) -> tuple[str, str]:
        """The word that the mark stands behind, and the one before it, without opening quotes and markup."""
        words = self.text[max(self.start, self.at - 2 * LONGEST_WORD) : self.at].rsplit(maxsplit=2)
        if not words or self.text[self.at - 1].isspace():
            return "", words[-1] if words else ""
        before = words[-2] if len(words) > 1 else ""
        return _without_markup(words[-1]), _without_markup(before)


def _without_markup(word: str) -> str:
    return word if word.isalnum() else word.lstrip(_BEFORE_WORD).rstrip(_BEHIND_WORD)
