"""Russian: shortened days of the week."""

import re

from pipeline.speakable.language import table
from pipeline.speakable.rewriting import before, in_front
from pipeline.speakable.ru.forms import inflected

WEEKDAYS: dict[str, str] = table("ru")["weekdays"]
_DAY = f"(?:{'|'.join(f'[{day[0].upper()}{day[0]}]{day[1:]}|{day.upper()}' for day in WEEKDAYS)})"
ONE_DAY = re.compile(rf"(?P<day>{_DAY})\.?")
SEEN = re.compile(rf"(?<![\w-]){_DAY}(?!\w)")
DAYS = re.compile(rf"(?<![\w\d-])(?<!\d )(?:{_DAY}\.?(?: ?[-–—] ?|, | и |, и | или |/)){{0,6}}{_DAY}(?![\w-])\.?")
FROM_TO = re.compile(rf"(?<!\w)(?P<from>[Сс]о?) (?P<first>{_DAY})\.? (?P<to>по|до) (?P<last>{_DAY})(?!\w)\.?")
ON_TUESDAY = re.compile(r"(?<!\w)([Вв]) (?=вторник(?!\w))")

HOURS_BEHIND = re.compile(r":? (?:с |до |\d{1,2}(?:[:.–-]\d|(?!\S)))")
EACH = re.compile(r"(?<!\w)по [а-яё]{3,12}ам(?:, [а-яё]{3,12}ам)? и \Z", re.IGNORECASE)
CASES = {"в": "a", "во": "a", "на": "a", "каждый": "a", "каждую": "a", "каждое": "a", "за": "a", "через": "a"}
CASES |= {"с": "g", "со": "g", "до": "g", "от": "g", "после": "g", "кроме": "g", "к": "d", "ко": "d", "между": "i"}
TODAY = frozenset({"сегодня", "завтра", "вчера", "послезавтра"})
DOUBTFUL = frozenset({"ср.", "сб.", "Ср.", "Сб.", "Вт"})
LONE = frozenset({"вс", "сб", "ср"})
CAPITALS = frozenset(day.upper() for day in WEEKDAYS)
"""Alone they may be "compare", "average", "collection", watt."""


def weekdays(text: str) -> str:
    """Return *text* with пн, вт and the others as days, in the case that the word in front asks for."""
    if not SEEN.search(text):
        return text
    return ON_TUESDAY.sub(r"\1о ", DAYS.sub(_days, FROM_TO.sub(_from_to, text)))


def _name(day: str, case: str, *, plural: bool = False) -> str:
    name = inflected(WEEKDAYS[day.rstrip(".").lower()], case, plural=plural)
    return name.capitalize() if day[0].isupper() else name


def _from_to(m: re.Match[str]) -> str:
    last = _name(m["last"], "a" if m["to"] == "по" else "g")
    return f"{m['from']} {_name(m['first'], 'g')} {m['to']} {last}{_end(m)}"


def _days(m: re.Match[str]) -> str:
    front = before(m).lower().lstrip("(«")
    alone = ONE_DAY.fullmatch(m[0]) is not None
    if alone and m[0] in DOUBTFUL and not (front in CASES and _ends(m)):
        return m[0]
    if (
        alone
        and m[0] in LONE
        and not (front in CASES or front in TODAY or _ends(m) or HOURS_BEHIND.match(m.string, m.end()))
    ):
        return m[0]
    if alone and m[0] in CAPITALS and not HOURS_BEHIND.match(m.string, m.end()):
        return m[0]
    each = front == "по" or EACH.search(in_front(m)) is not None
    case = "d" if each else CASES.get(front, "n")
    named = ONE_DAY.sub(lambda day: _name(day["day"], case, plural=each), m[0])
    return re.sub(" ?[-–—] ?", " – ", named).replace("/", ", ") + _end(m)


def _ends(m: re.Match[str]) -> bool:
    """Whether the sentence, or a part of it, ends behind the match."""
    rest = m.string[m.end() : m.end() + 4].lstrip()
    return not rest or rest[0].isupper() or rest[0] in ",;)!?"


def _end(m: re.Match[str]) -> str:
    """Return the dot of the last day if it also ends the sentence."""
    rest = m.string[m.end() : m.end() + 4].lstrip()
    return "." if m[0].endswith(".") and (not rest or rest[0].isupper()) else ""
