"""The words around a mark, looked up in the tables of the languages."""

import re
from collections.abc import Sequence

from pipeline.languages import (
    ALPHABETS,
    TABLES,
    Abbreviations,
    Kind,
    LanguageTeller,
    candidates,
    script,
    squeezed,
    table,
)
from pipeline.segmenter.sentences.mark import LONGEST_WORD, NO_MARKER, Spot

_ABBREVIATIONS = Abbreviations(TABLES)
_JOINS = "|".join(sorted({re.escape(word) for known in TABLES.values() for word in known.joins_letters}))
_LISTED = re.compile(rf"(?<!\w)([^\W\d_])(?:,? (?i:{_JOINS})|,) [^\W\d_]\Z")
"""One of several letters: A and B, A, B. All languages at once, because a Russian text lists Latin letters, too."""
_YEAR = re.compile(
    r"[\W\d]*[^\W\d_]{1,3}\s"
    r"(?:(?:\d{3,4}|[IVXХ]+)(?:[–—-](?:\d{2,4}|[IVXХ]+))?|\d{1,2}(?::\d\d)?(?=\s[ap]\.m))\s(\D{1,14})"
)
"""A whole sentence so far: В 1703 г, W XIX w, Nel 218 a.C, At 7:30 p.m."""
_DATE = re.compile(r"\W*\d{1,2}\.?\s[^\W\d_]{3,9}\.?\s\d{3,4}\s[^\W\d_]{1,2}")
"""A whole sentence so far: 12 апреля 1961 г"""
_OPENERS = frozenset(word for known in TABLES.values() for word in known.openers)
_GOES_ON_BEFORE = frozenset(word for known in TABLES.values() for word in known.goes_on_before)
_OPENER_BEGINNINGS = frozenset(word[:end] for word in _OPENERS for end in range(1, len(word) + 1))
_GOES_ON_BEGINNINGS = frozenset(word[:end] for word in _GOES_ON_BEFORE for end in range(1, len(word) + 1))
_RANGE = re.compile(r".*(?:[–—]|\d-(?![а-яё]{1,3}\Z))")
"""What stands before the last part of a range. 4-м is no range."""
_FREQUENT = TABLES["en"].words
_COPULAS = frozenset(
    {"is", "are", "was", "be", "a", "an", "es", "est", "è", "é", "era", "la", "ist", "war", "jest", "это", "є", "це"}
)
_LETTERED = frozenset().union(*(known.letter_ends_after for known in TABLES.values())) - _FREQUENT
_SMALL_ABBREVIATIONS = frozenset(filter(_ABBREVIATIONS.may_know, "абвгдежзиклмнопрстуфхцчшщэ"))
_NO_NAME = re.compile(
    r"[а-яёіїє]{3,}(?:[иьй]те|[іи]ть)(?:сь|ся)?"
    r"|[а-яё]{2,}(?:[ыио]е|ее|[еи]шь|[еёи]т|[аяую]ют|[ая]ет|тся|лся|лась|лось|лись|ость|[ае]ние|ция|ство|[лсчвжтдш]ь?но)"
)
"""Назовите, Натисніть, Обычно: no name ends so."""
_TURKISH_CASE = re.compile(r".+'(?:y?[aeıiuü]|n[ıiuü]n?|[dt][ae]n?|y?l[ae])")
_INITIAL = re.compile(r"[^\W\d_]\.")
_ROMAN = re.compile(r"[IVXLC]+")
_SHORT = re.compile(r"(?!(?:[hms]+|psst|pf+t|[бгхм]+|т?с+)\Z)(?i:[bcdfghjklmnpqrstvwxzбвгджзклмнпрстфхцчшщ]{2,5})")
"""A word without a vowel. A few are no abbreviations: hmm, shh, тсс."""
_IN_ADDRESS = re.compile(r"(?:\d+[^\W\d_]?|[^\W\d_]),")
_LONGEST_SHORT = 5
_LONGEST_DAY = 2
_NUMBERS = frozenset({"no.", "no:", "nr.", "nr", "n.º", "nº", "№", "numara", "numarası"})
_PRONOUNS = frozenset({"I", "я"})
_LONGEST_ROMAN = 4
"""Letters in the marker of a list item; longer numbers (XVIII) are written in capitals."""


def languages(spot: Spot) -> Sequence[str]:
    """Return the language of the sentence; several while nothing tells them apart."""
    spot.teller.read(spot.text, spot.at)
    return spot.teller.languages(script(spot.last_letter()))


