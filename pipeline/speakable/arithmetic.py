"""Sums and comparisons of plain numbers, squares and cubes, in any language that has words for them.

Only what is numbers and operators from end to end, with spaces between, is said. One operator beside a letter, a
bracket or a unit, and the whole text keeps its formulas: half a formula in words is worse than none. A ``*`` stays as
it is written.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.speakable.rewriting import LEFT, OPERATOR, RIGHT, before

MINUS = "−"
LONGEST = 12
"""Operators in one run: bounds the cost. What is longer stays."""

POWER = re.compile(rf"{LEFT}(?P<base>[A-Za-ln-z]|(?!0\d)\d{{1,3}}(?:[.,]\d{{1,6}})?)(?P<power>[²³]){RIGHT}")
"""m² is a square meter; behind four digits a small two may be the mark of a footnote to a year."""

MAYBE = re.compile(r"[²³]|\d[²³%]? \S [-−]?\d|% \S ")

RUN_MARK = "\0"
"""Stands for a run while the rest is looked at; no text has it."""
FOREIGN = re.compile(
    rf"(?<!\S)(?:{OPERATOR.pattern}|≈)(?!\S)|(?<!\S)%(?=\s[\d{RUN_MARK}])"
    rf"|(?<=[{RUN_MARK}²³]\s)[-−](?!\S)|(?<!\S)[-−](?=\s(?:{RUN_MARK}|\w+[²³]))"
)
"""An operator that has something else than a plain number beside it."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a language says.

    ``table``: of its words; in it the ``unsure_operators`` count only beside one of the others, a minus apart: 10 - 15
    is a range, 10 × 20 a size, 4 / 5 a part. ``pattern``: of its numbers, without white space. ``flag``: whether a
    hyphen and a number behind that word may be a flag of a command.
    """

    table: Mapping[str, Mapping[str, str]]
    pattern: str
    value: Callable[[str], float]
    number: Callable[[str], str]
    percent: Callable[[str], str]
    flag: Callable[[str], bool]


def arithmetic(words: Words, units: Iterable[str]) -> Callable[[str], str]:
    """A function that gives a text with its sums, comparisons and powers in *words*, or the text as it is if one of
    them is more than plain numbers. What *units* measure is no plain number.
    """
    said = {**words.table["operators"], **words.table["unsure_operators"]}
    operator = "|".join(map(re.escape, said))
    unit = "|".join(map(re.escape, sorted(units, key=len, reverse=True)))
    operand = rf"[-−]?(?!0\d){words.pattern}(?:[²³]| ?%)?"
    more = rf"(?: (?:{operator}) {operand}){{1,{LONGEST}}}+"
    run = re.compile(rf"{LEFT}(?<![\w-]\()(?<!\d )(?P<run>{operand}{more})(?! ?(?:{unit})(?!\w)|!\S| \d){RIGHT}")

    def one(m: re.Match[str]) -> str:
        parts = m["run"].replace(" %", "%").split(" ")
        if not _is_sure(parts, words) or (parts[0][0] == "-" and words.flag(before(m))):
            return m[0]
        return " ".join(said[part] if place % 2 else _term(part, words) for place, part in enumerate(parts))

    def power(m: re.Match[str]) -> str:
        base = m["base"] if m["base"].isalpha() else words.number(m["base"])
        return f"{base} {words.table['powers'][m['power']]}"

    def spoken(text: str) -> str:
        if not MAYBE.search(text) or FOREIGN.search(run.sub(RUN_MARK, text)):
            return text
        return POWER.sub(power, run.sub(one, text))

    return spoken


def _is_sure(parts: list[str], words: Words) -> bool:
    """Whether it is arithmetic: 10 - 3 may be a score or a range, 10 × 20 a size, 0 > 255 a step, 1 > 2 > 3 a way
    through a menu.
    """
    operators = parts[1::2]
    if operators in ([MINUS], [">"]):
        return _value(parts[0], words) > _value(parts[2], words)
    if operators == ["<"]:
        return _value(parts[0], words) < _value(parts[2], words)
    if sum(operator in "<>" for operator in operators) > 1:
        return False
    return any(operator in words.table["operators"] for operator in operators if operator != MINUS)


def _value(term: str, words: Words) -> float:
    """The number without its power and per cent."""
    m = re.match(rf"([-−])?({words.pattern})", term)
    return 0.0 if m is None else words.value(m[2]) * (-1 if m[1] else 1)


def _term(term: str, words: Words) -> str:
    m = re.fullmatch(rf"(?P<sign>[-−])?(?P<n>{words.pattern})(?P<power>[²³])?(?P<percent>%)?", term)
    if m is None:
        return term
    sign = f"{words.table['operators'][MINUS]} " if m["sign"] else ""
    number = words.percent(m["n"]) if m["percent"] else words.number(m["n"])
    return sign + number + (f" {words.table['powers'][m['power']]}" if m["power"] else "")
