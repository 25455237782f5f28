"""Russian: dates and years."""

import re

from pipeline.speakable.language import table
from pipeline.speakable.rewriting import DASH, Rule, after, before, in_front, is_day, rule
from pipeline.speakable.ru import times
from pipeline.speakable.ru.grammar import LABELS, governed, inflected, kind, lemma, ordinal

MONTHS = table("ru")["months"]
MONTH = (
    rf"(?P<month>(?:{'|'.join(MONTHS)})(?!\w)"
    r"|(?:янв|февр?|апр|ию[нл]|авг|сент|окт|нояб?|дек)(?!\w)\.?|(?:мар|сен)\.)"
)
WEEKDAY = "(?:понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)"
TODAY = re.compile(
    r"(?:(?<!\w)(?:(?:после)?завтра|сегодня|(?:поза)?вчера|дата:)(?: (?:[-–—]|уже|у нас|будет|был[оа]?))?"
    rf"(?: {WEEKDAY},?)?|\A{WEEKDAY},) \Z",
    re.IGNORECASE,
)
"""Words before a day in the nominative: сегодня пятница, двадцать первое ноября."""
DAY_AND_MONTH = r"[0-3]\d\.(?:0[1-9]|1[0-2])"
BY_ANOTHER_DAY = re.compile(rf" по {DAY_AND_MONTH}(?!\d)")
FROM_ANOTHER_DAY = re.compile(rf"(?<!\w)со? {DAY_AND_MONTH} по \Z", re.IGNORECASE)
AT_A_TIME = re.compile(r" в \d{1,2}[:.][0-5]\d(?!\d)")
BEFORE_DAY = frozenset({"на", "по", "к", "ко", "до", "с", "со", "от", "после"})
TO_CASES = {"на": "a", "за": "a", "по": "a", "к": "d", "ко": "d", "перед": "i", "между": "i", "о": "p", "об": "p"}

YEAR_CASES = {"год": "n", "года": "g", "годом": "i", "годе": "p"}
CENTURY_CASES = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}
YEARS_CASES = {"годы": "n", "годов": "g", "годам": "d", "годами": "i", "годах": "p"}
YEARS_BEHIND = {"в": "p", "во": "p", "о": "p", "за": "n", "на": "n", "к": "d", "ко": "d", "между": "i"}
RANGE = re.compile(DASH)
OF_A_MONTH = re.compile(r" (?:(?:каждого|этого|следующего|прошлого|того же) )?месяца(?!\w)")


def _day_case(m: re.Match[str]) -> str:
    """Return the genitive (двадцать второго ноября) unless the word in front asks for another case."""
    return "n" if TODAY.search(in_front(m)) else TO_CASES.get(before(m).lower(), "g")


def _month(word: str) -> int:
    """Return the number of the month that is written декабря or дек."""
    return next(i for i, month in enumerate(MONTHS, 1) if month.startswith(word.rstrip(".")))


def _of_year(year: str | None) -> str:
    return f" {ordinal(int(year), 'g')} года" if year else ""


def _date(m: re.Match[str]) -> str | None:
    month = _month(m["month"])
    days = [int(day) for day in (m["d"], m["d2"]) if day]
    if not all(is_day(day, month) for day in days):
        return None
    case = _day_case(m)
    ordinals = " – ".join(ordinal(day, case, "n") for day in days)
    return f"{ordinals} {MONTHS[month - 1]}{_of_year(m['y'])}{_end(m)}"


def _from_to(m: re.Match[str]) -> str | None:
    """Say с 10 по 15 ноября."""
    month = _month(m["month"])
    if before(m).lower() not in {"с", "со", "от"} or not (is_day(int(m["d"]), month) and is_day(int(m["d2"]), month)):
        return None
    case = "a" if m["to"] == "по" else "g"
    days = f"{ordinal(int(m['d']), 'g', 'n')} {m['to']} {ordinal(int(m['d2']), case, 'n')}"
    return f"{days} {MONTHS[month - 1]}{_end(m)}"


def _numeric(m: re.Match[str]) -> str | None:
    if not is_day(int(m["d"]), int(m["m"])):
        return None
    return f"{ordinal(int(m['d']), _day_case(m), 'n')} {MONTHS[int(m['m']) - 1]}{_of_year(m['y'])}{_end(m)}"


def _short_numeric(m: re.Match[str]) -> str | None:
    """Say 25.12.25, с 25.12 по 08.01, 27.11 в 10:00. Keep 27.11 behind a preposition alone: it may be a version."""
    front = before(m).lower().lstrip("(«")
    if not is_day(int(m["d"]), int(m["m"])) or (front and front.isascii()) or lemma(front) in LABELS:
        return None
    to_another = front in {"с", "со"} and BY_ANOTHER_DAY.match(m.string, m.end())
    from_another = FROM_ANOTHER_DAY.search(in_front(m))
    if m["y"] or to_another or from_another or AT_A_TIME.match(m.string, m.end()) or TODAY.search(in_front(m)):
        return _numeric(m)
    return m[0] if front in BEFORE_DAY else None


def _end(m: re.Match[str]) -> str:
    """Return the dot of "г." or "дек." if the text ends with it: it also ends the sentence."""
    return "." if m[0].endswith(".") and m.end() == len(m.string) else ""


def _year(m: re.Match[str]) -> str | None:
    """Say 1999 год in the case of "год", 1999 г. in the case that the word in front asks for."""
    number, word = int(m["y"]), m["word"]
    if number < 1000 and word not in {"году", "годом"}:
        return None  # 121 год may be a span of time
    case = _year_case(m, word)
    written = inflected("год", case) if word == "г" else word
    if word == "г" and case == "p":
        written = "году"
    return f"{ordinal(number, case)} {written}{_end(m)}"