def is_plain_word(text: str, at: int, teller: LanguageTeller) -> bool:
    """Tell whether an ordinary word stands before the mark at *at*, so that a capital behind it begins a sentence.

    This is a short way that never contradicts the rules: where it says no, the rules decide.
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
    """Return the kind of abbreviation that *word* is behind the word *before*; None if it is none.

    *word* has its mark, unless that is the dot. While several languages are equally likely, all are asked. Two letters
    may be an abbreviation in one language and a word in another: they count if two languages or English know them, or
    if they are a part of a longer abbreviation (p. ex.). *word* tells nothing of the language: Sen. is no Turkish.
    """
    if not word:
        return None
    kinds = _ABBREVIATIONS.kinds(word, before, spot.letter)
    if not word.isalnum() and (rest := _last_part(word)) != word:
        kinds = _ABBREVIATIONS.kinds(rest, before, spot.letter) | kinds
    letter = spot.last_letter()
    if not kinds:
        spot.teller.read(spot.text, spot.at, letter)
        return None
    spot.teller.read(spot.text, spot.text.rfind(" ", 0, spot.at) + 1, letter)
    spot.teller.skip(spot.at)
    written = candidates(script(letter))
    if len(kinds) >= len(written) and len(agreed := {kinds.get(language) for language in written}) == 1:
        return agreed.pop()  # whatever the language is
    likeliest = spot.teller.languages(script(letter))
    likely = [kinds[language] for language in likeliest if language in kinds]
    sure = "en" in kinds or before[-1:] == "."
    if not likely or (len(likely) == 1 and len(word) == 2 < len(likeliest) and word.islower() and not sure):
        return None
    if before[-1:].isdigit() and likeliest[0] in kinds:
        return kinds[likeliest[0]]  # a unit
    if Kind.NEVER in likely and likeliest[0] not in kinds:
        return Kind.OPENER  # a word of the likeliest language, an abbreviation in another one
    return next(kind for kind in (Kind.OPENER, Kind.NEVER, Kind.NUMBERED, Kind.CAPITAL) if kind in likely)


def hangs_on_word(spot: Spot) -> bool:
    """Tell whether the word behind the mark decides and may still grow into a word that decides otherwise."""
    part = spot.following()
    if spot.opened + len(part) < len(spot.text):
        return False
    goes_on = part in _GOES_ON_BEGINNINGS or _ROMAN.fullmatch(part) is not None
    word, _ = spot.words()
    if word.isdigit() and len(word) <= _LONGEST_DAY and len(likeliest := languages(spot)) > 1:
        return any(table(language).ordinal_after for language in likeliest)
    opens, is_cyrillic = part.lower() in _OPENER_BEGINNINGS, script(part[:1]) == "cyrillic"
    if not (goes_on or opens or is_cyrillic or len(part) == 1):
        return False
    if word.isdigit():
        return len(word) <= _LONGEST_DAY and any(table(language).ordinal_after for language in languages(spot))
    words = (word, _last_part(word))
    if goes_on and any(map(_ABBREVIATIONS.may_know, words)):
        return True
    if len(part) == 1 and (any(map(_ABBREVIATIONS.may_take_number, words)) or _DATE.fullmatch(spot.text, 0, spot.at)):
        return True
    if _is_short(word):
        return opens or is_cyrillic or len(part) == 1
    return opens and (any(map(_ABBREVIATIONS.may_end_before_opener, words)) or _year(spot) is not None)


def _is_short(word: str) -> bool:
    """Tell whether *word* is a capital, or letters with dots that no table knows: B, U.S."""
    if len(word) == 1:
        return word.isupper()
    return word[1:2] == "." and not _ABBREVIATIONS.may_know(word)


def opener_follows(spot: Spot) -> bool:
    """Tell whether the word behind the mark begins a sentence for certain."""
    word = spot.following().lower()
    word = word.removesuffix(".") if len(word) > 2 else word  # A. may be an initial
    if _NO_NAME.fullmatch(word) and _is_short(spot.words()[0]):
        return True
    return word in _OPENERS and any(word in table(language).openers for language in languages(spot))


def goes_on_before(spot: Spot, kind: Kind) -> bool:
    """Tell whether the word behind the mark belongs to the abbreviation before it: 5 p.m. EST, Mon. Nov. 24, ch. II."""
    word = spot.following()
    if _INITIAL.fullmatch(word) and _DATE.fullmatch(spot.text, 0, spot.at):
        return True
    bare = word.removesuffix(".")
    if word in _GOES_ON_BEFORE or bare in _GOES_ON_BEFORE:
        return True
    if kind is Kind.NUMBERED and len(bare) == 1:  # ch. I, app. B
        return True
    return len(bare) > 1 and _ROMAN.fullmatch(bare) is not None


def takes_number(spot: Spot, word: str, before: str) -> bool:
    """Tell whether the number behind the mark goes with *word*, which need not be in the table of the language.

    A word without a vowel is an abbreviation, and so is a short word behind an open bracket, or behind a number or a
    letter with a comma: (est. 1898), 12 B, int. 3.
    """
    if spot.letter.isdigit():
        if before[-1:].isdigit() or word.isupper():
            return False
        if word[-1:] in ALPHABETS["uk"] and _ABBREVIATIONS.may_take_number(word):
            return True
        if len(word) <= _LONGEST_SHORT and (_IN_ADDRESS.fullmatch(before) or _bracket_is_open(spot)):
            return True
        return _SHORT.fullmatch(word) is not None
    number = spot.following().removesuffix(".")
    if len(number) < 2 or not _ROMAN.fullmatch(number):
        return False
    return Kind.NUMBERED in _ABBREVIATIONS.kinds(word, before, spot.letter).values()


def _bracket_is_open(spot: Spot) -> bool:
    return spot.text.rfind("(", 0, spot.at) > spot.text.rfind(")", 0, spot.at)


def is_label(spot: Spot, letter: str, before: str) -> bool:
    """Tell whether a single letter is no initial: vitamin C, so do I, A or B."""
    if letter in _PRONOUNS:
        return not before[:1].isupper() or opener_follows(spot) or before.lower() in _LETTERED
    if _is_listed(spot, letter):
        return True
    if _INITIAL.fullmatch(spot.following()) or letter in _SMALL_ABBREVIATIONS:  # is R. L. Stine, через с. Малое
        return False
    if letter.isalpha() and _is_numbered(before):
        return True
    before = _behind_apostrophe(before.lower()).rstrip(":")
    speakers = [language for language, known in TABLES.items() if before in known.letter_ends_after]
    if not speakers or "en" in speakers:
        spot.teller.read(spot.text, spot.at, spot.last_letter())
        if before in _COPULAS and _names_letters(spot):
            return True
        return bool(speakers) and (before not in _FREQUENT or opener_follows(spot))
    if script(before[0]) != script(letter):  # язык C
        return True
    return any(language in speakers for language in languages(spot))


def is_label_of(spot: Spot, before: str) -> bool:
    """Tell whether a number behind the word *before* names a thing and ranks none: No. 12, koltuk 5."""
    if before[-1:] == "." and _ABBREVIATIONS.may_take_number(before[:-1]) and not _month_follows(spot, languages(spot)):
        return True
    return before.lower() in _NUMBERS or before.lower() in table(languages(spot)[0]).letter_ends_after


def _is_numbered(before: str) -> bool:
    """Tell whether the word *before* is an abbreviation that takes a number or a letter: App. B."""
    return len(before) > 2 and before[-1] == "." and Kind.NUMBERED in _ABBREVIATIONS.kinds(before[:-1], "", "").values()


def _names_letters(spot: Spot) -> bool:
    """Tell whether the sentence has a word that a letter may follow: The answer is B."""
    words = spot.text[max(0, spot.at - 2 * LONGEST_WORD) : spot.at].lower().split()
    return any(word in _LETTERED for word in words)


def is_ordinal(spot: Spot, before: str) -> bool:
    """Tell whether a number with a dot is an ordinal behind the word *before*: am 3. Oktober, im II. Weltkrieg."""
    likeliest = languages(spot)
    own = table(likeliest[0])
    after = own.ordinal_after
    if before.lower() in own.day_after:
        return _month_follows(spot, likeliest)
    if "*" in after or before.lower() in after or _month_follows(spot, likeliest):
        return True
    return len(likeliest) > 1 and before != "" and _in_ordinal_language(spot, likeliest)


def _in_ordinal_language(spot: Spot, likeliest: Sequence[str]) -> bool:
    """Tell whether the word behind the number tells that its language marks any ordinal: Okulun 2. Dünya Savaşı."""
    if "tr" in likeliest and _TURKISH_CASE.fullmatch(spot.following()):
        return True
    owners = {language: len(TABLES[language].letters & set(spot.following().lower())) for language in likeliest}
    best = max(owners.values())
    first = [language for language, count in owners.items() if count == best]
    return (best > 0 or "en" not in likeliest) and any("*" in table(language).ordinal_after for language in first)


def _month_follows(spot: Spot, likeliest: Sequence[str]) -> bool:
    tables = (table(language) for language in likeliest)
    return any(known.ordinal_after and spot.following() in known.goes_on_before for known in tables)


def opens_with_year(spot: Spot) -> bool:
    """Tell whether the sentence so far is only a year, a century or a time with its abbreviation: В 1703 г. …"""
    year = _year(spot)
    return year is not None and any(squeezed(year[1]) in table(language).years for language in languages(spot))


def _year(spot: Spot) -> re.Match[str] | None:
    return _YEAR.fullmatch(spot.text, 0, spot.at)


def may_be_pronoun(spot: Spot) -> bool:
    """Tell whether an English I follows. It always has a capital, so it may not begin a sentence: Well... I think."""
    return spot.letter == "I" and "en" in languages(spot)


def _is_listed(spot: Spot, letter: str) -> bool:
    """Tell whether another letter of the same case is joined to *letter*."""
    other = _LISTED.search(spot.text, max(0, spot.at - LONGEST_WORD), spot.at)
    return other is not None and other[1].isupper() == letter.isupper()


def _behind_apostrophe(word: str) -> str:
    return word.replace("’", "'").rpartition("'")[2]


def _last_part(word: str) -> str:
    """Return the last part of a word with an apostrophe or of a range: ing of l'ing, Dec of 28–Dec."""
    return _RANGE.sub("", _behind_apostrophe(word))
