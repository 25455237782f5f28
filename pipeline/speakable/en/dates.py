"""English: dates, times and years."""

import re

from pipeline.speakable.en.numbers import cardinal, ordinal, year
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import DASH, Rule, after, any_of, before, in_front, is_day, rule

_WORDS = vocabulary("en")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
LONG_MONTHS = {month.lower(): month for month in MONTHS}
MONTH = "|".join(MONTHS)
WEEKDAYS: dict[str, str] = table("en")["weekdays"]

BEFORE_DATES = _WORDS["before_dates"]


_SHORT = "|".join(SHORT_MONTHS)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WEEKDAY = rf"(?<![\w.])(?P<weekday>(?<!the )(?<!The )Sun|{'|'.join(day for day in WEEKDAYS if day != 'Sun')})\b\.?"
SHORT_WEEKDAY = re.compile(rf"{_WEEKDAY}(?=,? (?:(?:{_SHORT}|{MONTH})\b\.? \d|{_DAY} (?:of )?(?:{_SHORT}|{MONTH})\b))")
"""Weekdays before a day and a month. "The Sun, May 5" is a newspaper."""
SHORT_MONTH = re.compile(rf"\b(?P<month>{_SHORT})\b\.?(?=\s\d)")
SHORT_MONTH_BEHIND = re.compile(
    rf"(?P<day>\b(?i:{any_of(BEFORE_DATES)}),? {_DAY} )(?P<month>{_SHORT})\b(?P<dot>\.?)(?![\w-]| [A-Z])"
)


def written_out(text: str) -> str:
    """Return *text* with the weekdays and months of dates in full: Monday, December 3rd for Mon., Dec. 3rd."""
    text = SHORT_WEEKDAY.sub(lambda m: WEEKDAYS[m["weekday"]], text)
    text = SHORT_MONTH.sub(lambda m: SHORT_MONTHS[m["month"]], text)
    return SHORT_MONTH_BEHIND.sub(_month_behind, text)


def _month_behind(m: re.Match[str]) -> str:
    dot = m["dot"] if m.end() == len(m.string) else ""
    return m["day"] + SHORT_MONTHS[m["month"]] + dot


def _numeric(m: re.Match[str]) -> str | None:
    day, month = int(m["d"]), int(m["m"])
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(m['y']))}" if is_day(day, month) else None


def _slashed(m: re.Match[str]) -> str | None:
    """Say 5/13/2025. Month and day have no fixed order, so the day must be too high for a month."""
    return _numeric(m) if int(m["d"]) > 12 else None


def _day_month(m: re.Match[str]) -> str | None:
    month = m["month"]
    if not is_day(int(m["d"]), MONTHS.index(month) + 1):
        return None
    the = "" if before(m).lower() == "the" else "the "
    return f"{the}{ordinal(int(m['d']))} of {month}" + (f" {year(int(m['y']))}" if m["y"] else "")


def _after_month(m: re.Match[str]) -> str | None:
    """Say the day behind "November". Behind May and March, only where these cannot be verbs."""
    name = before(m).lower()
    month = LONG_MONTHS.get(name)
    if month is None or not before(m)[0].isupper() or not is_day(int(m["d"]), MONTHS.index(month) + 1):
        return None
    if name in {"may", "march"} and not m["y"] and after(m) and not _no_verb(m):
        return None
    return ordinal(int(m["d"])) + (f", {year(int(m['y']))}" if m["y"] else "")


def _no_verb(m: re.Match[str]) -> bool:
    words = in_front(m).split()
    last = words[-2].lower() if len(words) > 1 else ""
    return last.endswith(",") or last in BEFORE_DATES or after(m) in _WORDS["behind_dates"]


def _month_year(m: re.Match[str]) -> str | None:
    name = before(m).lower().rstrip(".,")
    return year(int(m["y"])) if name in LONG_MONTHS and before(m)[0].isupper() else None


def _clock(hour: str, minute: str, *, half: bool) -> str:
    """Return "fourteen oh five" for 14:05. *half*: whether AM or PM follows."""
    number = cardinal(int(hour))
    if minute == "00":
        if half:
            return number
        return f"{number} o'clock" if 1 <= int(hour) <= 12 else f"{number} hundred"
    low = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{number} {low}"


