"""Russian: dates."""

import re

from pipeline.speakable.language import table
from pipeline.speakable.rewriting import DASH, Rule, before, in_front, is_day, rule
from pipeline.speakable.ru import times
from pipeline.speakable.ru.amounts import version
from pipeline.speakable.ru.forms import ordinal
from pipeline.speakable.ru.grammar import LABELS, governed, kind, lemma
from pipeline.speakable.ru.years import end_dot

MONTHS = table("ru")["months"]
MONTH = (
    rf"(?P<month>(?i:{'|'.join(MONTHS)})(?!\w)"
    r"|(?:янв|февр?|апр|ию[нл]|авг|сент|окт|нояб?|дек)(?!\w)\.?|(?:мар|сен)\.)"
)
MONTH_BEHIND = re.compile(rf" {MONTH}")
WEEKDAY = "(?:понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)"
TODAY = re.compile(
    r"(?:(?<!\w)(?:(?:после)?завтра|сегодня|(?:поза)?вчера|дата:)(?: (?:[-–—]|уже|у нас|будет|был[оа]?))?"
    rf"(?: {WEEKDAY},?)?|\A{WEEKDAY},) \Z",
    re.IGNORECASE,
)
"""Words before a day in the nominative: сегодня пятница, двадцать первое ноября."""
DAYS_ARE = re.compile(
    r"(?<!\w)(?:дн[ия]|день|даты?|праздник[и]?|выходные)(?: [а-яё]{1,20})?(?: [-–—]|:) \Z", re.IGNORECASE
)
IS = re.compile(r" [—–] (?!\d)[а-яёА-ЯЁ]")
FEAST = re.compile(r"(?:поздрав|праздник)[^.!?\d]{0,40}(?<!\w)со? \Z", re.IGNORECASE)
WISH = re.compile(
    r"!|, [^.!?,]{1,20}!|, (?:дорог|мил|любим|уважаем|друзья|коллеги|девочки|женщины|мужчины|родн)"
    r"| (?:вас|тебя|всех)(?=[!.,]|\Z)"
)
VERSION = re.compile("верси|релиз|сборк|обнов|прошивк|билд|установ", re.IGNORECASE)
MEASURED = re.compile(
    "курс|цен|стоим|температур|индекс|балл|рейтинг|раздел|пункт|глав|вырос|упал|подн[яи]|сниз", re.IGNORECASE
)
"""Words before a number with dots that may be no date."""
DAY_AND_MONTH = r"[0-3]\d\.(?:0[1-9]|1[0-2])"
BY_ANOTHER_DAY = re.compile(rf" по {DAY_AND_MONTH}(?!\d)")
FROM_ANOTHER_DAY = re.compile(rf"(?<!\w)со? {DAY_AND_MONTH} по \Z", re.IGNORECASE)
LASTING = re.compile("год[её]н|годн|срок|действ|употреб|истека|хран", re.IGNORECASE)
AT_A_TIME = re.compile(r" в \d{1,2}[:.][0-5]\d(?!\d)")
BEFORE_DAY = frozenset({"на", "по", "к", "ко", "до", "с", "со", "от", "после"})
TO_CASES = {"на": "a", "за": "a", "по": "a", "к": "d", "ко": "d", "перед": "i", "между": "i", "о": "p", "об": "p"}

BEHIND_A_DAY = re.compile(rf"(?<!\w)(на|по|к|ко|перед|между|о|об) \d{{1,2}} {MONTH},? и \Z", re.IGNORECASE)
DASHES = re.compile(DASH)
OF_A_MONTH = re.compile(r" (?:(?:каждого|этого|следующего|прошлого|того же) )?месяца(?!\w)")


def _day_case(m: re.Match[str]) -> str:
    """Return the genitive (двадцать второго ноября) unless the word in front asks for another case."""
    front, word = in_front(m), before(m).lower()
    if TODAY.search(front) or DAYS_ARE.search(front) or (not m.start() and IS.match(m.string, m.end())):
        return "n"
    if FEAST.search(front) or (front in {"С ", "Со "} and WISH.match(m.string, m.end())):
        return "i"  # с восьмым марта
    if word == "и" and (earlier := BEHIND_A_DAY.search(front)):
        word = earlier[1].lower()
    return TO_CASES.get(word, "g")


