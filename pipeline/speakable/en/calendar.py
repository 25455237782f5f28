"""English: names of months and weekdays, and short ones written out."""

import re

from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import any_of

_WORDS = vocabulary("en")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SMALL = tuple(month.lower() for month in MONTHS if month not in ("May", "March"))
"""Months in small letters that are no verbs."""
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
WEEKDAYS: dict[str, str] = table("en")["weekdays"]

_MONTH = "|".join(MONTHS)
_SHORT = "|".join(SHORT_MONTHS)
_SURE_SHORT = "|".join(month for month in SHORT_MONTHS if month not in ("Jan", "Mar"))
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WEEKDAYS = any_of(WEEKDAYS)
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
_SURE = "|".join(day for day in WEEKDAYS if day not in ("Mon", "Sat", "Sun"))
_DOT = r"\b(?P<dot>\.?)"
_CLOCK = r"\d{1,2}(?:[:.][0-5]\d)?"

SMALL_SHORT = re.compile(
    rf"(?<=\d )(?:{_SHORT.lower()})(?= (?:1[5-9]|20)\d\d\b)|\b(?:{_SHORT.lower()})(?= \d{{1,2}}, (?:1[5-9]|20)\d\d\b)"
)
_ANY_MONTH = rf"(?:{_MONTH}|{_SHORT})"
MONTH_TO_MONTH = re.compile(
    rf"(?P<day>\b{_DAY} {_ANY_MONTH}\b)\.? ?[-–] ?(?={_DAY} {_ANY_MONTH}\b)"
    rf"|(?P<month>\b{_ANY_MONTH}\.? {_DAY}) ?[-–] ?(?={_ANY_MONTH}\b\.? {_DAY})"
)
SEEN = re.compile(rf"\b(?:{_WEEKDAYS}|{_SHORT})\b")

DAYS_RANGE = re.compile(
    rf"(?<![\w.])(?P<first>{_WEEKDAYS})\.?(?: ?[-–—] ?| to | through | thru )(?P<last>{_WEEKDAYS}){_DOT}"
)
DAYS_LIST = re.compile(rf"(?<![\w.])(?:{_WEEKDAYS})\.?(?:(?:/|,? and |,? or | & |, )(?:{_WEEKDAYS})\b\.?)+")
ONE_DAY = re.compile(rf"(?P<name>{_WEEKDAYS})\b(?:\.(?!$))?")
MONTHS_RANGE = re.compile(rf"(?<![\w.])(?P<first>May|{_SHORT})\.? ?[-–—] ?(?P<last>May|{_SHORT}){_DOT}")
_MONTH_ALONE = rf"(?:(?<!\b[Bb]y )Jan|Mar|{_SURE_SHORT})"
MONTH_ALONE = re.compile(
    rf"(?P<before>\b(?i:{any_of(_WORDS['before_months'])}) )(?P<name>{_MONTH_ALONE}){_DOT}(?=$|[,;:!?)]| [a-z])"
)
DAY_ALONE = re.compile(
    rf"(?P<before>\b(?i:{any_of(_WORDS['before_weekdays'])})(?: early| late)? "
    rf"|{_LONG_DAY}(?:, | and | or | & |, and ))(?P<name>{_WEEKDAYS}){_DOT}(?! [A-Z])"
)
_HOURS = rf"{_CLOCK}(?:[-–]{_CLOCK})? ?[AaPp]\.?[Mm]|\d{{1,2}}[-–]\d{{1,2}}(?!\d)"
DAY_AT = re.compile(
    rf"(?<![\w.])(?P<name>{_WEEKDAYS})\b\.?(?=:? (?:at )?(?:{_HOURS})|: (?:closed|open|\d)| (?:till|until|from) \d)"
    rf"|(?<![\w.])(?P<sure>{_SURE})\b\.?(?= at \d)"
    rf"|(?<=and |the )(?P<part>{_SURE})\b\.?(?= (?:at|morning|afternoon|evening|night)\b)"
)
DAY_OF_DATE = re.compile(
    rf"(?<![\w.])(?P<name>(?<!the )(?<!The )Sun|{'|'.join(day for day in WEEKDAYS if day != 'Sun')})\b\.?"
    rf"(?=,? (?:(?:{_SHORT}|{_MONTH})\b\.? \d|{_DAY} (?:of )?(?:{_SHORT}|{_MONTH})\b))"
)
"""Weekdays before a day and a month. "The Sun, May 5" is a newspaper."""
MONTH_IN_FRONT = re.compile(rf"\b(?P<name>{_SHORT})\b\.?(?=\s\d)")
MONTH_BEHIND = re.compile(
    rf"(?P<before>(?:\b(?i:{any_of(_WORDS['before_dates'])}),? |\(){_DAY} )(?P<name>{_SHORT}){_DOT}(?![\w-]| [A-Z])"
    rf"|(?P<alone>(?<![\w.,/:-]){_DAY} )(?P<sure>{_SURE_SHORT})(?P<end>\b\.?)(?=$|[,;:!?)]| to \d)"
)
MONTH_AND_YEAR = re.compile(rf"(?P<before>(?<![\w.]){_DAY} )(?P<name>{_SHORT})\b(?P<dot>)\.?(?=,? (?:1[5-9]|20)\d\d\b)")
SMALL_MONTH = re.compile(rf"(?P<day>\b{_DAY} (?:of )?)(?P<month>{any_of(SMALL)})\b")