def _time(m: re.Match[str]) -> str | None:
    """Say 14:05 and 9:30 PM. A 9 alone is a time only before AM or PM."""
    return _at(m["h"], m["m"], m["half"], half=bool(m["half"])) if m["m"] or m["half"] else None


def _times(m: re.Match[str]) -> str | None:
    """Say 9 AM–5:30 PM, 9–11 a.m., 9:00–17:30, 10 a.m.-noon. 9–5 is no time; the 9 of 9 - 5 PM may be none."""
    half, until = m["half"], m["half2"]
    if not (m["m"] or half or (until and " " not in m["dash"])) or not (m["m2"] or until or m["word"]):
        return None
    first = _at(m["h"], m["m"], half, half=bool(half or until))
    last = m["word"] or _at(m["h2"], m["m2"], until, half=bool(until))
    return f"{first} to {last}" if first and last else None


def _at(hour: str, minute: str | None, written: str | None, *, half: bool) -> str | None:
    if int(hour) > 23 or (not minute and not 1 <= int(hour) <= 12):
        return None
    behind = (written or "").strip()
    return f"{_clock(hour, minute or '00', half=half)} {behind if '.' in behind else behind.upper()}".rstrip()


def _years(m: re.Match[str]) -> str | None:
    first, last = int(m["y"]), int(m["y2"])
    return f"{year(first)} to {year(last)}" if 1100 <= first < last <= 2099 else None


def _decade(m: re.Match[str]) -> str:
    words = year(int(m["y"]))
    return words[:-1] + "ies" if words.endswith("y") else f"{words}s"


def _year(m: re.Match[str]) -> str | None:
    """Say a year behind a word such as "in", if it counts nothing behind it."""
    number, word, counted = int(m["y"]), before(m).lower().lstrip("("), after(m)
    if word in _WORDS["surely_year"] and 1100 <= number <= 2099:
        return year(number) if number % 100 or number == 2000 or not counted else m[0]
    if not 1900 <= number <= 2099:
        return None
    known = word in _WORDS["maybe_year"] or (word in _WORDS["articles"] and counted)
    if re.match(r"[a-z]+s\b", counted) and counted.strip(".,") not in _WORDS["singular_s"]:
        return m[0] if known and number % 100 else None  # your 2024 taxes, the 1950 pages
    return year(number) if known and (number % 100 or number == 2000) else m[0]


_HALF = r"\s?(?:[AaPp][Mm]\b|[AaPp]\.[Mm]\.)"
_TIME = rf"(?P<h>\d{{1,2}})(?::(?P<m>[0-5]\d))?(?P<half>{_HALF})?+"
_UNTIL = rf"(?:(?P<h2>\d{{1,2}})(?::(?P<m2>[0-5]\d))?(?P<half2>{_HALF})?+|(?P<word>noon|midnight))"

FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", _numeric),
    rule(r"(?P<d>\d{1,2})\.(?P<m>\d\d)\.(?P<y>(?:19|20)\d\d)", _numeric),
    rule(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>(?:19|20)\d\d)", _slashed),
    rule(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>(?:19|20)\d\d)", _slashed),
    rule(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{MONTH})(?: (?P<y>\d{{4}}))?", _day_month),
    rule(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<y>(?:1[1-9]|20)\d\d))?", _after_month),
    rule(r"(?P<y>(?:1[1-9]|20)\d\d)", _month_year),
)
"""Rules for several numbers that belong together."""

RULES: tuple[Rule, ...] = (
    rule(rf"{_TIME}(?P<dash>{DASH}){_UNTIL}", _times),
    rule(rf"{_TIME}", _time),
    rule(rf"(?P<y>\d{{4}}){DASH}(?P<y2>\d{{4}})", _years),
    rule(r"(?P<y>(?:1[1-9]|20)\d0|[2-9]0)s", _decade),
    rule(r"(?P<y>\d{4})", _year),
)