def _month(word: str) -> int:
    """Return the number of the month that is written декабря or дек."""
    return next(i for i, month in enumerate(MONTHS, 1) if month.startswith(word.rstrip(".").lower()))


def _of_year(year: str | None) -> str:
    return f" {ordinal(int(year), 'g')} года" if year else ""


def _date(m: re.Match[str]) -> str | None:
    """Say 3 мая, 3–10 мая, 5, 6 и 7 мая."""
    month = _month(m["month"])
    days = [int(day) for day in re.findall(r"\d+", m["days"])]
    if not all(is_day(day, month) for day in days) or days != sorted(set(days)):
        return None
    case = _day_case(m)
    ordinals = re.sub(r"\d+", lambda day: ordinal(int(day[0]), case, "n"), DASHES.sub(" – ", m["days"]))
    return f"{ordinals} {MONTHS[month - 1]}{_of_year(m['y'])}{end_dot(m)}"


def _from_to(m: re.Match[str]) -> str | None:
    """Say с 10 по 15 ноября."""
    month = _month(m["month"])
    if before(m).lower() not in {"с", "со", "от"} or not (is_day(int(m["d"]), month) and is_day(int(m["d2"]), month)):
        return None
    case = "a" if m["to"] in ("по", "на") else "g"
    days = f"{ordinal(int(m['d']), 'g', 'n')} {m['to']} {ordinal(int(m['d2']), case, 'n')}"
    return f"{days} {MONTHS[month - 1]}{end_dot(m)}"


def _numeric(m: re.Match[str]) -> str | None:
    if not is_day(int(m["d"]), int(m["m"])):
        return None
    return f"{ordinal(int(m['d']), _day_case(m), 'n')} {MONTHS[int(m['m']) - 1]}{_of_year(m['y'])}{end_dot(m)}"


def _short_numeric(m: re.Match[str]) -> str | None:
    """Say 25.12.25, с 25.12 по 08.01, 27.11 в 10:00. Keep 27.11 behind a preposition alone: it may be a version."""
    front = before(m).lower().lstrip("(«")
    if not is_day(int(m["d"]), int(m["m"])) or (front and front.isascii()) or lemma(front) in LABELS:
        return None
    if VERSION.search(in_front(m)) or (len(m["d"]) == 1 and not m["y"]):
        return None
    to_another = front in {"с", "со"} and BY_ANOTHER_DAY.match(m.string, m.end())
    from_another = FROM_ANOTHER_DAY.search(in_front(m))
    if m["y"] or to_another or from_another or AT_A_TIME.match(m.string, m.end()) or TODAY.search(in_front(m)):
        return _numeric(m)
    if front in {"до", "с", "по", "после"} and len(m["d"]) == 2 and not MEASURED.search(in_front(m)):
        return _numeric(m)  # действует до 31.12
    return version(m) if front in BEFORE_DAY else None


def _month_of_year(m: re.Match[str]) -> str | None:
    """Say годен до 05.2026."""
    lasts = before(m).lower() in {"до", "с"} and LASTING.search(in_front(m))
    return f"{MONTHS[int(m['m']) - 1]}{_of_year(m['y'])}" if lasts else None


def _numeric_range(m: re.Match[str]) -> str | None:
    """Say 28.12.2025–11.01.2026, 01.07–14.07."""
    if not (is_day(int(m["d"]), int(m["m"])) and is_day(int(m["d2"]), int(m["m2"]))):
        return None
    case = _day_case(m)
    ends = ((m["d"], m["m"], m["y"]), (m["d2"], m["m2"], m["y2"]))
    return " – ".join(f"{ordinal(int(d), case, 'n')} {MONTHS[int(month) - 1]}{_of_year(y)}" for d, month, y in ends)


def _days_of_one_month(m: re.Match[str]) -> str | None:
    """Say 12–14.06."""
    first, last, month = int(m["d"]), int(m["d2"]), int(m["m"])
    if first >= last or not is_day(last, month):
        return None
    case = _day_case(m)
    return f"{ordinal(first, case, 'n')} – {ordinal(last, case, 'n')} {MONTHS[month - 1]}{_of_year(m['y'])}"


