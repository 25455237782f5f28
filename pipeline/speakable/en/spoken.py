"""English: which rules there are and in which order."""

import re

from pipeline.speakable import numerals as words
from pipeline.speakable.arithmetic import Words, arithmetic
from pipeline.speakable.data import table
from pipeline.speakable.data import words as word_list
from pipeline.speakable.en import addresses, amounts, dates, ratios, roman
from pipeline.speakable.en.grouped import with_commas
from pipeline.speakable.rewriting import FORMULA, LEFT, RIGHT, Rule, beside_a_number, in_front, rewritten

_TABLE = table("en")
LABELS: dict[str, str] = _TABLE["labels"]
ABBREVIATIONS: dict[str, str] = _TABLE["abbreviations"]

LAST_WORDS = frozenset(word.rstrip(".").lower() for word in (*ABBREVIATIONS, *addresses.STREETS))
"""Abbreviations that may end a sentence of letters alone."""

NO_HASH = frozenset(word_list("en", "no_hash"))
COLORS = frozenset(word_list("en", "colors"))

DIGIT = re.compile(r"[\d½⅓⅔¼¾]")
HASH = re.compile(rf"{LEFT}#(?!(\d)\1\1(?!\d))(?=[1-9]\d{{0,3}}{RIGHT})")
"""A number of a list, not #333, which is a colour."""


def _any(table: dict[str, str]) -> str:
    return "|".join(map(re.escape, sorted(table, key=len, reverse=True)))


LABEL = re.compile(rf"(?<![\w.])({_any(LABELS)})\s?(?=\d)")
SHORT = re.compile(rf"(?<![\w.])({_any(ABBREVIATIONS)})(?=(\s|,|;|\)|:)|$)")

RULES: tuple[Rule, ...] = (
    (re.compile(r"\A(?P<n>\d{1,3})[.)](?=\s+[^\W\d_])"), lambda m: f"{words.english(int(m['n']))}."),
    *ratios.RULES,
    FORMULA,
    *dates.FIRST_RULES,
    *amounts.FIRST_RULES,
    (re.compile(amounts.NUMBER + r"\S*"), beside_a_number),
    *dates.RULES,
    *amounts.RULES,
)


SUMS = arithmetic(
    Words(
        table=_TABLE,
        pattern=amounts.NUMBER,
        value=lambda number: float(number.replace(",", "")),
        number=amounts.speak,
        percent=lambda number: f"{amounts.speak(number)} percent",
        flag=amounts.may_be_a_command,
    ),
    (*amounts.UNITS, *amounts.CURRENCIES),
)


def load() -> None:
    """Import what numbers need."""
    words.available()


def spoken(text: str) -> str:
    """*text* with abbreviations, and with numbers where num2words is there, as words."""
    if DIGIT.search(text):
        text = HASH.sub(_hash, dates.written_out(text))
    if "." in text or "/" in text:
        text = LABEL.sub(lambda m: f"{LABELS[m[1]]} ", text)
        text = SHORT.sub(_short, text)
    text = addresses.spoken(text)
    return _numbers(text) if words.available() else text


def _numbers(text: str) -> str:
    if roman.seen(text):
        text = roman.spoken(text)
    text = SUMS(text)
    if DIGIT.search(text):
        text = rewritten(with_commas(text), RULES)
    return text


def _hash(m: re.Match[str]) -> str:
    """#1 is number one, but a key to press behind "press" and a colour near "color"."""
    near = in_front(m).lower().replace(":", "").split()
    return m[0] if (near and near[-1] in NO_HASH) or COLORS.intersection(near) else "number "


def _short(m: re.Match[str]) -> str:
    """A dot that also ends the sentence is kept: the voice falls at it."""
    dot = "." if m.end() == len(m.string) and m[1].endswith(".") else ""
    return ABBREVIATIONS[m[1]] + dot