def _born(m: re.Match[str]) -> str:
    """Say 1985 г. р."""
    return f"{ordinal(int(m['y']), 'g')} года рождения{_end(m)}"


def _year_case(m: re.Match[str], word: str) -> str:
    if word in YEAR_CASES:
        return YEAR_CASES[word]
    if word == "году":
        return "d" if governed(m)[:1] == "d" or before(m).lower() == "по" else "p"
    cases = governed(m)
    if not cases:
        return "g" if before(m) else "n"
    return "p" if before(m).lower() in {"в", "во"} else cases[0]


def _years(m: re.Match[str]) -> str | None:
    """Say 1941–1945 годы and 2023, 2024 и 2025 годах."""
    years = [int(year) for year in re.findall(r"\d+", m["years"])]
    if not 1000 <= years[0] <= years[-1] <= 2100 or sorted(set(years)) != years:
        return None
    word = m["word"]
    case = YEARS_CASES.get(word) or YEARS_BEHIND.get(before(m).lower(), "g" if before(m) else "n")
    written = word if word in YEARS_CASES else {of: form for form, of in YEARS_CASES.items()}[case]
    ordinals = re.sub(r"\d+", lambda year: ordinal(int(year[0]), case), m["years"])
    return f"{RANGE.sub(' – ', ordinals)} {written}{_end(m)}"


def _first_year(m: re.Match[str]) -> str | None:
    """Say the first year of с 2020 по 2024 год, между 2020 и 2021 годом; another rule says the second."""
    case = {"с": "g", "между": "i"}.get(before(m).lower())
    return case and ordinal(int(m["y"]), case)


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
    if of_a_month or when or front in {"к", "ко"} or (front == "по" and word == "число"):
        return f"{ordinal(day, {'числа': 'g', 'числу': 'd'}.get(word, 'n'), 'n')} {word}"
    return None


def _decade(m: re.Match[str]) -> str | None:
    """Say 90-е гг., в 90-х гг."""
    case = "n" if m["ending"] in {"е", "ые"} else "p" if before(m).lower() in {"в", "во", "о"} else "g"
    written = {"n": "годы", "g": "годов", "p": "годах"}[case]
    return f"{ordinal(int(m['n']), case, plural=True)} {written}{_end(m)}"


def _century_in_digits(m: re.Match[str]) -> str | None:
    """Say 21 век, but not 2 века, a span of time."""
    number, case = int(m["n"]), CENTURY_CASES[m["word"]]
    if case == "g" and number < 5:
        return None
    if case == "d" and before(m).lower() not in {"к", "ко", "по"}:
        return None
    return f"{ordinal(number, case)} {m['word']}"


def _year_alone(m: re.Match[str]) -> str | None:
    """Say a year only behind "в", if it counts nothing behind it."""
    if before(m).lower() not in {"в", "во"} or after(m) or not 1500 <= int(m["y"]) <= 2099:
        return None
    return ordinal(int(m["y"]), "p")


FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", _numeric),
    rule(r"(?P<d>\d{1,2})\.(?P<m>\d\d)\.(?P<y>(?:19|20)\d\d)(?: г\.| года)?", _numeric),
    times.DOTTED,
    rule(r"(?P<d>[0-3]\d)\.(?P<m>0[1-9]|1[0-2])(?:\.(?P<y>[2-9]\d))?", _short_numeric),
    (re.compile(rf"(?P<d>\d{{1,2}}) (?P<to>по|до) (?P<d2>\d{{1,2}}) {MONTH}"), _from_to),
    (
        re.compile(
            rf"(?P<d>\d{{1,2}})(?:{DASH}(?P<d2>\d{{1,2}}))? {MONTH}"
            r"(?: (?P<y>\d{4})(?:(?= г(?:ода?)?\b) г(?:ода(?!\w)|\.)|(?= *(?:[.,;:!?)»]|$))))?"
        ),
        _date,
    ),
    (
        re.compile(
            rf"(?P<years>\d{{4}}(?:{DASH}\d{{4}}|(?:, \d{{4}}){{0,4}} и \d{{4}})) ?"
            r"(?P<word>год(?:ы|ов|ам|ами|ах)|гг)(?!\w)(?:(?<=гг)\.)?"
        ),
        _years,
    ),
    (re.compile(r"(?P<y>\d{4})(?= (?:по|до|и) \d{4} г(?:од(?:а|ом)?(?!\w)|\.))"), _first_year),
    (re.compile(r"(?P<d>\d{1,2})(?: (?P<to>по|до) (?P<d2>\d{1,2}))? (?P<word>числ[оау])(?!\w)"), _day_of_month),
)
"""Rules for several numbers that belong together."""

RULES: tuple[Rule, ...] = (
    (re.compile(r"(?P<n>(?:1[89]|20)?\d0)-(?P<ending>е|ые|х|ых) гг\."), _decade),
    (re.compile(r"(?P<y>\d{4}) ?г\. ?р\."), _born),
    (re.compile(r"(?P<y>\d{3,4}) ?(?P<word>год(?:а|у|ом|е)?(?!\w)|г(?=\.))(?:(?<=г)\.)?"), _year),
    (re.compile(r"(?P<n>[1-9]|1\d|2[01]) (?P<word>век(?:а|у|ом|е)?)(?!\w)"), _century_in_digits),
    rule(r"(?P<y>\d{4})", _year_alone),
    times.WITH_COLON,
)