def _day_of_month(m: re.Match[str]) -> str | None:
    """Say к 1 числу, с 1 по 21 число. Keep 2 числа and 1 число, which may count numbers."""
    day, word, front = int(m["d"]), m["word"], before(m).lower()
    if not is_day(day, 1):
        return None
    if m["to"]:
        if front not in {"с", "со"} or not is_day(int(m["d2"]), 1):
            return None
        case = "a" if m["to"] == "по" else "g"
        return f"{ordinal(day, 'g', 'n')} {m['to']} {ordinal(int(m['d2']), case, 'n')} {word}"
    of_a_month = word == "числа" and OF_A_MONTH.match(m.string, m.end())
    when = word == "числа" and kind(day) != "few" and not governed(m)
    if of_a_month or when or front in {"к", "ко", "каждое"} or (front == "по" and word == "число"):
        return f"{ordinal(day, {'числа': 'g', 'числу': 'd'}.get(word, 'n'), 'n')} {word}"
    return None


def _two_styles(m: re.Match[str]) -> str:
    """Say 2 (15) марта, a day in both calendars."""
    case = _day_case(m)
    days = f"{ordinal(int(m['d']), case, 'n')} ({ordinal(int(m['d2']), case, 'n')})"
    return f"{days} {MONTHS[_month(m['month']) - 1]}{end_dot(m)}"


def _days_of_month(m: re.Match[str]) -> str | None:
    """Say 1 и 15 числа."""
    days = [int(day) for day in re.findall(r"\d+", m["days"])]
    if governed(m) or days != sorted(set(days)) or not all(is_day(day, 1) for day in days):
        return None
    return re.sub(r"\d+", lambda day: ordinal(int(day[0]), "g", "n"), m["days"]) + " числа"


_DAY = r"(?P<d>[0-3]\d)\.(?P<m>[01]\d)"
_DAY_2 = r"(?P<d2>[0-3]\d)\.(?P<m2>[01]\d)"
DOTTED_RULES: tuple[Rule, ...] = (
    rule(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", _numeric),
    rule(r"(?P<d>\d{1,2})\.(?P<m>\d\d)\.(?P<y>(?:1\d|20)\d\d)(?: г\.| года)?", _numeric),
    rule(rf"{_DAY}(?:\.(?P<y>(?:1\d|20)\d\d))?{DASH}{_DAY_2}(?:\.(?P<y2>(?:1\d|20)\d\d))?", _numeric_range),
    rule(
        rf"(?P<d>\d{{1,2}}){DASH}(?P<d2>[0-3]\d)\.(?P<m>0[1-9]|1[0-2])(?:\.(?P<y>(?:1\d|20)\d\d))?", _days_of_one_month
    ),
    times.DOTTED,
    rule(r"(?P<m>0[1-9]|1[0-2])\.(?P<y>20\d\d)(?: г\.| года)?", _month_of_year),
    rule(r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>(?:1\d|20)\d\d)(?: г\.| года)?", _numeric),
    rule(r"(?P<d>[0-3]?\d)\.(?P<m>0[1-9]|1[0-2])(?:\.(?P<y>[2-9]\d))?", _short_numeric),
)

FIRST_RULES: tuple[Rule, ...] = (
    (re.compile(rf"(?P<d>\d{{1,2}}) (?P<to>по|до|на|и до) (?P<d2>\d{{1,2}}) {MONTH}"), _from_to),
    (
        re.compile(
            rf"(?P<days>\d{{1,2}}(?:(?:{DASH}|, | и | или )\d{{1,2}}){{0,6}}) {MONTH}"
            r"(?: (?P<y>\d{4})(?:(?= г(?:ода?)?\b) г(?:ода(?!\w)|\.)|(?= *(?:[.,;:!?)»]|[-–—] \d|$))))?"
        ),
        _date,
    ),
    (re.compile(rf"(?P<d>\d{{1,2}}) \((?P<d2>\d{{1,2}})\) {MONTH}"), _two_styles),
    (re.compile(r"(?P<days>\d{1,2}(?:, \d{1,2}){0,4} и \d{1,2}) числа(?!\w)"), _days_of_month),
    (re.compile(r"(?P<d>\d{1,2})(?: (?P<to>по|до) (?P<d2>\d{1,2}))? (?P<word>числ[оау])(?!\w)"), _day_of_month),
)
"""Rules for several numbers that belong together."""
