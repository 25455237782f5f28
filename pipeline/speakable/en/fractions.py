"""English: two or three numbers with a slash: fractions, marks, pages, blood pressure, dates, phrases.

Where nothing around tells which of them it is, the slash is said: "three slash four".
"""

import re

from pipeline.speakable.en.calendar import MONTHS
from pipeline.speakable.en.numbers import cardinal, ordinal, speak, value, year
from pipeline.speakable.en.units import DOT, SURE, UNITS
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import NEAR, Rule, after, any_of, before, in_front, is_day, rule

_WORDS = vocabulary("en")
PHRASES: dict[str, str] = table("en")["slashed"]
SIGNS = {
    "½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter", "¾": "three quarters",
    "⅕": "one fifth", "⅖": "two fifths", "⅗": "three fifths", "⅘": "four fifths", "⅙": "one sixth", "⅚": "five sixths",
    "⅛": "one eighth", "⅜": "three eighths", "⅝": "five eighths", "⅞": "seven eighths",
}  # fmt: skip
VULGAR = "".join(SIGNS)
COMMON = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4"})
"""Said as fractions wherever no date, page or mark is possible."""

SHORT_PARTS = {"one half": "half", "one quarter": "quarter", "three quarters": "three-quarter"}

PRESSURE = re.compile(r"\b(?:BP|pressures?|readings?|hypertens\w+|systolic|diastolic)\b", re.IGNORECASE)
BLOOD = re.compile(r"\bBP\b|\b[Bb]lood\b")
SIGHT = re.compile(r" (?:vision|eyesight|sight|acuity)\b")
SIGHTED = re.compile(r"\b(?:vision|eyesight|acuity)\b[^.;!?]{0,30}\Z")
RATES = re.compile(rf"\b(?:{any_of(_WORDS['rated'])})\b", re.IGNORECASE)
DAY_OF = re.compile(r"\b(?:week|weekend|day|morning|evening|night|afternoon|month) of \Z", re.IGNORECASE)
ANOTHER_DATE = re.compile(r"\b(?:on|from|until|due) \d{1,2}/\d{1,2}(?![\w/]| of)")
SPACED = re.compile(r"(?<=\d) / (?=\d)")
RATED = re.compile(rf"\b(?:{any_of(_WORDS['rated'])})\b[^.;!?]{{0,30}}\Z", re.IGNORECASE)
RATED_BEHIND = re.compile(r" (?:stars?|points?|marks?|rating|score|on the)\b")
OF = re.compile(r" (?:of|the|an?)\b")
CHANGED = re.compile(rf"\b(?:{any_of(_WORDS['changes'])})\b[^.;!?]{{0,30}} by \Z", re.IGNORECASE)
ANOTHER = re.compile(r"(?<![\d/])\d/[2-9] (?:or|and|to|than|vs\.?) \Z")
RANGE_OF_DATES = re.compile(r"\b(?:between|from) (?:\d{1,2}/\d{1,2} (?:and|to) )?\Z", re.IGNORECASE)
MEASURED_LATER = re.compile(rf"(?: (?:and|to) \d{{1,2}}/\d{{1,2}})? (?:{any_of(_WORDS['measured'] | set(UNITS))})\b")
LEFT_OPEN = re.compile(r"[.,;!?)]|\Z")
"""Behind a number that counts nothing."""
TIME_BEHIND = re.compile(r",? (?:at|from|by|around) (?:\d|noon)")


def _phrase(m: re.Match[str]) -> str | None:
    return PHRASES.get(m[0])


def _sight(m: re.Match[str]) -> str | None:
    """Say 20/40 vision."""
    if not (SIGHT.match(m.string, m.end()) or SIGHTED.search(in_front(m))):
        return None
    return f"{cardinal(int(m['n']))} {cardinal(int(m['of']))}"


def _pressure(m: re.Match[str]) -> str | None:
    """Say 135/85 mmHg, and 120/80 near "blood pressure"."""
    high, low = int(m["n"]), int(m["of"])
    near = m.string[max(0, m.start() - NEAR) : m.end() + NEAR]
    if "-" in m[0] and not BLOOD.search(near):
        return None
    if not 60 <= high <= 260 or not 30 <= low <= 160 or low >= high or not (m["unit"] or PRESSURE.search(near)):
        return None
    return f"{cardinal(high)} over {cardinal(low)}" + (f" {UNITS['mmHg'][1]}" if m["unit"] else "")


def _part(m: re.Match[str]) -> str | None:
    """Say page 3/12 and a rating of 4.5/5."""
    done, whole = value(m["n"]), int(m["of"])
    if done > whole:
        return None
    if before(m).lower().strip("(") in _WORDS["paged"]:
        return f"{speak(m['n'])} of {cardinal(whole)}"
    rated = RATED.search(in_front(m)) or RATED_BEHIND.match(m.string, m.end())
    if whole not in (5, 10, 20, 100) or not (rated or "." in m["n"]):
        return None
    return f"{speak(m['n'])} out of {cardinal(whole)}"


