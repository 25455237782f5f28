"""Signs in words: what a voice would drop, or say in a way that nobody understands."""

import re

from pipeline.speakable.language import Language
from pipeline.speakable.signs import arrows, codes, keys, operators, powers, rest, sums

WORDLESS = re.compile(
    "[^\\w\\s.,;:!?\"'()«»“”„’‘…—–-]|_"
    "|[\u00b2\u00b3\u00b9\u2070-\u209f\u2150-\u215e\u0391-\u03c9\u2460-\u24ff\u2776-\u2793]"
    "|[A-Z]-\\d| -|-$|(?:\\A|\\s)[!.][A-Za-z]|[A-Za-z]::?[A-Za-z]|\\b(?:sin|cos|tan|tg|ln) "
)
"""A text without a match has no sign to say. The last line holds ordinary punctuation in places where it is no such."""

ABOUT = re.compile(r"(?<=(?<![^\W_])[^\W\d_] )≈(?= ?[\w−-])")
"""Rules for numbers take this sign for the one of a number: "about"."""


def before_numbers(text: str, language: Language) -> str:
    """Return *text* with the signs in words that the rules for numbers would take for something else.

    These are keys, ways through menus, arrows between amounts, codes to dial and time zones.
    """
    if WORDLESS.search(text) is None:
        return text
    if language.signs is None:
        return keys.named(text)
    text = keys.spoken(text, language.signs)
    text = codes.spoken(text, language)
    text = sums.minus(arrows.spoken(text, language.signs), language.signs)
    return ABOUT.sub(language.signs.between["≈"], text) if "≈" in text else text


def behind_numbers(text: str, language: Language) -> str:
    """Return *text* with every sign in words that no other rule has said."""
    if language.signs is None or WORDLESS.search(text) is None:
        return text
    text = sums.grouped(rest.units(text, language.signs), language, language.signs)
    text = powers.spoken(text, language)
    text = operators.spoken(text, language, language.signs)
    return rest.spoken(text, language, language.signs).replace(rest.LATER, "/")
