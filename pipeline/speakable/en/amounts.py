"""English: amounts, units, ranges, ordinals and versions."""

import re

from pipeline.speakable.en.money import amount, sign
from pipeline.speakable.en.numbers import NUMBER, cardinal, ordinal, speak, value
from pipeline.speakable.en.units import (
    DOT,
    FUNCTION_WORDS,
    PER,
    SPACED,
    SURE,
    UNITS,
    counted_by_its_s,
    counts,
    ends,
    is_sure,
    labelled,
    one_thing,
    per,
    per_is_sure,
)
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import DASH, LIKE_A_DATE, RIGHT, SIGN, Rule, after, any_of, before, keeps, rule

_WORDS = vocabulary("en")

ORDINAL_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
CODES = _WORDS["codes"]
INNER_CAPITAL = re.compile(r"[A-Za-z]+[A-Z][A-Za-z]*")
SECOND_AMOUNT = re.compile(r" (?:and|or|to) \d{1,6} (?P<counted>[a-z]+)")
BULLETS = re.compile(r"(?:\A|(?<=\s))-(?=\d{1,3}(?:/\d)? (?P<counted>[a-z]{3,}))")


def without_bullets(text: str) -> str:
    """Return *text* without the hyphens of list items that have no space behind: "-3 eggs". Eggs are never negative."""
    first = BULLETS.match(text)
    if first is None or first["counted"] in _WORDS["may_be_negative"] or first["counted"] in FUNCTION_WORDS:
        return text
    return BULLETS.sub("", text)


def _measure(m: re.Match[str]) -> str | None:
    minus = sign(m)
    unit = m["unit"]
    if minus is None or (unit in SPACED and not m["space"]) or not is_sure(unit, m):
        return None
    if (m["first"] and m["first"].strip() != unit) or not per_is_sure(m):
        return None
    one, many = UNITS[unit]
    single = (m["n"] == "1" and not m["to"]) or (one_thing(m) and unit != "%")
    stop = "." if unit.endswith(".") and ends(m) else ""
    return f"{minus}{amount(m)} {one if single else many}{per(m)}{stop}"


def _kept(m: re.Match[str]) -> str | None:
    """Keep the number of a name: highway 101."""
    return None if counts(m) else keeps(CODES)(m)


def _two_measures(m: re.Match[str]) -> str:
    """Say 2.4 GHz/5 GHz and 1 lb/450 g."""
    first = UNITS[m["unit"]][m["n"] != "1"]
    return f"{speak(m['n'])} {first} slash {speak(m['to'])} {UNITS[m['last']][m['to'] != '1']}"


def _compound(m: re.Match[str]) -> str | None:
    """Say a 10-km run, a 500-mg tablet, a 10-15-minute walk."""
    unit = m["unit"]
    if m["to"] and (unit.isupper() or value(m["n"]) >= value(m["to"])):
        return None
    return f"{amount(m)}-{UNITS[unit][0] if unit in UNITS else unit}"


def _hyphened(m: re.Match[str]) -> str:
    """Say 2-for-1 and 9-to-5."""
    return f"{cardinal(int(m['n']))}-{m['word']}-{cardinal(int(m['to']))}"


def _ordinal(m: re.Match[str]) -> str | None:
    number = int(m["n"].replace(",", ""))
    ending = "th" if number % 100 in (11, 12, 13) else ORDINAL_ENDINGS.get(number % 10, "th")
    return ordinal(number) if m["ending"].lower() == ending else None


def _ordinals(m: re.Match[str]) -> str:
    """Say 5th–6th."""
    return f"{ordinal(int(m['n']))} to {ordinal(int(m['to']))}"


def _plain_range(m: re.Match[str]) -> str | None:
    """Say 10–15, 18.5–24.9 and 1,000–1,500, but neither 555-1234 nor a score, nor a range that goes down."""
    low, high = m["n"], m["to"]
    if value(low) >= value(high) or low[0] == "0" or (" " in m[0] and labelled(m)):
        return None
    if len(high.partition(".")[0]) > 3 and not ("," in high or counted_by_its_s(after(m).strip(".,;:!?)"))):
        return None
    return f"{speak(low)} to {speak(high)}"


def _shares(m: re.Match[str]) -> str | None:
    """Say 50-50 and 60-40."""
    first, second = int(m["n"]), int(m["to"])
    return f"{cardinal(first)}-{cardinal(second)}" if first >= second and first + second == 100 else None


def _version(m: re.Match[str]) -> str | None:
    """Say 3.11.2 as three point eleven point two. A number that ends in a year is a date that does not exist."""
    return None if LIKE_A_DATE.fullmatch(m[0]) else " point ".join(_version_part(part) for part in m[0].split("."))