def _shares(m: re.Match[str]) -> str | None:
    """Say the 80/20 rule."""
    first, second = int(m["n"]), int(m["of"])
    return f"{cardinal(first)}-{cardinal(second)}" if first >= second and first + second == 100 else None


def _thirds(m: re.Match[str]) -> str | None:
    """Say 2/3rds."""
    return _in_words(int(m["n"]), int(m["of"])) if 2 < int(m["of"]) < 100 else None


def written_out(text: str) -> str:
    """Return *text* without the spaces in "BP 140 / 90" and "rated 4.5 / 5", which are no sums."""
    if " / " in text and (PRESSURE.search(text) or RATES.search(text)):
        text = SPACED.sub("/", text)
    return text


def _date(m: re.Match[str]) -> str | None:
    """Say "on 25/12"; where both orders are possible, and 3/4 may be a fraction, the slash is said."""
    first, second = int(m["n"]), int(m["of"])
    day_of = DAY_OF.search(in_front(m)) is not None
    if OF.match(m.string, m.end()) or CHANGED.search(in_front(m)):
        return None
    dated = day_of or before(m).lower().strip("(,:") in _WORDS["dated"] or TIME_BEHIND.match(m.string, m.end())
    if not dated and not RANGE_OF_DATES.search(in_front(m)):
        dated = ANOTHER_DATE.search(m.string, max(0, m.start() - 96), m.start())
    if not dated or (first > 12 and second > 12):
        return None
    day_first, month_first = is_day(first, second), is_day(second, first)
    if day_first == month_first and first != second:
        return _slashed(m) if day_first else None
    day, month = (first, second) if day_first else (second, first)
    return f"{MONTHS[month - 1]} {ordinal(day)}" if day_first or month_first else None


def _full_date(m: re.Match[str]) -> str | None:
    """Say 3/14/24 as a date, 7/8/2027 with its slashes."""
    first, second, last = int(m["n"]), int(m["of"]), m["y"]
    day_first, month_first = is_day(first, second), is_day(second, first)
    if not (day_first or month_first):
        return None
    spoken_year = full_year(last)
    if day_first and month_first and first != second:
        return (
            f"{cardinal(first)} slash {cardinal(second)} slash {spoken_year if len(last) == 4 else cardinal(int(last))}"
        )
    day, month = (first, second) if day_first else (second, first)
    return f"{MONTHS[month - 1]} {ordinal(day)}, {spoken_year}"


def full_year(written: str) -> str:
    """Return the year of a date. Of 63, the century is not sure, and not said."""
    if len(written) == 4:
        return year(int(written))
    return cardinal(int(written)) if int(written) > 40 else year(2000 + int(written))


def _month_and_year(m: re.Match[str]) -> str | None:
    """Say 12/2025."""
    month = int(m["n"])
    return f"{MONTHS[month - 1]} {year(int(m['y']))}" if 1 <= month <= 12 else None


def _year_first(m: re.Match[str]) -> str | None:
    """Say 2025/03/12."""
    day, month = int(m["d"]), int(m["n"])
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(m['y']))}" if is_day(day, month) else None


def _two_years(m: re.Match[str]) -> str | None:
    """Say 2023/24 and 1999/2000."""
    first, last = int(m["y"]), m["y2"]
    second = first + 1
    return f"{year(first)} to {year(second)}" if str(second).endswith(last) else None


def _fraction(m: re.Match[str]) -> str | None:
    """Say 3/4, and 3/8 before a unit or "of" or behind a whole number."""
    whole, unit = m["whole"], m["unit"]
    if m["mark"] and m.string.count('"', 0, m.start()) % 2:
        return None
    if m["mark"] or m["inch"] is not None:
        unit = "in"
    part = _fraction_in_words(m, sure=bool(whole or unit))
    if part is None:
        return None
    if part == "one half" and not whole and not unit and after(m) in ("a", "an"):
        return "half"
    many = f" {UNITS[unit][bool(whole)]}" if unit else ""
    return (f"{cardinal(int(whole))} and {part}" if whole else part) + many


def _fractions(m: re.Match[str]) -> str:
    """Say 1/3–1/2 cup."""
    first, last = (_in_words(int(m[n]), int(m[of])) for n, of in (("n", "of"), ("n2", "of2")))
    return f"{first} to {last}" + (f" {UNITS[m['unit']][0]}" if m["unit"] else "")


def _fraction_to(m: re.Match[str]) -> str | None:
    """Say 1/2–1 tablet."""
    if int(m["n"]) >= int(m["of"]):
        return None
    return f"{_in_words(int(m['n']), int(m['of']))} to {cardinal(int(m['to']))}"


def _compound(m: re.Match[str]) -> str | None:
    """Say half-inch, quarter-cup, three and one half-hour."""
    part, whole = _fraction_in_words(m, sure=True), m["whole"]
    if part is None:
        return None
    word = UNITS[m["word"]][0] if m["word"] in UNITS else m["word"]
    if whole:
        return f"{cardinal(int(whole))} and {part}-{word}"
    return f"{SHORT_PARTS.get(part, part)}-{word}"


