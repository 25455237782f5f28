"""A mark in its place, and what can be read off its surroundings."""

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.languages import LanguageTeller
from pipeline.segmenter.sentences.marks import AMOUNTS, MARK_CHARS, MARKER, SPEAKABLE

NO_MARKER = re.compile(r"[^\W\d_]{2}(?<![ivxIVX]{2})")
"""Two letters at the end of a word that is no marker of a list item."""
_BEFORE_WORD = "\"'«„“”‚‘‹(*_[{¿¡`~—–-#>|「『（"
_BEHIND_WORD = '*_`"»”)'
_FOLLOWING = re.compile(r"[\w'’]{1,15}\.?")
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


def marks(text: str, at: int, end: int) -> str:
    """The marks that stand together from *at* on, up to *end*."""
    behind = at
    while behind < end and text[behind] in MARK_CHARS:
        behind += 1
    return text[at:behind]


@dataclass(slots=True)
class Spot:
    """A mark at *at*, with what closes behind it up to *end*; the sentence so far is ``text[:at]``.

    ``mark``: without what closes behind it; empty where a face stands for it. ``teller`` tells the language of the
    reply. ``continued``: the sentence is the rest of a longer one. ``first``: the character behind the white space.
    ``letter``: the first letter or digit behind opening quotes and markup, of class ``next``; it is at *opened*.
    ``spaced``: white space stands between.
    """

    text: str
    at: int
    end: int
    mark: str
    teller: LanguageTeller
    continued: bool = False
    first: str = ""
    letter: str = ""
    next: Next = "other"
    spaced: bool = True
    opened: int = 0

    def small(self) -> bool:
        """Whether a small letter follows in a sentence that began with one itself: nothing has capitals there."""
        if self.next != "lower" or self.continued:
            return False
        found = SPEAKABLE.search(self.text)
        return found is not None and found.group().islower()

    def following(self) -> str:
        """The word behind the mark with its own dot, as far as it has come."""
        found = _FOLLOWING.match(self.text, self.opened)
        return found.group().replace("’", "'") if found else ""

    def last_letter(self) -> str:
        """The last one before the mark, else the one behind it."""
        letter = self.text[self.at - 1]
        if letter.isalpha():
            return letter
        last = self.text[max(0, self.at - LONGEST_WORD) : self.at]
        return next((char for char in reversed(last) if char.isalpha()), self.letter or "a")

    def in_brackets(self) -> bool:
        """Whether the mark ends a remark in brackets inside the sentence."""
        return self.text[self.end - 1] == ")" and self.text.rfind("(", 0, self.at) > 0

    def is_list_marker(self) -> bool:
        """Whether the dot belongs to the marker of a list item: all that stands before it is a number or a letter."""
        if self.at > _LONGEST_MARKER or (self.at > 1 and NO_MARKER.match(self.text, self.at - 2, self.at)):
            return False
        return MARKER.fullmatch(self.text, 0, self.at) is not None

    def words(self) -> tuple[str, str]:
        """The word that the mark stands behind, and the one before it, without opening quotes and markup."""
        words = self.text[max(0, self.at - 2 * LONGEST_WORD) : self.at].rsplit(maxsplit=2)
        if not words or self.text[self.at - 1].isspace():
            return "", words[-1] if words else ""
        word = words[-1]
        before = words[-2] if len(words) > 1 else ""
        return word if word.isalnum() else _without_markup(word), before if before.isalnum() else _without_markup(
            before
        )


def _without_markup(word: str) -> str:
    return word.lstrip(_BEFORE_WORD).rstrip(_BEHIND_WORD)
