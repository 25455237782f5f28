"""What the tables of the languages say of the word before a mark."""

import re
from collections.abc import Sequence

from pipeline.segmenter.languages import TABLES, Abbreviations, Kind, LanguageTeller, candidates, script
from pipeline.segmenter.spots import LONGEST_WORD, NO_MARKER, Spot

_ABBREVIATIONS = Abbreviations(TABLES)
_LISTED = re.compile(r"(?<!\w)[^\W\d_](?:,? [^\W\d_]{1,3}|,) [^\W\d_]\Z")
"""One of several letters: A and B, A, B."""
_PRONOUNS = frozenset({"I", "я"})
_LONGEST_ROMAN = 4
"""Letters in the marker of a list item."""
_TWO = 2


def languages(spot: Spot) -> Sequence[str]:
    """What the sentence is written in; several while nothing tells them apart."""
    spot.teller.read(spot.text, spot.at)
    return spot.teller.languages(script(spot.last_letter()))


def is_plain_word(text: str, at: int, teller: LanguageTeller) -> bool:
    """Whether an ordinary word stands before the mark at *at*, so that behind it a capital begins a sentence.

    Quick, and never against the rules: if this says no, they decide.
    """
    word = text[text.rfind(" ", 0, at) + 1 : at]
    if not (word.isalpha() and (len(word) > _LONGEST_ROMAN or NO_MARKER.match(word, len(word) - 2))):
        return False
    if text.find("`", 0, at) >= 0 or _ABBREVIATIONS.may_know(word if text[at] == "." else word + text[at]):
        return False
    teller.read(text, at, word[-1])
    return True


def abbreviation(spot: Spot, word: str, before: str) -> Kind | None:
    """What the tables say of *word*, with its own mark if that is not the dot, behind the word *before*.

    While several languages are as likely, all are asked; what two letters mean in one may be a word in another, so it
    takes two, if they are not a part of a longer abbreviation (p. ex.).
    """
    if not word:
        return None
    found = _ABBREVIATIONS.kinds(word, before, spot.letter)
    if not word.isalnum() and (rest := _behind_apostrophe(word)) != word:
        found = _ABBREVIATIONS.kinds(rest, before, spot.letter) | found
    letter = spot.last_letter()
    spot.teller.read(spot.text, spot.at, letter)
    if not found:
        return None
    spoken = candidates(script(letter))
    if len(found) >= len(spoken) and len(said := {found.get(language) for language in spoken}) == 1:
        return said.pop()  # whatever the language is
    likeliest = spot.teller.languages(script(letter))
    kinds = [found[language] for language in likeliest if language in found]
    if not kinds or (
        len(kinds) == 1 and len(likeliest) > _TWO and len(word) == _TWO and word.islower() and before[-1:] != "."
    ):
        return None
    return Kind.NEVER if Kind.NEVER in kinds else kinds[0]


def is_label(spot: Spot, letter: str, before: str) -> bool:
    """Whether a single letter is no initial: vitamin C, so do I, A or B."""
    if letter in _PRONOUNS or _LISTED.search(spot.text, max(0, spot.at - LONGEST_WORD), spot.at):
        return True
    before = _behind_apostrophe(before.lower()).rstrip(":")
    speakers = [language for language, known in TABLES.items() if before in known.letter_ends_after]
    if not speakers or "en" in speakers:
        spot.teller.read(spot.text, spot.at, spot.last_letter())
        return bool(speakers)
    return any(language in speakers for language in languages(spot))


def _behind_apostrophe(word: str) -> str:
    return word.replace("’", "'").rpartition("'")[2]
