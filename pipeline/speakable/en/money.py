"""English: money by signs and codes: $5, £3.5m, US$6, 20 EUR, CHF 1,200."""

import re

from pipeline.speakable.en.numbers import NUMBER, cardinal, speak, value
from pipeline.speakable.en.units import FUNCTION_WORDS, PER, one_thing, per
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import DASH, SIGN, Rule, any_of, rule, sign_in_words

_TABLE = table("en")
_WORDS = vocabulary("en")
CURRENCIES: dict[str, list[str]] = _TABLE["currencies"]
NAMED: dict[str, list[str]] = _TABLE["named_currencies"]
"""Those that begin with a letter: codes, and signs with a country in front."""
ALL = CURRENCIES | NAMED

SIGNS = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus ", "~": "about ", "≈": "about ", "": ""}
MAGNITUDES: dict[str, str] = _TABLE["magnitudes"]

_MONEY = f"[{''.join(CURRENCIES)}]"
_GROUPED = r"\d{1,3}(?: \d{3}){1,4}(?:[.,]\d\d)?(?!\w| \d)"
GROUPED = re.compile(
    rf"(?:(?<={_MONEY})|(?<={_MONEY} ))(?P<behind>{_GROUPED})"
    rf"|(?<![\w.,])(?<!\d )(?P<before>{_GROUPED})(?=(?:{DASH}(?:{_GROUPED}))? ?{_MONEY})"
)
COUNTED = re.compile(rf"(?: ?{_MONEY})? ([a-z]{{1,24}}s)\b")
SURELY_GROUPED = re.compile(r".* (?:0\d\d|\d{3} \d{3})(?:[.,]\d\d)?")


def may_be_a_command(word: str) -> bool:
    """Return whether a hyphen and a number behind *word* may be a flag of a command."""
    return word[-1:].isalnum() and word.lower() not in _WORDS["before_negatives"]


def sign(m: re.Match[str]) -> str | None:
    """Return the words of the sign of an amount; None where it is not sure."""
    return sign_in_words(m, SIGNS, may_be_a_command)


def amount(m: re.Match[str]) -> str:
    """Return an amount or a range of amounts in words."""
    return speak(m["n"]) + (f" to {speak(m['to'])}" if m["to"] else "")


def with_commas(text: str) -> str:
    """Return *text* with commas instead of spaces, as in most of Europe, between the thousands of money: 1 000 ₽."""
    return GROUPED.sub(_with_commas, text) if any(sign in text for sign in CURRENCIES) else text


def _with_commas(m: re.Match[str]) -> str:
    """Group the thousands, but not in 5 100 € notes, which may be five notes."""
    counted = COUNTED.match(m.string, m.end())
    if counted and counted[1] not in FUNCTION_WORDS and not SURELY_GROUPED.fullmatch(m[0]):
        return m[0]
    decimals = re.sub(r"[.,](?=\d\d\Z)", ".", m[0])
    return decimals.replace(" ", ",")


def _money(m: re.Match[str]) -> str | None:
    minus = sign(m)
    if minus is None or not _is_range(m):
        return None
    words = _sized(m) if m["size"] else _counted(m)
    plus = " plus" if m["plus"] else ""
    return minus + words + plus + per(m)


def _is_range(m: re.Match[str]) -> bool:
    """Whether the second sum, if any, is higher and of the same size: 5% on £9,000 – £270 is no range."""
    if not m["to"]:
        return True
    first = (m["first"] or "").strip()
    return value(m["n"]) < value(m["to"]) if first in ("", (m["size"] or "").strip()) else m["size"] is not None


def _sized(m: re.Match[str]) -> str:
    one, many = ALL[m["unit"]][:2]
    last = MAGNITUDES.get(m["size"], m["size"])
    first = m["first"].strip() if m["first"] else ""
    words = f"{speak(m['n'])} {MAGNITUDES.get(first, first)} to {speak(m['to'])}" if first and m["to"] else amount(m)
    return f"{words} {last} {one if one_thing(m) else many}"


def _counted(m: re.Match[str]) -> str:
    one, many, cent, cents = ALL[m["unit"]]
    whole, _, hundredths = m["n"].replace(",", "").partition(".")
    if m["to"] or len(hundredths) not in (0, 2) or (hundredths.strip("0") and not cents):
        return f"{amount(m)} {one if one_thing(m) and not hundredths else many}"
    single = int(whole) == 1 or one_thing(m)
    parts = [f"{cardinal(int(whole))} {one if single else many}"] if int(whole) or not int(hundredths or 0) else []
    if int(hundredths or 0):
        parts.append(f"{cardinal(int(hundredths))} {cent if int(hundredths) == 1 else cents}")
    return " and ".join(parts)


def _compound(m: re.Match[str]) -> str:
    """Say a $3-a-day habit and a $5-million house."""
    one, rest = ALL[m["unit"]][0], m["rest"]
    size = re.match(r"-(?:million|billion|trillion|thousand)\b", rest)
    if size:
        return f"{speak(m['n'])}{size[0]}-{one}{rest[size.end() :]}"
    return f"{speak(m['n'])}-{one}{rest}"


def _cents(m: re.Match[str]) -> str:
    if m["unit"] == "¢":
        return f"{speak(m['n'])} {'cent' if m['n'] == '1' or one_thing(m) else 'cents'}"
    return f"{speak(m['n'])} {'penny' if m['n'] == '1' else 'pence'}"


_N = rf"(?P<n>{NUMBER})"
_SIZES = rf"(?:million|billion|trillion|thousand|lakh|crore|(?:{any_of(MAGNITUDES)})(?!\w))"
_SIZE = rf"(?:\s?(?P<size>{_SIZES}))?"
_PLUS = r"(?P<plus>\+)?"
_NO_SIZE = r"(?!\s(?:million|billion|trillion|thousand|lakh|crore)\b)"
_NAMED = any_of(NAMED)

SEEN = rf"[{''.join(CURRENCIES)}¢]|\d ?(?:{_NAMED})\b|\dp\b"


def _range(money: str) -> str:
    return rf"(?:(?P<first>\s?{_SIZES})?{DASH}(?:{money}\s?)?(?P<to>{NUMBER}))?"


_FRONT = rf"(?P<unit>{_MONEY})\s?{_N}"
_TAIL = rf"{_SIZE}{_PLUS}{_NO_SIZE}{PER}"
_ALONE = "(?P<to>)(?P<first>)"

NAMED_MONEY = re.compile(rf"(?<![\w.$-]){SIGN}(?P<unit>{_NAMED}) ?{_N}{_range(_NAMED)}{_TAIL}(?!\w)(?!\.\d)", re.ASCII)


def written_out(text: str) -> str:
    """Return *text* with money in words whose currency begins with a letter: US$6, CHF 20."""
    return NAMED_MONEY.sub(lambda m: _money(m) or m[0], text)


RULES: tuple[Rule, ...] = (
    rule(rf"{SIGN}{_FRONT}{_range(_MONEY)}{_TAIL}", _money),
    rule(rf"{SIGN}{_FRONT}{_ALONE}{_TAIL}", _money),
    rule(
        rf"{SIGN}{_N}{_range(_MONEY)}{_SIZE}\s?(?P<unit>{_MONEY}|(?:{_NAMED})(?!\w)){_PLUS}{PER}",
        _money,
    ),
    rule(rf"{_FRONT}(?P<rest>(?:-[a-z]{{1,12}}){{1,4}})", _compound),
    rule(r"(?P<n>\d{1,3})(?P<unit>¢)", _cents),
    rule(r"(?P<n>[1-9]\d?)(?P<unit>p)", _cents),
)
