"""A mark in its place: the words, brackets and letters around it."""

import re
from dataclasses import dataclass
from typing import Literal

from pipeline.languages import LanguageTeller
from pipeline.segmenter.sentences.marks import AMOUNTS, MARK_CHARS, MARKER, SPEAKABLE

NO_MARKER = re.compile(r"[^\W\d_]{2}(?<![ivxIVX]{2})")
"""The last two letters of a word that is no marker of a list item."""
_BEFORE_WORD = "\"'«„“”‚‘‹(*_[{¿¡`~—–-#>|「『（"
_BEHIND_WORD = '*_`"»”)'
_FOLLOWING = re.compile(r"[\w'’]{1,15}\.?")
_LONGEST_MARKER = 24
_MOST_ITEMS = 20
_CLOSED = frozenset("»”’\"')]")
LONGEST_WORD = 40

Next = Literal["upper", "lower", "digit", "uncased", "other"]
"""The class of the character that follows; ``uncased`` is a letter of a script without capitals."""


def classify(letter: str) -> Next:
    """Return the class of *letter*."""
    if letter.islower():
        return "lower"
    if letter.isupper() or letter.istitle():
        return "upper"
    if letter.isdigit() or letter in AMOUNTS:
        return "digit"
    return "uncased" if letter.isalpha() else "other"


def marks(text: str, at: int, end: int) -> str:
    """Return the marks that stand together from *at* on, up to *end*."""
    behind = at
    while behind < end and text[behind] in MARK_CHARS:
        behind += 1
    return text[at:behind]


@dataclass(frozen=True, slots=True)
class Past:
    """What went before a sentence. ``is_open``: it is the rest of a longer one, so its first letter says nothing.
    ``item``: the number of the last list item. ``in_code``: a block of code is open, where only lines end.
    """

    is_open: bool = False
    item: int = 0
    in_code: bool = False


@dataclass(slots=True)
class Spot:
    """A mark at ``at``; closing quotes and the like behind it reach to ``end``. The sentence so far is ``text[:at]``.

    ``mark``: all marks that stand together, empty where a face stands for a mark. ``teller`` tells the language of the
    reply. ``past``: what went before the sentence. ``spaced``: white space follows. ``first``: the character behind the
    white space. ``letter``: the first letter or digit behind opening quotes and markup; it is at ``opened`` and of
    class ``next``.
    """

    text: str
    at: int
    end: int
    mark: str
    teller: LanguageTeller
    past: Past = Past()
    first: str = ""
    letter: str = ""
    next: Next = "other"
    spaced: bool = True
    opened: int = 0

    def small(self) -> bool:
        """Tell whether the sentence begins with a small letter and one follows: a reply without capitals."""
        return self.next == "lower" and self.begins_small()

    def begins_small(self) -> bool:
        """Tell whether the sentence begins with a small letter, though it is not the rest of a longer one."""
        first = None if self.past.is_open else SPEAKABLE.search(self.text)
        return first is not None and first.group().islower()

    def following(self) -> str:
        """Return the word behind the mark, with a dot of its own, as far as it has come."""
        word = _FOLLOWING.match(self.text, self.opened)
        return word.group().replace("’", "'") if word else ""

    def last_letter(self) -> str:
        """Return the last letter before the mark, else the letter behind it."""
        letter = self.text[self.at - 1]
        if letter.isalpha():
            return letter
        last = self.text[max(0, self.at - LONGEST_WORD) : self.at]
        return next((char for char in reversed(last) if char.isalpha()), self.letter or "a")

    def in_brackets(self) -> bool:
        """Tell whether the mark ends a remark in brackets inside the sentence."""
        return self.text[self.end - 1] == ")" and self.text.rfind("(", 0, self.at) > 0

    def is_list_marker(self) -> bool:
        """Tell whether the dot belongs to the marker of a list item: only a number or a letter stands before it.

        A large number that goes on with no list is an answer: 144. Twelve times twelve.
        """
        if self.at > _LONGEST_MARKER or (self.at > 1 and NO_MARKER.match(self.text, self.at - 2, self.at)):
            return False
        marker = MARKER.fullmatch(self.text, 0, self.at)
        if marker is None:
            return False
        number = int(marker[1] or 1)
        return 0 < number <= _MOST_ITEMS or number == self.past.item + 1

    def is_closed(self) -> bool:
        """Tell whether a quote or bracket closes right before the mark, so that the word there is no abbreviation."""
        return self.text[self.at - 1] in _CLOSED

    def words(self) -> tuple[str, str]:
        """Return the word before the mark and the word before that, without opening quotes, markup and dashes."""
        words = self.text[max(0, self.at - 2 * LONGEST_WORD) : self.at].rsplit(maxsplit=3)
        if not words or self.text[self.at - 1].isspace():
            return "", words[-1] if words else ""
        before = [*map(_without_markup, words[-3:-1])]
        return _without_markup(words[-1]), (before[-1] or before[0]) if before else ""


def _without_markup(word: str) -> str:
    return word if word.isalnum() else word.lstrip(_BEFORE_WORD).rstrip(_BEHIND_WORD)
