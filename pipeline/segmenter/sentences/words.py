"""What the tables of the languages say of the word before a mark."""

import re
from collections.abc import Sequence

from pipeline.languages import TABLES, Abbreviations, Kind, LanguageTeller, candidates, script, squeezed, table
from pipeline.segmenter.sentences.mark import LONGEST_WORD, NO_MARKER, Spot

_ABBREVIATIONS = Abbreviations(TABLES)
_JOINS = "|".join(sorted({re.escape(word) for known in TABLES.values() for word in known.joins_letters}))
_LISTED = re.compile(rf"(?<!\w)([^\W\d_])(?:,? (?i:{_JOINS})|,) [^\W\d_]\Z")
"""One of several letters: A and B, A, B. In all languages at once, for a Russian text lists Latin letters, too."""
_YEAR = re.compile(
    r"[\W\d]*[^\W\d_]{1,3}\s"
    r"(?:(?:\d{3,4}|[IVXХ]+)(?:[–—-](?:\d{2,4}|[IVXХ]+))?|\d{1,2}(?::\d\d)?(?=\s[ap]\.m))\s(\D{1,14})"
)
"""A whole sentence so far: В 1703 г, W XIX w, Nel 218 a.C, At 7:30 p.m."""
_OPENERS = frozenset(word for known in TABLES.values() for word in known.openers)
_GOES_ON_BEFORE = frozenset(word for known in TABLES.values() for word in known.goes_on_before)
_OPENER_BEGINNINGS = frozenset(word[:end] for word in _OPENERS for end in range(1, len(word) + 1))
_GOES_ON_BEGINNINGS = frozenset(word[:end] for word in _GOES_ON_BEFORE for end in range(1, len(word) + 1))
_RANGE = re.compile(r".*(?:[–—]|\d-)")
_PRONOUNS = frozenset({"I", "я"})
_LONGEST_ROMAN = 4
"""Letters in the marker of a list item; longer numbers (XVIII) are written in capitals."""
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
    if not word.isalpha():
        return False
    if not ((len(word) > _LONGEST_ROMAN and word[-1] not in "IVX") or NO_MARKER.match(word, len(word) - 2)):
        return False
    if text.find("`", 0, at) >= 0 or _ABBREVIATIONS.may_know(word if text[at] == "." else word + text[at]):
        return False
    teller.read(text, at, word[-1])
    return True


def abbreviation(spot: Spot, word: str, before: str) -> Kind | None:
    """What the tables say of *word*, with its own mark if that is not the dot, behind the word *before*.

    While several languages are as likely, all are asked; what two letters mean in one may be a word in another, so it
    takes two, or English, if they are not a part of a longer abbreviation (p. ex.). The word itself tells nothing of
    the language: Sen. is no Turkish.
    """
    if not word:
        return None
    found = _ABBREVIATIONS.kinds(word, before, spot.letter)
    if not word.isalnum() and (rest := _last_part(word)) != word:
        found = _ABBREVIATIONS.kinds(rest, before, spot.letter) | found
    letter = spot.last_letter()
    if not found:
        spot.teller.read(spot.text, spot.at, letter)
        return None
    spot.teller.read(spot.text, spot.text.rfind(" ", 0, spot.at) + 1, letter)
    spot.teller.skip(spot.at)
    spoken = candidates(script(letter))
    if len(found) >= len(spoken) and len(said := {found.get(language) for language in spoken}) == 1:
        return said.pop()  # whatever the language is
    likeliest = spot.teller.languages(script(letter))
    kinds = [found[language] for language in likeliest if language in found]
    sure = "en" in found or before[-1:] == "."
    if not kinds or (len(kinds) == 1 and len(word) == _TWO < len(likeliest) and word.islower() and not sure):
        return None
    return next(kind for kind in (Kind.OPENER, Kind.NEVER, Kind.CAPITAL) if kind in kinds)


def hangs_on_word(spot: Spot) -> bool:
    """Whether the word behind the mark decides, and may still become one that does so otherwise."""
    part = spot.following()
    goes_on, opens = part in _GOES_ON_BEGINNINGS, part.lower() in _OPENER_BEGINNINGS
    if not (goes_on or opens) or spot.opened + len(part) < len(spot.text):
        return False
    word, _ = spot.words()
    words = (word, _last_part(word))
    if goes_on and any(map(_ABBREVIATIONS.may_know, words)):
        return True
    return opens and (any(map(_ABBREVIATIONS.may_end_before_opener, words)) or _year(spot) is not None)


def opener_follows(spot: Spot) -> bool:
    """Whether the word behind the mark begins a sentence for certain."""
    return spot.following().lower() in _OPENERS


def goes_on_before(spot: Spot) -> bool:
    """Whether the word behind the mark belongs to an abbreviation before it: 5 p.m. EST, Mon. Nov. 24."""
    word = spot.following()
    return word in _GOES_ON_BEFORE or word.removesuffix(".") in _GOES_ON_BEFORE


def is_label(spot: Spot, letter: str, before: str) -> bool:
    """Whether a single letter is no initial: vitamin C, so do I, A or B."""
    if letter in _PRONOUNS or _is_listed(spot, letter):
        return True
    before = _behind_apostrophe(before.lower()).rstrip(":")
    speakers = [language for language, known in TABLES.items() if before in known.letter_ends_after]
    if not speakers or "en" in speakers:
        spot.teller.read(spot.text, spot.at, spot.last_letter())
        return bool(speakers)
    return any(language in speakers for language in languages(spot))


def is_ordinal(spot: Spot, before: str) -> bool:
    """Whether a number with a dot is an ordinal behind the word *before*: am 3. Oktober, im II. Weltkrieg."""
    after = table(languages(spot)[0]).ordinal_after
    return "*" in after or before.lower() in after


def opens_with_year(spot: Spot) -> bool:
    """Whether the sentence so far is no more than a year, a century or a time with its abbreviation: В 1703 г. …"""
    found = _year(spot)
    return found is not None and any(squeezed(found[1]) in table(language).years for language in languages(spot))


def _year(spot: Spot) -> re.Match[str] | None:
    return _YEAR.fullmatch(spot.text, 0, spot.at)


def may_be_pronoun(spot: Spot) -> bool:
    """Whether an English I follows, which is no sign of a beginning: Well... I think."""
    return spot.letter == "I" and "en" in languages(spot)


def _is_listed(spot: Spot, letter: str) -> bool:
    """Whether another letter of its case is joined to it."""
    found = _LISTED.search(spot.text, max(0, spot.at - LONGEST_WORD), spot.at)
    return found is not None and found[1].isupper() == letter.isupper()


def _behind_apostrophe(word: str) -> str:
    return word.replace("’", "'").rpartition("'")[2]


def _last_part(word: str) -> str:
    """Of a word with an apostrophe, and of a range: l'ing, 28–Dec."""
    return _RANGE.sub("", _behind_apostrophe(word))
