"""What a sentence tells of the language of its answer."""

import re

from pipeline.languages.guess import guess

_AMOUNT = re.compile(
    r"(?<![^\W\d_])\d[\d.,:/-]{0,40}\s?(?!(?:[ap]m|[AP]M)\b)[A-Za-zµΩ°]{1,4}(?:/[A-Za-z]{1,3})?[²³]?(?![^\W_])"
)
"""A number with a unit, as in "5 km": units are written alike in many languages. A clock's am and pm are English."""
_CODE = re.compile(r"(?<![^\W_])[A-Z]{3}\s?(?=\d)")
"""A currency in front of its amount."""
_FOREIGN_LETTER = re.compile(r"[^\W\d_\u0000-\u024f]")
_SMALL_WORD = re.compile("(?<![A-Za-z])[a-z]{2}")


def is_letterless(text: str) -> bool:
    """Return whether no letter tells the language of *text*: "42.", "700 ₽", "5 km"."""
    if not _has_letters(text):
        return True
    return any(map(str.isdigit, text)) and not _has_letters(_CODE.sub("", _AMOUNT.sub("", text)))


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def told(text: str) -> str | None:
    """Return the base tag of the language that *text* tells; "" for one that is not known by its words.

    None = it tells none: there are no letters, or only names in Latin letters ("Samsung Galaxy"), which are written
    alike in all languages.
    """
    if is_letterless(text):
        return None
    if not _FOREIGN_LETTER.search(text) and not _SMALL_WORD.search(text):
        return None
    return guess(text)
