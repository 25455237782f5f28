"""English: all rules in their order."""

import re
from collections.abc import Callable

from pipeline.speakable import numerals
from pipeline.speakable.arithmetic import Words, arithmetic
from pipeline.speakable.en import (
    addresses,
    amounts,
    calendar,
    codes,
    dates,
    doses,
    fractions,
    money,
    plainly,
    ratios,
    roman,
    spans,
    times,
    units,
    years,
)
from pipeline.speakable.en.numbers import NUMBER, cardinal, speak, value
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import (
    DIGIT,
    FORMULA,
    LEFT,
    RIGHT,
    Rule,
    abbreviations,
    any_of,
    before,
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
ORDERED = re.compile(rf"(?P<what>\b(?i:{any_of(_WORDS['ordered'])}) )#(?=\d{{1,12}}{RIGHT})")

SHORT = re.compile(r"(?<![\w.-])(?:(?P<ext>[Ee]xt)|(?P<acct>[Aa]cct)) (?=\d)")
LABEL = re.compile(rf"(?<![\w.])({any_of(LABELS)})\s?(?=\d|[IVXL]{{2,}}\b|[VX]\b|[Ⅰ-ⅿ])")
_VERBS = any_of(_WORDS["verbs"])
_NOT_COUNTED = rf"(?!\d| (?!(?:is|was|has|{_VERBS})\b)[a-z]+s\b| (?:people|men|women)\b)"
NUMBER_WITHOUT_DOT = re.compile(rf"\ANo(?= \d{{1,3}} [A-Z][a-z]+(?<!s)\b)|(?<=[a-z] )No(?= \d{{1,4}}{_NOT_COUNTED})")
NAME = re.compile(r"[(\"“]?[A-Za-z]+-?\d{1,4}")
GLUED = re.compile(r"[\d.,]+[a-z'’′\"”″%°]")
"""A number that cannot go on in the next word."""
WRITTEN_OUT = abbreviations(ABBREVIATIONS)


def _beside_a_number(m: re.Match[str]) -> str | None:
    """Keep numbers in a row, but not the 2,000 of "vitamin D3 2,000 IU", nor what a comma divides."""
    if GLUED.match(m[0]) or NAME.fullmatch(before(m)) or (m[0][-1] in ",;:.!?)-–" and not before(m)[-1:].isdigit()):
        return None
    return beside_a_number(m)


PREPARED = (
    plainly.written_out,
    fractions.written_out,
    amounts.without_bullets,
    codes.written_out,
    years.written_out,
    times.written_out,
    money.written_out,
)
"""What begins with a letter or in an unusual way is rewritten before the rules look for numbers."""

LISTED: Rule = (
    re.compile(r"\A(?P<n>\d{1,3})(?:[.)](?=\s+[^\W\d_])|\)(?=\s+\d))"),
    lambda m: f"{cardinal(int(m['n']))}.",
)
BESIDE: Rule = (re.compile(NUMBER + r"\S*"), _beside_a_number)

GROUPS: tuple[tuple[Callable[[str], object], tuple[Rule, ...]], ...] = tuple(
    (re.compile(sign).search if isinstance(sign, str) else sign, rules)
    for sign, rules in (
        ("", (LISTED,)),
        (r"\d ?[-–—−:] ?\d", ratios.RULES),
        (r"×|\dx|[\w\"”″'’′] ?x ?\d|\d ?[-–—] ?\d|\d ?[hm]", spans.FIRST_RULES),
        (r"[^\w\s.,;?()]", (FORMULA,)),
        (r"\d[./–—-]\d|[A-Za-z]{3}\.?,? \d|\d(?:st|nd|rd|th)? [A-Z]", dates.FIRST_RULES),
        (r"\+\d|\d[ .-]\d|\d{5}", codes.SHAPES),
        (codes.named, codes.NAMED),
        (rf"/|[{fractions.VULGAR}]|24-7|\d-\d", fractions.RULES),
        ("", (BESIDE,)),
        (r"\d[:.-]\d|\d ?[AaPp]\.?[Mm]|[-–—]|\d h(?:ou)?rs", times.RULES),
        (r"\d['’′\"”″+kKMBbmtfFC/x°]| (?:bn|mn|tn)\b|\d (?:[FC]\b|times/)", spans.RULES),
        (money.SEEN, money.RULES),
        (r"\d{4}|\d0s|(?:BC|BCE|AD|CE)\b", years.RULES),
        ("", amounts.RULES),
    )
)
"""Each group runs only on a text that has one of its signs: most sentences need three of them."""


SUMS = arithmetic(
    Words(
        table=_TABLE,
        pattern=NUMBER,
        value=value,
        number=speak,
        percent=lambda number: f"{speak(number)} percent",
        flag=money.may_be_a_command,
    ),
    (*units.UNITS, *money.CURRENCIES),
)


def may_change(text: str) -> bool:
    """Return whether a text of letters alone has a Roman numeral, a short weekday or month, or "the NW"."""
    return roman.seen(text) or calendar.seen(text) or plainly.seen(text)


def spoken(text: str) -> str:
    """Return *text* with abbreviations written out and, if num2words is installed, numbers in words."""
    numbered = DIGIT.search(text) is not None
    if numbered:
        if "#" in text:
            text = HASH.sub(_hash, ORDERED.sub(r"\g<what>number ", text))
        text = calendar.with_capitals(text)
    text = calendar.written_out(text)
    if numbered or "." in text or "/" in text:
        text = SHORT.sub(lambda m: "extension " if m["ext"] else "account ", text)
        text = LABEL.sub(lambda m: f"{LABELS[m[1]]} ", text)
        text = WRITTEN_OUT(text)
    text = addresses.spoken(text)
    if plainly.seen(text):
        text = plainly.with_directions(text)
    if not numerals.available():
        return text
    if roman.seen(text):
        text = roman.spoken(text)
    return _numbers(text) if numbered else SUMS(text)


def _numbers(text: str) -> str:
    text = NUMBER_WITHOUT_DOT.sub("number", doses.written_out(text))
    for part in (
        plainly.written_out,
        fractions.written_out,
        amounts.without_bullets,
        codes.written_out,
        years.written_out,
        times.written_out,
        money.written_out,
    ):
        text = part(text)
    text = SUMS(text)
    if not DIGIT.search(text):
        return text
    text = money.with_commas(text)
    return rewritten(text, [rule for sign, rules in GROUPS if sign(text) for rule in rules])


def _hash(m: re.Match[str]) -> str:
    """Say #1 as number one; behind "press" it is a key, near "color" a colour."""
    near = in_front(m).lower().replace(":", "").split()
    return m[0] if (near and near[-1] in _WORDS["no_hash"]) or _WORDS["colors"].intersection(near) else "number "
