"""Whether a mark ends the sentence: the rules, given what stands before it and the first letter of what follows."""

import re
from collections.abc import Sequence

from pipeline.segmenter.languages import Kind, LanguageTeller, in_some_table, script, table
from pipeline.segmenter.marks import AMOUNTS, STRONG, SURE_OPENERS, WIDE
from pipeline.segmenter.spots import LONG_WORD, LONGEST_WORD, Spot, classify

_ADDRESS = re.compile(r"[./@:\\_=&#]")
_NUMBER = re.compile(r"[\d.,:/]*\d")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_LISTED = re.compile(r"(?<!\w)[^\W\d_](?:,? [^\W\d_]{1,3}|,) [^\W\d_]\Z")
"""One of several letters: A and B, A, B."""
_PART_OF = re.compile(r"(?:in|to|from|of|across|within|outside|than|and|with|by)(?: the)?\s+\S+\Z", re.IGNORECASE)
_SENTENCE_STARTERS = frozenset("TIHAWYBOMF")
_BRANDS = frozenset(
    {"яндекс", "yandex", "mail", "system", "math", "console", "node", "vue", "asp", "booking", "microsoft", "google"}
)
"""Words that have a dot and a capital behind them in one name: Яндекс.Карты, Console.WriteLine."""
_PRONOUNS = frozenset({"I", "я"})
_PARTICLES = frozenset("라고하라며는")
_QUOTES = frozenset('"«»“”„')
_HESITATION = 6
"""As many Chinese or Japanese characters before an ellipsis are more than an "er ..."."""
_ORDINAL_BY_CAPITAL = ("de", "tr")
_TWO = 2
_LONGEST_ROMAN = 4
"""Letters in the marker of a list item."""
_CAPITALS = ("upper", "uncased")


class Endings:
    """Decides for one reply, whose language the *teller* knows."""

    __slots__ = ("_teller",)

    def __init__(self, teller: LanguageTeller) -> None:
        self._teller = teller

    def ordinary(self, text: str, start: int, at: int) -> bool:
        """Whether the sentence ends behind the mark at *at* as most do: a word, the mark, a space, a capital.

        Quick, and never against ``ends``: if this says no, ``ends`` decides.
        """
        if text[at] not in ".?!" or not (text.startswith(" ", at + 1) and text[at + 2 : at + 3].isupper()):
            return False
        word = text[max(text.rfind(" ", start, at) + 1, start) : at]
        if not word.isalpha() or not (len(word) > _LONGEST_ROMAN or LONG_WORD.match(word, len(word) - 3)):
            return False
        if text.find("`", start, at) >= 0 or in_some_table(word) or in_some_table(word + text[at]):
            return False
        self._teller.note(script(word[-1]))
        return True

    def ends(self, spot: Spot) -> bool:
        """Whether the sentence ends at ``spot.end``."""
        if spot.next == "other" or (spot.next == "uncased" and spot.in_brackets()):
            return False
        mark = spot.mark()
        if mark == ".":
            return not spot.is_list_marker() and self._dot(spot)
        if not mark:
            return self._face(spot)
        if mark[0] in ".…" and not any(char in STRONG for char in mark):
            return _ellipsis(spot)
        return self._strong(spot)

    def certain(self, spot: Spot) -> bool:
        """Whether the sentence is at its end as far as can be told without what follows."""
        if spot.mark() != ".":
            return True
        word, before = spot.words()
        if len(word) < _TWO or not word[-1].isalpha() or "." in word or spot.is_list_marker():
            return False
        return self._kind(spot, word, before) is None

    # Marks that end nothing but sentences

    def _strong(self, spot: Spot) -> bool:
        text, at = spot.text, spot.at
        if text[at - 1] in "([" and text[spot.end - 1] in ")]":  # (!) and (?) are remarks
            return False
        word, before = spot.words()
        if spot.next == "uncased" or (not spot.spaced and text[at] in WIDE):
            return not _goes_on_after_quote(spot)
        if not spot.spaced:
            return spot.next == "upper" and not _ADDRESS.search(word)
        if spot.first in "¿¡":
            return True
        if self._kind(spot, word + text[at], before) or (spot.letter == "I" and _goes_on_after_quote(spot)):
            return False
        return spot.next != "lower" or _may_begin_small(spot, word)

    def _face(self, spot: Spot) -> bool:
        """A smiling face ends a sentence in place of a mark; not in German, where any noun may follow."""
        if not spot.spaced or spot.next != "upper" or spot.letter == "I":
            return False
        return self._languages(spot)[0] != "de"

    # The dot

    def _dot(self, spot: Spot) -> bool:
        if spot.next == "uncased" and _goes_on_after_quote(spot):
            return False
        word, before = spot.words()
        if not spot.spaced:
            return self._dot_without_space(spot, word, before)
        if len(word) == 1 and self._is_label(spot, word, before):
            return spot.next in _CAPITALS
        kind = self._kind(spot, word, before)
        if kind:
            return kind is Kind.CAPITAL and _abbreviation_ends(spot, before)
        if len(word) == 1 and word.isalpha():
            return _initial_ends(spot, word)
        if word and word[-1].isdigit() and _NUMBER.fullmatch(word):
            return self._number(spot, word, before)
        if _INITIALS.fullmatch(word):
            return _acronym(spot)
        return spot.next != "lower" or spot.first in SURE_OPENERS or _may_begin_small(spot, word)

    def _dot_without_space(self, spot: Spot, word: str, before: str) -> bool:
        """``Done.Next`` is two sentences; example.com, 3.5 and Node.js are not."""
        if len(word) < _TWO or _ADDRESS.search(word) or word.lower() in _BRANDS:
            return False
        if self._kind(spot, word, before):
            return False
        last = spot.text[spot.at - 1]
        if spot.next == "uncased":
            return classify(last) == "uncased"
        if last.isdigit() and self._languages(spot)[0] in _ORDINAL_BY_CAPITAL:
            return False
        return spot.next == "upper" and not last.isupper()

    def _number(self, spot: Spot, word: str, before: str) -> bool:
        """The end of a sentence, or an ordinal, or a part of a date."""
        if spot.next == "lower":
            return _may_begin_small(spot, word)
        if not word.isdigit():
            return True
        if before[-1:] == "." and before[:-1].isdigit():  # 2024. 5. 3.
            return False
        language = self._languages(spot)[0]
        after = table(language).ordinal_after
        if spot.next == "digit" and (after or language == "ko"):
            return spot.letter in AMOUNTS
        if not after or len(word) > _TWO:
            return True
        return not ("*" in after or before.lower() in after or before.endswith((",", "-", "–")))

    def _is_label(self, spot: Spot, letter: str, before: str) -> bool:
        """Whether a single letter is no initial: vitamin C, so do I, A or B."""
        if letter in _PRONOUNS or _LISTED.search(spot.text, max(spot.start, spot.at - LONGEST_WORD), spot.at):
            return True
        before = before.lower().replace("’", "'").rpartition("'")[2].rstrip(":")
        known = (*self._languages(spot), "en")
        return any(before in table(language).letter_ends_after for language in known)

    # Language

    def _languages(self, spot: Spot) -> Sequence[str]:
        """What the sentence is written in."""
        return self._teller.languages(self._script(spot))

    @staticmethod
    def _script(spot: Spot) -> str:
        """That of the last letter."""
        letter = spot.text[spot.at - 1]
        if not letter.isalpha():
            last = spot.text[max(spot.start, spot.at - LONGEST_WORD) : spot.at]
            letter = next((char for char in reversed(last) if char.isalpha()), spot.letter or "a")
        return script(letter)

    def _kind(self, spot: Spot, word: str, before: str) -> Kind | None:
        """What the tables say of the word.

        While several languages are as likely, all are asked; what two letters mean in one may be a word in another,
        so it takes two.
        """
        if not word:
            return None
        rest = word.replace("’", "'").rpartition("'")[2]
        if not (in_some_table(word) or (rest != word and in_some_table(rest))):
            self._teller.note(self._script(spot))
            return None
        languages = self._languages(spot)
        kinds = []
        for language in languages:
            known = table(language)
            kind = known.kind(word, before, spot.letter)
            if kind or (rest != word and (kind := known.kind(rest, before, spot.letter))):
                kinds.append(kind)
        if not kinds or (len(kinds) == 1 and len(languages) > _TWO and len(word) <= _TWO and word.islower()):
            return None
        return Kind.NEVER if Kind.NEVER in kinds else kinds[0]


