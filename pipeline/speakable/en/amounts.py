"""English: amounts, units, money, ranges, ordinals, fractions, versions and phone numbers."""

import re

from pipeline.speakable.en.numbers import NUMBER, cardinal, ordinal, speak, speak_digits
from pipeline.speakable.en.units import FUNCTION_WORDS, SURE, ends, is_sure, one_thing
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import (
    DASH,
    LIKE_A_DATE,
    RIGHT,
    SIGN,
    Rule,
    after,
    any_of,
    before,
    keeps,
    rule,
    sign_in_words,
)

_TABLE = table("en")
_WORDS = vocabulary("en")
SPACED: dict[str, list[str]] = _TABLE["spaced"]
UNITS: dict[str, list[str]] = _TABLE["units"] | SPACED
CURRENCIES: dict[str, list[str]] = _TABLE["currencies"]
PER: dict[str, str] = _TABLE["per"]

SIGNS = {"-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus ", "~": "about ", "≈": "about ", "": ""}
MAGNITUDES = {"K": "thousand", "k": "thousand", "M": "million", "m": "million", "B": "billion", "bn": "billion"}
FRACTIONS = {
    "1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
    "½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter", "¾": "three quarters",
}  # fmt: skip
ORDINAL_ENDINGS = {1: "st", 2: "nd", 3: "rd"}

CODES = _WORDS["codes"]
_MONEY = f"[{''.join(CURRENCIES)}]"
_GROUPED = r"\d{1,3}(?: \d{3}){1,4}(?:[.,]\d\d)?(?!\w| \d)"
GROUPED = re.compile(
    rf"(?:(?<={_MONEY})|(?<={_MONEY} ))(?P<behind>{_GROUPED})"
    rf"|(?<![\w.,])(?<!\d )(?P<before>{_GROUPED})(?=(?:{DASH}(?:{_GROUPED}))? ?{_MONEY})"
)
COUNTED = re.compile(rf"(?: ?{_MONEY})? ([a-z]{{1,24}}s)\b")
SURELY_GROUPED = re.compile(r".* (?:0\d\d|\d{3} \d{3})(?:[.,]\d\d)?")
INNER_CAPITAL = re.compile(r"[A-Za-z]+[A-Z][A-Za-z]*")


def _sign(m: re.Match[str]) -> str | None:
    return sign_in_words(m, SIGNS, may_be_a_command)


def may_be_a_command(word: str) -> bool:
    """Return whether a hyphen and a number behind *word* may be a flag of a command."""
    return word[-1:].isalnum() and word.lower() not in _WORDS["before_negatives"]


def _measure(m: re.Match[str]) -> str | None:
    sign = _sign(m)
    unit = m["unit"]
    if sign is None or (unit in SPACED and not m["space"]) or not is_sure(unit, m):
        return None
    if m["first"] and m["first"].strip() != unit:
        return None
    one, many = UNITS[unit]
    single = (m["n"] == "1" and not m["to"]) or (one_thing(m) and unit != "%")
    stop = "." if unit.endswith(".") and ends(m) else ""
    return f"{sign}{_range(m)} {one if single else many}{_per(m)}{stop}"


def _range(m: re.Match[str]) -> str:
    return speak(m["n"]) + (f" to {speak(m['to'])}" if m["to"] else "")


def _money(m: re.Match[str]) -> str | None:
    one, many, cent, cents = CURRENCIES[m["unit"]]
    sign = _sign(m)
    if sign is None:
        return None
    size = m.groupdict().get("size")
    if size:
        return f"{sign}{_range(m)} {MAGNITUDES.get(size, size)} {many}"
    whole, _, hundredths = m["n"].replace(",", "").partition(".")
    if m["to"] or len(hundredths) not in (0, 2) or (hundredths.strip("0") and not cents):
        return f"{sign}{_range(m)} {many}"
    single = int(whole) == 1 or one_thing(m)
    parts = [f"{cardinal(int(whole))} {one if single else many}"] if int(whole) or not int(hundredths or 0) else []
    if int(hundredths or 0):
        parts.append(f"{cardinal(int(hundredths))} {cent if int(hundredths) == 1 else cents}")
    return sign + " and ".join(parts)


def _money_per(m: re.Match[str]) -> str | None:
    money = _money(m)
    return None if money is None else money + _per(m)


def _per(m: re.Match[str]) -> str:
    return "".join(f" per {PER[per]}" for per in m["per"].split("/")[1:])


def _ordinal(m: re.Match[str]) -> str | None:
    number = int(m["n"].replace(",", ""))
    ending = "th" if number % 100 in (11, 12, 13) else ORDINAL_ENDINGS.get(number % 10, "th")
    return ordinal(number) if m["ending"].lower() == ending else None


def _plain_range(m: re.Match[str]) -> str | None:
    """Say 10–15, but neither 555-1234 nor a score, nor a range that goes down."""
    low, high = int(m["n"]), int(m["to"])
    if low >= high or m["n"][0] == "0" or len(m["to"]) > 3:
        return None
    return f"{cardinal(low)} to {cardinal(high)}"


def _fraction(m: re.Match[str]) -> str | None:
    whole = m["whole"]
    if not whole and before(m).lower().strip("(") in _WORDS["paged"]:
        return None
    if "/" in m["part"] and m.string[m.start() - 1 : m.start()] == "(":
        return None
    part = FRACTIONS[m["part"]]
    unit = f" {UNITS[m['unit']][bool(whole)]}" if m["unit"] else ""
    return (f"{cardinal(int(whole))} and {part}" if whole else part) + unit


