"""English: all rules in their order."""

import re

from pipeline.speakable import numerals
from pipeline.speakable.arithmetic import Words, arithmetic
from pipeline.speakable.en import addresses, amounts, dates, ratios, roman
from pipeline.speakable.en.numbers import NUMBER, cardinal, speak
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import (
    DIGIT,
    FORMULA,
    LEFT,
    RIGHT,
    Rule,
    abbreviations,
    any_of,
    beside_a_number,
    in_front,
    last_words,
    rewritten,
)

_TABLE = table("en")
_WORDS = vocabulary("en")
LABELS: dict[str, str] = _TABLE["labels"]
ABBREVIATIONS: dict[str, str] = _TABLE["abbreviations"]

LAST_WORDS = last_words((*ABBREVIATIONS, *addresses.STREETS))

HASH = re.compile(rf"{LEFT}#(?!(\d)\1\1(?!\d))(?=[1-9]\d{{0,3}}{RIGHT})")
"""The # of #1. #333 is a colour."""


LABEL = re.compile(rf"(?<![\w.])({any_of(LABELS)})\s?(?=\d)")
WRITTEN_OUT = abbreviations(ABBREVIATIONS)

RULES: tuple[Rule, ...] = (
    (re.compile(r"\A(?P<n>\d{1,3})[.)](?=\s+[^\W\d_])"), lambda m: f"{cardinal(int(m['n']))}."),
    *ratios.RULES,
    FORMULA,
    *dates.FIRST_RULES,
    *amounts.FIRST_RULES,
    (re.compile(NUMBER + r"\S*"), beside_a_number),
    *dates.RULES,
    *amounts.RULES,
)


SUMS = arithmetic(
    Words(
        table=_TABLE,
        pattern=NUMBER,
        value=lambda number: float(number.replace(",", "")),
        number=speak,
        percent=lambda number: f"{speak(number)} percent",
        flag=amounts.may_be_a_command,
    ),
    (*amounts.UNITS, *amounts.CURRENCIES),
)


def spoken(text: str) -> str:
    """Return *text* with abbreviations written out and, if num2words is installed, numbers in words."""
    if DIGIT.search(text):
        text = HASH.sub(_hash, dates.written_out(text))
    if "." in text or "/" in text:
        text = LABEL.sub(lambda m: f"{LABELS[m[1]]} ", text)
        text = WRITTEN_OUT(text)
    text = addresses.spoken(text)
    if not numerals.available():
        return text
    if roman.seen(text):
        text = roman.spoken(text)
    text = SUMS(text)
    return rewritten(amounts.with_commas(text), RULES) if DIGIT.search(text) else text


def _hash(m: re.Match[str]) -> str:
    """Say #1 as number one; behind "press" it is a key, near "color" a colour."""
    near = in_front(m).lower().replace(":", "").split()
    return m[0] if (near and near[-1] in _WORDS["no_hash"]) or _WORDS["colors"].intersection(near) else "number "