def _fraction_in_words(m: re.Match[str], *, sure: bool) -> str | None:
    if m["sign"]:
        return SIGNS[m["sign"]]
    written, count, of = m["part"], int(m["n"]), int(m["of"])
    if count >= of or not 2 <= of <= 100:
        return None
    if not sure and RANGE_OF_DATES.search(in_front(m)) and not MEASURED_LATER.match(m.string, m.end()):
        return None
    measured = sure or ANOTHER.search(in_front(m)) or after(m).strip(".,;:!?)") in _WORDS["measured"]
    if not measured and (written not in COMMON or _may_be_a_day(m)):
        return None
    return _in_words(count, of)


def _may_be_a_day(m: re.Match[str]) -> bool:
    """Whether nothing tells 3/4 from a date or a score: "(3/4)", "Due: 3/4.", "It ships 3/4." """
    word, alone = before(m), LEFT_OPEN.match(m.string, m.end()) is not None
    if m.string[m.start() - 1 : m.start()] == "(" or (alone and word.endswith(":")):
        return True
    return word.lower() in _WORDS["happening"] and (alone or after(m).strip(",.") in _WORDS["behind_happening"])


def _in_words(count: int, of: int) -> str:
    one, many = {2: ("half", "halves"), 4: ("quarter", "quarters")}.get(of, (ordinal(of), f"{ordinal(of)}s"))
    return f"{cardinal(count)} {many if count > 1 else one}"


def _slashed_measure(m: re.Match[str]) -> str | None:
    """Say 68/52°F."""
    if value(m["n"]) < value(m["of"]) and not m["unit"].startswith("°"):
        return None
    return f"{speak(m['n'])} slash {speak(m['of'])} {UNITS[m['unit']][1]}"


def _slashed(m: re.Match[str]) -> str:
    """Say the slashes. Four digits behind two others are a year."""
    numbers = m[0].split("/")
    last = year(int(numbers[-1])) if len(numbers) == 3 and len(numbers[-1]) == 4 else speak(numbers[-1])
    return " slash ".join((*map(speak, numbers[:-1]), last))


_PLAIN_UNITS = any_of(unit for unit in UNITS if unit not in SURE)
_MEASURED = (
    rf"(?:(?P<mark>[\"”″])(?!\S)|\sin\.(?= [a-z])(?P<inch>)"
    rf"|\s(?P<unit>{_PLAIN_UNITS}){DOT}(?!\w))?"
)
_TWO = r"(?P<n>\d{1,3})/(?P<of>\d{1,3})"
_SIGN = f"[{''.join(SIGNS)}]"
_WHOLE = rf"(?:(?P<whole>\d{{1,3}})(?:[ -]|(?={_SIGN})))?"

RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,2})/(?P<of>\d{1,2})/(?P<y>\d\d|(?:19|20)\d\d)", _full_date),
    rule(r"\d{1,3}(?:[-/]\d{1,3}){1,2}", _phrase),
    rule(
        rf"(?P<n>\d)/(?P<of>[2-9])[-–](?P<n2>\d)/(?P<of2>[2-9])(?:\s(?P<unit>{_PLAIN_UNITS}){DOT}(?!\w))?", _fractions
    ),
    rule(r"(?P<n>\d)/(?P<of>[2-9])[-–](?P<to>\d{1,2})", _fraction_to),
    rule(rf"{_WHOLE}(?P<part>(?P<sign>{_SIGN})|(?P<n>\d{{1,2}})/(?P<of>\d{{1,3}}))-(?P<word>[a-z]{{2,20}})", _compound),
    rule(r"(?P<n>\d{1,2})/(?P<y>(?:19|20)\d\d)", _month_and_year),
    rule(r"(?P<y>(?:19|20)\d\d)/(?P<n>\d{1,2})/(?P<d>\d{1,2})", _year_first),
    rule(r"(?P<y>(?:19|20)\d\d)/(?P<y2>\d\d|(?:19|20)\d\d)", _two_years),
    rule(r"(?P<n>20)/(?P<of>\d{2,3})", _sight),
    rule(rf"{_TWO}(?P<unit> ?mm ?Hg)?", _pressure),
    rule(r"(?P<n>\d{2,3})-(?P<of>\d{2,3})(?P<unit> ?mm ?Hg)?", _pressure),
    rule(r"(?P<n>\d\d)/(?P<of>\d\d)", _shares),
    rule(r"(?P<n>\d)/(?P<of>\d{1,2})(?:rd|th)s?", _thirds),
    rule(r"(?P<n>\d{1,3}(?:\.\d{1,2})?)/(?P<of>\d{1,3})", _part),
    rule(r"(?P<n>\d{1,2})/(?P<of>\d{1,2})", _date),
    rule(rf"(?:(?P<whole>\d{{1,3}})[ -])?(?P<part>(?P<sign>)(?P<n>\d{{1,2}})/(?P<of>\d{{1,3}})){_MEASURED}", _fraction),
    rule(rf"(?P<whole>\d{{1,3}})? ?(?P<sign>{_SIGN}){_MEASURED}", _fraction),
    rule(rf"{_TWO}\s?(?P<unit>{_PLAIN_UNITS}){DOT}", _slashed_measure),
    rule(r"\d{1,4}(?:/\d{1,4}){1,3}", _slashed),
)