def _version(m: re.Match[str]) -> str | None:
    """Say 3.11.2 as three point eleven point two. A number that ends in a year is a date that does not exist."""
    return None if LIKE_A_DATE.fullmatch(m[0]) else " point ".join(_version_part(part) for part in m[0].split("."))


def _version_part(part: str) -> str:
    if part[0] == "0" and len(part) > 1:
        return " ".join("oh" if digit == "0" else cardinal(int(digit)) for digit in part)
    return cardinal(int(part))


def _ip(m: re.Match[str]) -> str | None:
    parts = m[0].split(".")
    return " dot ".join(map(speak_digits, parts)) if all(int(part) < 256 for part in parts) else None


def _phone(m: re.Match[str]) -> str:
    plus = "plus " if m[0].startswith("+") else ""
    bracket = ")" if m.string[m.start() - 1 : m.start()] == "(" and ")" in m[0] else ""
    return plus + ", ".join(map(speak_digits, re.findall(r"\d+", m[0]))) + bracket


def _name(m: re.Match[str]) -> str | None:
    """Keep the number of a name: Windows 11, iPhone 15, GPT 4."""
    name = before(m)
    named = name.lower() in _WORDS["products"] or INNER_CAPITAL.fullmatch(name)
    return m[0] if named and name[-1:].isalpha() else None


def _two_part_version(m: re.Match[str]) -> str | None:
    return _version(m) if before(m).lower() in {"version", "release", "versions", "update"} else None


def _decimal(m: re.Match[str]) -> str | None:
    sign = _sign(m)
    return None if sign is None or (m["n"][0] == "0" and m["n"][1] != ".") else sign + speak(m["n"])


def _integer(m: re.Match[str]) -> str | None:
    """Say an integer. Leading zeros, and four digits that count nothing (a year, a code), may be no amount."""
    number, sign = m["n"], _sign(m)
    if sign is None or (number[0] == "0" and number != "0"):
        return None
    if "," not in number and len(number) > 3:
        counted = after(m)
        if not re.match(r"[a-z]{2}", counted) or counted.strip(".,;:!?") in FUNCTION_WORDS:
            return None
    return sign + cardinal(int(number.replace(",", "")))


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


_N = rf"(?P<n>{NUMBER})"
_TO = rf"(?:{DASH}(?P<to>{NUMBER}))?"
_TO_SAME = rf"(?:(?:(?P<first>\s?(?:{any_of(UNITS)}))(?=[-–—]\d))?{DASH}(?P<to>{NUMBER}))?"
_DOT = r"(?:\.(?=\s+(?:[a-z]|\d{1,3}(?:\.\d{1,3})? ?(?:in|oz|min|sec)\b)))?"
_PER = rf"(?P<per>(?:/(?:{any_of(PER)})(?!\w)){{0,2}})"
_SIZE = r"(?:\s?(?P<size>million|billion|trillion|thousand|bn|[KkMB](?!\w)))?"
_CURRENCY = f"(?P<unit>{_MONEY})"

_MEASURED = rf"(?:\s(?P<unit>{any_of(unit for unit in UNITS if unit not in SURE)}){_DOT}(?!\w))?"

FIRST_RULES: tuple[Rule, ...] = (
    rule(r"\d{3,6}(?:(?:,|,? (?:and|or)) \d{3,6}){1,3}", keeps(CODES)),
    rule(r"\+\d{1,3}(?:[ -]?\(\d{2,4}\)|[ -]\d{2,4})(?:[ -]\d{2,4}){1,4}", _phone),
    rule(r"(?:1-)?\d{3}-\d{3}-\d{4}", _phone),
    rule(r"(?<=\()\d{3}\) ?\d{3}-\d{4}", _phone),
    rule(rf"(?:(?P<whole>\d{{1,3}}) )?(?P<part>1/[234]|2/3|3/4){_MEASURED}", _fraction),
    rule(rf"(?P<whole>\d{{1,3}})? ?(?P<part>[½⅓⅔¼¾]){_MEASURED}", _fraction),
)
"""Rules for several numbers that belong together."""

RULES: tuple[Rule, ...] = (
    rule(rf"(?P<n>{NUMBER})", _name),
    rule(r"\d{1,3}(?:\.\d{1,3}){3}", _ip),
    rule(r"\d{1,4}(?:\.\d{1,4}){2,4}", _version),
    rule(r"\d{1,4}\.\d{1,4}", _two_part_version),
    rule(rf"{SIGN}{_CURRENCY}\s?{_N}(?:{DASH}{_MONEY}?(?P<to>{NUMBER}))?{_SIZE}{_PER}", _money_per),
    rule(rf"{SIGN}{_N}{_TO}\s?{_CURRENCY}{_PER}", _money_per),
    rule(rf"{SIGN}{_N}{_TO_SAME}(?P<space>\s?)(?P<unit>{any_of(UNITS)}){_PER}{_DOT}", _measure),
    rule(r"(?P<n>\d{1,3}(?:,\d{3}){1,2}|\d{1,6})(?P<ending>st|nd|rd|th)(?=-[a-z]|\W|$)", _ordinal),
    (re.compile(rf"(?P<n>\d{{1,3}})(?=(?:-[a-z]{{2,20}}){{1,4}}{RIGHT})"), lambda m: cardinal(int(m["n"]))),
    rule(r"\d{3,6}", keeps(CODES)),
    rule(rf"(?P<n>\d{{1,4}}){DASH}(?P<to>\d{{1,4}})", _plain_range),
    rule(r"№\s?(?P<n>\d{1,6})", lambda m: f"number {cardinal(int(m['n']))}"),
    rule(rf"{SIGN}(?P<n>(?:\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d{{1,9}})\.\d{{1,9}})", _decimal),
    rule(rf"{SIGN}(?P<n>\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d{{1,6}})", _integer),
)