def _version_part(part: str) -> str:
    if part[0] == "0" and len(part) > 1:
        return " ".join("oh" if digit == "0" else cardinal(int(digit)) for digit in part)
    return cardinal(int(part))


def _name(m: re.Match[str]) -> str | None:
    """Keep the number of a name: Windows 11, iPhone 15, GPT 4."""
    name = before(m)
    word = after(m).strip(".,;:!?)")
    if (word in UNITS and word not in SURE) or (name.isupper() and m["n"].isdigit() and len(m["n"]) < 4):
        return None
    named = name.lower() in _WORDS["products"] or INNER_CAPITAL.fullmatch(name)
    return m[0] if named and name[-1:].isalpha() else None


def _two_part_version(m: re.Match[str]) -> str | None:
    return _version(m) if before(m).lower() in {"version", "release", "versions", "update"} else None


def _decimal(m: re.Match[str]) -> str | None:
    minus = sign(m)
    return None if minus is None or (m["n"][0] == "0" and m["n"][1] != ".") else minus + speak(m["n"])


def _integer(m: re.Match[str]) -> str | None:
    """Say an integer. Leading zeros, and four digits that count nothing (a year, a code), may be no amount."""
    number, minus = m["n"], sign(m)
    if minus is None or (number[0] == "0" and number != "0"):
        return None
    if "," not in number and len(number) > 3 and not _counts_more(m):
        return None
    return minus + cardinal(int(number.replace(",", "")))


def _counts_more(m: re.Match[str]) -> bool:
    """Whether something is counted behind it: 1500 steps, 1500 and 2000 steps."""
    counted = after(m)
    if re.match(r"[a-z]{2}", counted) and counted.strip(".,;:!?") not in FUNCTION_WORDS:
        return True
    second = SECOND_AMOUNT.match(m.string, m.end())
    return second is not None and counted_by_its_s(second["counted"])


_N = rf"(?P<n>{NUMBER})"
_TO_SAME = rf"(?:(?:(?P<first>\s?(?:{any_of(UNITS)}))(?=[-–—]\d))?{DASH}(?P<to>{NUMBER}))?"
_UNIT = any_of(UNITS)
_PLAIN_UNIT = any_of(unit for unit in UNITS if unit not in SURE)

RULES: tuple[Rule, ...] = (
    rule(_N, _name),
    rule(r"\d{1,3}(?:\.\d{3}){2,4}", lambda m: cardinal(int(m[0].replace(".", "")))),
    rule(r"\d{1,4}(?:\.\d{1,4}){2,4}", _version),
    rule(r"\d{1,4}\.\d{1,4}", _two_part_version),
    rule(rf"{SIGN}{_N}{_TO_SAME}(?P<space>\s?)(?P<unit>{_UNIT}){PER}{DOT}", _measure),
    (
        re.compile(rf"(?P<n>\d{{1,3}}(?:,\d{{3}})?|\d{{1,6}})(?P<ending>st|nd|rd|th)(?:{RIGHT}|(?=-[a-z]))"),
        _ordinal,
    ),
    rule(rf"{_N} ?(?P<unit>{_PLAIN_UNIT})/(?P<to>{NUMBER}) ?(?P<last>{_PLAIN_UNIT})", _two_measures),
    rule(r"(?P<n>\d{1,3})(?:st|nd|rd|th) ?[-–] ?(?P<to>\d{1,3})(?:st|nd|rd|th)", _ordinals),
    rule(r"(?P<n>\d{1,3})-(?P<word>for|to|in|on|by|and)-(?P<to>\d{1,3})", _hyphened),
    rule(rf"{_N}(?:[-–](?P<to>{NUMBER}))?-(?P<unit>[a-z]{{3,20}}|{_PLAIN_UNIT})(?:\.(?= [a-z]))?", _compound),
    (re.compile(rf"(?P<n>\d{{1,3}})(?=(?:-[a-z]{{2,20}}){{1,4}}{RIGHT})"), lambda m: cardinal(int(m["n"]))),
    rule(r"\d{3,6}", _kept),
    rule(r"(?P<n>\d\d)-(?P<to>\d\d)", _shares),
    rule(rf"(?P<n>{NUMBER}){DASH}(?P<to>{NUMBER})", _plain_range),
    rule(r"№\s?(?P<n>\d{1,6})", lambda m: f"number {cardinal(int(m['n']))}"),
    rule(rf"{SIGN}(?P<n>(?:\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d{{1,9}})\.\d{{1,9}})", _decimal),
    rule(rf"{SIGN}(?P<n>\d{{1,3}}(?:,\d{{3}}){{1,5}}|\d{{1,6}})", _integer),
)