def _may_begin_small(spot: Spot, word: str) -> bool:
    """Whether a sentence may begin small: in a reply without capitals, or with a Latin name in another script."""
    if spot.lower:
        return True
    return bool(word) and script(word[-1]) not in ("latin", "other") and script(spot.letter) == "latin"


def _goes_on_after_quote(spot: Spot) -> bool:
    """What was said is joined to its verb: in Korean by a particle, else if nothing but the quote stands before it."""
    if spot.text[spot.end - 1] not in _QUOTES:
        return False
    if script(spot.letter) == "hangul":
        return spot.letter in _PARTICLES
    said = spot.text[spot.start : spot.end]
    return said[0] in _QUOTES and sum(char in _QUOTES for char in said) == 2


def _ellipsis(spot: Spot) -> bool:
    """Ends before a capital; in other scripts, where nothing tells, if more than a word stands before it."""
    said = spot.text[spot.start : spot.at]
    if spot.next == "upper":
        return not (spot.letter == "I" and said.count(" ") < _TWO)
    if spot.next != "uncased":
        return False
    return len(said) >= _HESITATION if script(spot.letter) == "cjk" else spot.spaced and " " in said


def _abbreviation_ends(spot: Spot, before: str) -> bool:
    """Before a capital; and what stands alone is no abbreviation in a reply without capitals: no. thanks."""
    return spot.next in _CAPITALS or (spot.next == "lower" and spot.lower and not before)


def _initial_ends(spot: Spot, letter: str) -> bool:
    """Initials go on; a small letter (solve for x) or one of another script is none."""
    if spot.next not in _CAPITALS:
        return False
    return letter.islower() or spot.next == "uncased" or script(letter) != script(spot.letter)


def _acronym(spot: Spot) -> bool:
    """U.S. and the like: a noun at the end of a sentence, or an adjective before a name."""
    if spot.next != "upper" or spot.letter not in _SENTENCE_STARTERS:
        return False
    return _PART_OF.search(spot.text[max(spot.start, spot.at - LONGEST_WORD) : spot.at]) is not None
