"""English: dates."""

import re

from pipeline.speakable.en.calendar import MONTHS, SMALL
from pipeline.speakable.en.numbers import cardinal, ordinal, year
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import DASH, Rule, after, before, in_front, is_day, rule

_WORDS = vocabulary("en")
LONG_MONTHS = {month.lower(): month for month in MONTHS}
MONTH = "|".join(MONTHS)
BEFORE_DATES = _WORDS["before_dates"]
TO_A_DAY = re.compile(r" (?:to|through) \d{1,2}(?![\d:]|\s?[AaPp]\.?[Mm]| [A-Za-z]+s\b)")
FIRST_HALF = re.compile(r"(?:early|mid|late)-", re.IGNORECASE)
DATED = re.compile(r"\b(?:date|dated|due|born|died|expires?|signed)\b[^.;!?]{0,16} \Z", re.IGNORECASE)


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
    if month is None or not _is_month(before(m)) or not is_day(int(m["d"]), MONTHS.index(month) + 1):
        return None
    if name in {"may", "march"} and not m["y"] and after(m) and not _no_verb(m):
        return None
    if not m["y"] and TO_A_DAY.match(m.string, m.end()):
        return cardinal(int(m["d"]))
    return ordinal(int(m["d"])) + (f", {year(int(m['y']))}" if m["y"] else "")


def _no_verb(m: re.Match[str]) -> bool:
    words = in_front(m).split()
    last = words[-2].lower() if len(words) > 1 else ""
    return last.endswith(",") or last in BEFORE_DATES or after(m) in _WORDS["behind_dates"]


def _month_year(m: re.Match[str]) -> str | None:
    name = FIRST_HALF.sub("", before(m).lower().rstrip(".,"))
    return year(int(m["y"])) if name in LONG_MONTHS and _is_month(before(m)) else None


def _is_month(word: str) -> bool:
    name = FIRST_HALF.sub("", word.rstrip(".,"))
    return name[:1].isupper() or name in SMALL


def _dotted(m: re.Match[str]) -> str | None:
    """Say "on 25.12.25" as a date; where day and month may be either, the dots are said."""
    if before(m).lower().strip("(:") not in _WORDS["dated"] and not DATED.search(in_front(m)):
        return None
    first, second, last = int(m["d"]), int(m["m"]), m["y"]
    if is_day(second, first) and first != second:
        return f"{cardinal(first)} dot {cardinal(second)} dot {cardinal(int(last))}" if is_day(first, second) else None
    return f"{MONTHS[second - 1]} {ordinal(first)}, {year(2000 + int(last))}" if is_day(first, second) else None


def _days_of_month(m: re.Match[str]) -> str | None:
    """Say 3–7 June."""
    first, last, month = int(m["d"]), int(m["d2"]), m["month"]
    if first >= last or not is_day(last, MONTHS.index(month) + 1):
        return None
    end = f" {year(int(m['y']))}" if m["y"] else ""
    return f"the {ordinal(first)} to the {ordinal(last)} of {month}{end}"


FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", _numeric),
    rule(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>(?:19|20)\d\d)", _numeric),
    rule(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d\d)", _dotted),
    rule(r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>(?:19|20)\d\d)", _slashed),
    rule(rf"(?P<d>\d{{1,2}}){DASH}(?P<d2>\d{{1,2}}) (?P<month>{MONTH})(?:,? (?P<y>\d{{4}}))?", _days_of_month),
    rule(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>(?:19|20)\d\d)", _slashed),
    rule(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>(?:19|20)\d\d)", _slashed),
    rule(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{MONTH})(?: (?P<y>\d{{4}}))?", _day_month),
    rule(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<y>(?:1[1-9]|20)\d\d))?", _after_month),
    rule(r"(?P<y>(?:1[1-9]|20)\d\d)", _month_year),
)
"""Rules for several numbers that belong together."""
