"""English: sums and comparisons of plain numbers, squares and cubes.

Only what is numbers and operators from end to end, with spaces between, is said. One operator beside a letter, a
bracket or a unit, and the whole text keeps its formulas: half a formula in words is worse than none.
"""

import re

from pipeline.speakable.data import table
from pipeline.speakable.english_amounts import CURRENCIES, NUMBER, UNITS, may_be_a_command, speak
from pipeline.speakable.rewriting import LEFT, OPERATOR, RIGHT, before

_TABLE = table("en")
OPERATORS: dict[str, str] = _TABLE["operators"]
UNSURE: dict[str, str] = _TABLE["unsure_operators"]
POWERS: dict[str, str] = _TABLE["powers"]
MINUS = "−"

LONGEST = 12
"""Operators in one run: bounds the cost. What is longer stays."""

_OPERAND = rf"[-−]?(?!0\d){NUMBER}(?:[²³]| ?%)?"
_OPERATOR = "|".join(map(re.escape, OPERATORS | UNSURE))
_UNIT = "|".join(map(re.escape, sorted((*UNITS, *CURRENCIES), key=len, reverse=True)))

_MORE = rf"(?: (?:{_OPERATOR}) {_OPERAND}){{1,{LONGEST}}}+"

RUN = re.compile(rf"{LEFT}(?<![\w-]\()(?P<run>{_OPERAND}{_MORE})(?! ?(?:{_UNIT})(?!\w)|!\S){RIGHT}")
TERM = re.compile(rf"(?P<sign>[-−])?(?P<n>{NUMBER})(?P<power>[²³])?(?P<percent> ?%)?")

POWER = re.compile(rf"{LEFT}(?P<base>[A-Za-ln-z]|(?!0\d)\d{{1,3}}(?:\.\d{{1,6}})?)(?P<power>[²³]){RIGHT}")
"""m² is a square meter; behind four digits a small two may be the mark of a footnote to a year."""

RUN_MARK = "\0"
"""Stands for a run while the rest is looked at; no text has it."""
FOREIGN = re.compile(
    rf"(?<!\S)(?:{OPERATOR.pattern}|≈)(?!\S)|(?<!\S)%(?=\s[\d{RUN_MARK}])"
    rf"|(?<=[{RUN_MARK}²³]\s)[-−](?!\S)|(?<!\S)[-−](?=\s(?:{RUN_MARK}|\w+[²³]))"
)
"""An operator that has something else than a plain number beside it."""


def spoken(text: str) -> str:
    """*text* with its sums, comparisons and powers in words, or as it is if one of them is more than plain numbers."""
    if FOREIGN.search(RUN.sub(RUN_MARK, text)):
        return text
    return POWER.sub(_power, RUN.sub(_run, text))


def _run(m: re.Match[str]) -> str:
    words = m["run"].replace(" %", "%").split(" ")
    if not _is_sure(words) or (words[0][0] == "-" and may_be_a_command(before(m))):
        return m[0]
    said = OPERATORS | UNSURE
    return " ".join(said[word] if place % 2 else _term(word) for place, word in enumerate(words))


def _is_sure(words: list[str]) -> bool:
    """Whether it is arithmetic: 10 - 3 may be a score or a range, 10 × 20 a size, 0 > 255 a step, 1 > 2 > 3 a way
    through a menu.
    """
    operators = words[1::2]
    if operators in ([MINUS], [">"]):
        return _value(words[0]) > _value(words[2])
    if operators == ["<"]:
        return _value(words[0]) < _value(words[2])
    if sum(operator in "<>" for operator in operators) > 1:
        return False
    return any(operator in OPERATORS for operator in operators if operator != MINUS)


def _value(term: str) -> float:
    m = TERM.fullmatch(term)
    return float((m["sign"] or "").replace(MINUS, "-") + m["n"].replace(",", "")) if m else 0.0


def _term(term: str) -> str:
    m = TERM.fullmatch(term)
    if m is None:
        return term
    power = f" {POWERS[m['power']]}" if m["power"] else ""
    return ("minus " if m["sign"] else "") + speak(m["n"]) + power + (" percent" if m["percent"] else "")


def _power(m: re.Match[str]) -> str:
    base = m["base"] if m["base"].isalpha() else speak(m["base"])
    return f"{base} {POWERS[m['power']]}"
