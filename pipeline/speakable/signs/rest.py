"""Greek letters, rare fractions, units without a number, and signs that have only the name that Unicode gives them."""

import re
import unicodedata
from functools import cache

from pipeline.speakable.language import Language, Signs

LATER = "\6"
"""Stands for a slash that has to wait until the operator in front of its number is a word."""
GREEK = re.compile("(?<![\u0370-\u03ff])[\u0391-\u03c9\u03d1\u03d5\u03f5\u00b5](?![\u0370-\u03ff])")
FRACTION = re.compile("(?P<whole>\\d ?)?(?P<part>[\u00bc-\u00be\u2150-\u215e])")
OTHER = re.compile(
    "[\u2016\u2031\u2034\u203b\u20a0-\u20cf\u2100-\u214f\u2190-\u21ff\u2200-\u23ff\u27c0-\u27ff\u2900-\u2bff]"
)
"""Money, arrows, mathematics and technical signs."""
CIRCLED = re.compile("[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")


def spoken(text: str, language: Language, signs: Signs) -> str:
    """Return *text* with the last signs in words."""
    if text.isascii():
        return text
    text = CIRCLED.sub(lambda m: _padded(m, language.number(str(int(unicodedata.numeric(m[0]))), "n")), text)
    text = GREEK.sub(lambda m: _padded(m, signs.names.get(m[0], m[0])), text)
    text = FRACTION.sub(lambda m: _fraction(m, signs), text)
    return OTHER.sub(lambda m: m[0] if m[0] in signs.names else _padded(m, _unicode(m[0])), text)


def units(text: str, signs: Signs) -> str:
    """Return *text* with units such as km/h in words where no number stands in front of them."""
    return _units(signs).sub(lambda m: _unit(m, signs), text)


def _padded(m: re.Match[str], words: str) -> str:
    left = " " if m.start() and m.string[m.start() - 1].isalnum() else ""
    right = " " if m.string[m.end() : m.end() + 1].isalnum() else ""
    return f"{left}{words}{right}"


def _fraction(m: re.Match[str], signs: Signs) -> str:
    part = signs.names.get(m["part"], m["part"])
    return f"{m['whole'].rstrip()} {signs.phrases['and_a']} {part}" if m["whole"] else _padded(m, part)


@cache
def _unicode(sign: str) -> str:
    return unicodedata.name(sign, "").lower().removesuffix(" sign").replace("-", " ")


@cache
def _units(signs: Signs) -> re.Pattern[str]:
    written = "|".join(map(re.escape, sorted(signs.units, key=len, reverse=True)))
    return re.compile(rf"(?<![\w/.])(?P<unit>{written})(?![\w/²³])")


def _unit(m: re.Match[str], signs: Signs) -> str:
    one, _, behind_in = signs.units[m["unit"]].partition("|")
    words = m.string[max(0, m.start() - 12) : m.start()].split()
    word = words[-1].lower() if words else ""
    if behind_in and word[-1:].isdigit():  # the rules for numbers make them agree
        operator = len(words) > 1 and words[-2][-1] in "<>≤≥=≈≠"
        operator = operator or not word[-1].isdecimal()
        return m[0].replace("/", LATER) if operator or word[0] in "<>≤≥=≈≠" else m[0]
    if word in {"per", "a", "each", "every", "one", "1"}:
        head, _, tail = one.partition(" per ")
        return head.removesuffix("s") + (f" per {tail}" if tail else "")
    return behind_in if behind_in and word == "в" else one