SMALL_VERB = re.compile(
    r"(?<=\bon |\bby )(?:may|march)(?= \d{1,2}(?:st|nd|rd|th)?(?!\w|[:.]\d| [a-z]+s\b))"
    r"|(?<=\bin |\bby )(?:may|march)(?= (?:19|20)\d\d\b)"
)
"""May and march in small letters, where they are no verbs."""


def seen(text: str) -> bool:
    """Return whether *text* has a short weekday or month."""
    return SEEN.search(text) is not None


def written_out(text: str) -> str:
    """Return *text* with weekdays and months in full: Monday to Thursday for Mon–Thu, December 3rd for Dec. 3rd."""
    return _months(_weekdays(text)) if SEEN.search(text) else text


def with_capitals(text: str) -> str:
    """Return *text* with capitals where a month of a date has none: 3 december, on may 5."""
    if SMALL_SHORT.search(text):
        text = SMALL_SHORT.sub(lambda m: m[0].title(), text)
    if "may " in text or "march " in text:
        text = SMALL_VERB.sub(lambda m: m[0].title(), text)
    return SMALL_MONTH.sub(lambda m: f"{m['day']}{m['month'].title()}", text)


def _weekdays(text: str) -> str:
    text = DAYS_RANGE.sub(lambda m: f"{WEEKDAYS[m['first']]} to {WEEKDAYS[m['last']]}{_stop(m)}", text)
    text = DAYS_LIST.sub(_list, text)
    for _ in range(2):  # the second of "Tuesday and Thu" shows when the first is in full
        text = DAY_ALONE.sub(lambda m: m["before"] + WEEKDAYS[m["name"]] + _stop(m), text)
    text = DAY_AT.sub(lambda m: WEEKDAYS[m["name"] or m["sure"] or m["part"]], text)
    return DAY_OF_DATE.sub(lambda m: WEEKDAYS[m["name"]], text)


def _list(m: re.Match[str]) -> str:
    return ONE_DAY.sub(lambda day: WEEKDAYS[day["name"]], m[0]).replace("/", ", ")


def _months(text: str) -> str:
    text = MONTH_TO_MONTH.sub(lambda m: f"{m['day'] or m['month']} to ", text)
    text = MONTHS_RANGE.sub(lambda m: f"{_month(m['first'])} to {_month(m['last'])}{_stop(m)}", text)
    text = MONTH_ALONE.sub(_in_full, text)
    text = MONTH_IN_FRONT.sub(lambda m: SHORT_MONTHS[m["name"]], text)
    return MONTH_AND_YEAR.sub(_in_full, MONTH_BEHIND.sub(_behind, text))


def _behind(m: re.Match[str]) -> str:
    if m["alone"] is None:
        return _in_full(m)
    return m["alone"] + SHORT_MONTHS[m["sure"]] + (m["end"] if m.end() == len(m.string) else "")


def _in_full(m: re.Match[str]) -> str:
    return m["before"] + SHORT_MONTHS[m["name"]] + _stop(m)


def _month(short: str) -> str:
    return SHORT_MONTHS.get(short, short)


def _stop(m: re.Match[str]) -> str:
    """Keep the dot that also ends the text."""
    return m["dot"] if m.end() == len(m.string) else ""
