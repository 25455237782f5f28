"""Whether a mark ends the sentence: the rules, given what stands before it and the first letter of what follows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pipeline.segmenter.languages import Kind, LanguageTeller, script, table
from pipeline.segmenter.marks import AMOUNTS, MARKER, STRONG, SURE_OPENERS, WIDE

_ADDRESS = re.compile(r"[./@:\\_=&#]")
_NUMBER = re.compile(r"[\d.,:/]*\d")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_ROMAN = re.compile(r"[IVXLCDM]+")
_PART_OF = re.compile(r"(?:in|to|from|of|across|within|outside|than|and|with|by)(?: the)?\s+\S+\Z", re.IGNORECASE)
_WORD_BEFORE = "\"'«„“”‚‘‹(*_[{¿¡`~—–-#>|「『（"
_SENTENCE_STARTERS = frozenset("TIHAWYBOMF")
_BRANDS = frozenset(
    {"яндекс", "yandex", "mail", "system", "math", "console", "node", "vue", "asp", "booking", "microsoft", "google"}
)
_PRONOUNS = frozenset({"I", "я", "Я"})
_PARTICLES = frozenset("라고하라며는")
_QUOTES = frozenset("\"«»“”„")
_LONGEST_MARKER = 24
_LONGEST_WORD = 40


class Next(Enum):
    """What follows the mark."""

    UPPER = "upper"
    LOWER = "lower"
    DIGIT = "digit"
    UNCASED = "uncased"  # a letter of a script without capitals
    OTHER = "other"


@dataclass(slots=True)
class Spot:
    """A mark in its place: ``text[at:end]`` is the mark with the closing quotes, brackets and emoji that belong to it; ``text[start:at]`` the sentence so far.

    ``first``: the character after the white space; ``letter``: the first letter or digit after opening quotes and markup; ``spaced``: white
    space stands between. ``lower``: the sentence itself began with a small letter.
    """

    text: str
    start: int
    at: int
    end: int
    first: str
    letter: str
    next: Next
    spaced: bool
    lower: bool


def classify(letter: str) -> Next:
    """The class of the first character of what follows."""
    if letter.islower():
        return Next.LOWER
    if letter.isupper() or letter.istitle():
        return Next.UPPER
    if letter.isdigit() or letter in AMOUNTS:
        return Next.DIGIT
    return Next.UNCASED if letter.isalpha() else Next.OTHER


class Endings:
    """Decides for one reply; learns its language on the way."""

    def __init__(self) -> None:
        self.teller = LanguageTeller()

    def ends(self, spot: Spot) -> bool:
        """Whether the sentence ends at ``spot.end``."""
        mark = _bare(spot)
        if not mark:
            return self._face(spot)
        if mark == ".":
            return self._dot(spot)
        if mark[0] in ".…" and not set(mark) & set(STRONG):
            return self._ellipsis(spot)
        return self._strong(spot)

    def certain(self, spot: Spot) -> bool:
        """Whether the sentence is at its end as far as can be told without what follows."""
        if _bare(spot) != ".":
            return True
        word, before = words_before(spot)
        if not word or _is_marker(spot):
            return False
        return word[-1].isalpha() and len(word) > 1 and "." not in word and self._kind(spot, word, before) is None

    # Marks that end nothing but sentences

    def _strong(self, spot: Spot) -> bool:
        text, at = spot.text, spot.at
        if text[at - 1] in "([" and text[spot.end - 1] in ")]":  # (!) and (?) are remarks
            return False
        if spot.next is Next.OTHER:
            return False
        word, before = words_before(spot)
        if not spot.spaced:
            if text[at] in WIDE or spot.next is Next.UNCASED:
                return not self._goes_on_after_quote(spot)
            return spot.next is Next.UPPER and not _ADDRESS.search(word)
        if spot.first in "¿¡":
            return True
        if self._kind(spot, word + text[at], before):
            return False
        if spot.next is Next.UNCASED:
            return not self._goes_on_after_quote(spot)
        if spot.letter == "I" and self._goes_on_after_quote(spot):
            return False
        return spot.next is not Next.LOWER or self._lower(spot, word or "a")

    @staticmethod
    def _goes_on_after_quote(spot: Spot) -> bool:
        """What was said is joined to its verb: in Korean by a particle, else if nothing but the quote stands before it."""
        if spot.text[spot.end - 1] not in _QUOTES:
            return False
        if script(spot.letter) == "hangul":
            return spot.letter in _PARTICLES
        said = spot.text[spot.start : spot.end]
        return said[0] in _QUOTES and sum(char in _QUOTES for char in said) == 2

    def _ellipsis(self, spot: Spot) -> bool:
        said = spot.text[spot.start : spot.at]
        if spot.next is Next.UPPER:
            return not (spot.letter == "I" and said.count(" ") < 2)
        return spot.next is Next.UNCASED and spot.spaced and script(spot.letter) != "cjk" and said.count(" ") > 2

    def _face(self, spot: Spot) -> bool:
        """A smiling face ends a sentence in place of a mark; not in German, where any noun may follow."""
        if not spot.spaced or spot.next is not Next.UPPER or spot.letter == "I":
            return False
        return self._languages(spot)[0] != "de"

    # The dot

    def _dot(self, spot: Spot) -> bool:
        if _is_marker(spot) or spot.next is Next.OTHER:
            return False
        word, before = words_before(spot)
        if not spot.spaced:
            return self._dot_without_space(spot, word, before)
        if not word:
            return spot.next is not Next.LOWER
        kind = self._kind(spot, word, before)
        if kind is None:
            if word[-1].isdigit() and _NUMBER.fullmatch(word):
                return self._number(spot, word, before)
            if len(word) == 1:
                return self._letter(spot, word, before)
            if _INITIALS.fullmatch(word):
                return self._acronym(spot)
            if spot.first in SURE_OPENERS:
                return True
            return spot.next is not Next.LOWER or self._lower(spot, word)
        if kind is Kind.NEVER:
            return False
        return spot.next is Next.UPPER or (spot.next is Next.UNCASED and spot.spaced)

    def _dot_without_space(self, spot: Spot, word: str, before: str) -> bool:
        """``Done.Next`` is two sentences; example.com, 3.5 and Node.js are not."""
        if len(word) < 2 or _ADDRESS.search(word) or self._kind(spot, word, before) or word.lower() in _BRANDS:
            return False
        last = spot.text[spot.at - 1]
        if spot.next is Next.UPPER:
            return (
                last.islower()
                or last in ")\"'»”*_`"
                or (last.isdigit() and self._language(spot.letter) not in ("de", "tr"))
            )
        return spot.next is Next.UNCASED and last.isalpha() and classify(last) is Next.UNCASED

    def _number(self, spot: Spot, word: str, before: str) -> bool:
        if spot.next is Next.LOWER:
            return self._lower(spot, word)
        if not word.isdigit():
            return True
        if before[-1:] == "." and before[:-1].isdigit():  # 2024. 5. 3.
            return False
        language = self._languages(spot)[0]
        after = table(language).ordinal_after
        if spot.next is Next.DIGIT and (after or language == "ko"):
            return spot.letter in AMOUNTS
        if not after or len(word) > 2:
            return True
        return not ("*" in after or before.lower() in after or before.endswith((",", "-", "–")))

    def _letter(self, spot: Spot, letter: str, before: str) -> bool:
        """Initials go on, but a sentence may end in one letter: vitamin C."""
        if spot.next is Next.LOWER or spot.next is Next.DIGIT:
            return False
        if letter in _PRONOUNS or any(before.lower() in table(x).letter_ends_after for x in (*self._languages(spot), "en")):
            return True
        if letter.isupper() and spot.next is Next.UPPER:
            return script(letter) != script(spot.letter)
        return True

    def _acronym(self, spot: Spot) -> bool:
        """U.S. and the like: a noun at the end of a sentence, or an adjective before a name."""
        if spot.next is not Next.UPPER:
            return False
        return spot.letter in _SENTENCE_STARTERS and bool(
            _PART_OF.search(spot.text[max(spot.start, spot.at - 40) : spot.at])
        )

    # Language

    def _languages(self, spot: Spot) -> Sequence[str]:
        """What the sentence is written in, by its last letter."""
        last = spot.text[max(spot.start, spot.at - _LONGEST_WORD) : spot.at]
        letter = next((char for char in reversed(last) if char.isalpha()), spot.letter or "a")
        return self.teller.languages(script(letter))

    def _kind(self, spot: Spot, word: str, before: str) -> Kind | None:
        """What the tables say of the word; while several languages are as likely, the first that knows it."""
        _, elided, rest = word.replace("’", "'").rpartition("'")
        for language in self._languages(spot):
            known = table(language)
            kind = known.kind(word, before, spot.letter) or (known.kind(rest, before, spot.letter) if elided else None)
            if kind:
                return kind
        return None

    @staticmethod
    def _lower(spot: Spot, word: str) -> bool:
        """Whether a sentence may begin with the small letter that follows: in a reply without capitals, or a Latin name in other letters."""
        if spot.lower:
            return True
        return script(word[-1]) not in ("latin", "other") and script(spot.letter) == "latin"


def _bare(spot: Spot) -> str:
    """The mark without what closes behind it."""
    end = spot.at
    while end < spot.end and spot.text[end] in MARK_CHARS:
        end += 1
    return spot.text[spot.at : end]


MARK_CHARS = frozenset(f".…{STRONG}{WIDE}")


def _is_marker(spot: Spot) -> bool:
    return spot.at - spot.start <= _LONGEST_MARKER and MARKER.fullmatch(spot.text, spot.start, spot.at) is not None


def words_before(spot: Spot) -> tuple[str, str]:
    """The word that the mark stands behind, and the one before it, without opening quotes and markup."""
    word, at = _word(spot.text, spot.start, spot.at)
    while at > spot.start and spot.text[at - 1].isspace():
        at -= 1
    before, _ = _word(spot.text, spot.start, at)
    return word, before


def _word(text: str, start: int, end: int) -> tuple[str, int]:
    start = max(start, end - _LONGEST_WORD)
    at = end
    while at > start and not text[at - 1].isspace():
        at -= 1
    return text[at:end].lstrip(_WORD_BEFORE).rstrip('*_`"»”)'), at
