"""Sums and comparisons of plain numbers, squares and cubes, in any language that has words for them.

A formula is put into words only if it consists of numbers and operators with spaces between them. If one operator of a
text stands beside a letter, a bracket or a unit, all formulas of the text stay: half a formula in words is worse than
none. A ``*`` always stays as written.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.speakable.rewriting import LEFT, OPERATOR, RIGHT, any_of, before

MINUS = "−"
LONGEST = 12
"""Operators in one run; bounds the cost. Longer runs stay as written."""

POWER = re.compile(rf"{LEFT}(?P<base>[A-Za-ln-z]|(?!0\d)\d{{1,3}}(?:[.,]\d{{1,6}})?)(?P<power>[²³]){RIGHT}")
"""No m², which is a square meter, and no four digits, where a small two may mark a footnote to a year."""

MAYBE = re.compile(r"[²³]|\d[²³%]? \S [-−]?\d|% \S ")

RUN_MARK = "\0"
"""Stands for a run while the rest of the text is searched; tidied text never contains it."""
FOREIGN = re.compile(
    rf"(?<!\S)(?:{OPERATOR.pattern}|≈)(?!\S)|(?<!\S)%(?=\s[\d{RUN_MARK}])"
    rf"|(?<=[{RUN_MARK}²³]\s)[-−](?!\S)|(?<!\S)[-−](?=\s(?:{RUN_MARK}|\w+[²³]))"
)
"""An operator beside something other than a plain number."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a language writes and says numbers and operators."""

    table: Mapping[str, Mapping[str, str]]
    """The sections ``operators``, ``unsure_operators`` and ``powers``.

    Unsure operators count only beside an operator of the first section other than minus: 10 - 15 is a range, 10 × 20 a
    size, 4 / 5 a part.
    """
    pattern: str
    """Matches a number without white space."""
    value: Callable[[str], float]
    number: Callable[[str], str]
    """Returns a written number in words."""
    percent: Callable[[str], str]
    """Returns a written number of per cent in words."""
    flag: Callable[[str], bool]
    """Whether a hyphen and a number behind this word may be a flag of a command."""


def arithmetic(words: Words, units: Iterable[str]) -> Callable[[str], str]:
    """Return a function that puts the sums, comparisons and powers of a text into *words*.

    It returns the text unchanged if one of them holds more than plain numbers. A number before one of *units* is not
    plain.
    """
    spoken_operators = {**words.table["operators"], **words.table["unsure_operators"]}
    operator = "|".join(map(re.escape, spoken_operators))
    unit = any_of(units)
    operand = rf"[-−]?(?!0\d){words.pattern}(?:[²³]| ?%)?"
    more = rf"(?: (?:{operator}) {operand}){{1,{LONGEST}}}+"
    run = re.compile(rf"{LEFT}(?<![\w-]\()(?<!\d )(?P<run>{operand}{more})(?! ?(?:{unit})(?!\w)|!\S| \d){RIGHT}")

    def whole_run(m: re.Match[str]) -> str:
        parts = m["run"].replace(" %", "%").split(" ")
        if not _is_sure(parts, words) or (parts[0][0] == "-" and words.flag(before(m))):
            return m[0]
        return " ".join(spoken_operators[part] if place % 2 else _term(part, words) for place, part in enumerate(parts))

    def power(m: re.Match[str]) -> str:
        base = m["base"] if m["base"].isalpha() else words.number(m["base"])
        return f"{base} {words.table['powers'][m['power']]}"

    def spoken(text: str) -> str:
        if not MAYBE.search(text) or FOREIGN.search(run.sub(RUN_MARK, text)):
            return text
        return POWER.sub(power, run.sub(whole_run, text))

    return spoken


def _is_sure(parts: list[str], words: Words) -> bool:
    """Whether *parts* are arithmetic.

    10 - 3 may be a score or a range, 10 × 20 a size, 0 > 255 a step, 1 > 2 > 3 a path through a menu.
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
    m = re.match(rf"([-−])?({words.pattern})", term)
    return 0.0 if m is None else words.value(m[2]) * (-1 if m[1] else 1)


def _term(term: str, words: Words) -> str:
    m = re.fullmatch(rf"(?P<sign>[-−])?(?P<n>{words.pattern})(?P<power>[²³])?(?P<percent>%)?", term)
    if m is None:
        return term
    sign = f"{words.table['operators'][MINUS]} " if m["sign"] else ""
    number = words.percent(m["n"]) if m["percent"] else words.number(m["n"])
    return sign + number + (f" {words.table['powers'][m['power']]}" if m["power"] else "")
