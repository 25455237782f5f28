"""Russian: years, spans of years, decades, centuries in digits."""

import re

from pipeline.speakable.rewriting import DASH, Rule, after, before, in_front, rule
from pipeline.speakable.ru.forms import cardinal, inflected, ordinal
from pipeline.speakable.ru.grammar import agreement, counted, governed, is_adjective, parses

YEAR_CASES = {"год": "n", "года": "g", "годом": "i", "годе": "p"}
CENTURY_CASES = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}
YEARS_CASES = {"годы": "n", "годов": "g", "годам": "d", "годами": "i", "годах": "p"}
YEARS_BEHIND = {"в": "p", "во": "p", "о": "p", "за": "n", "на": "n", "к": "d", "ко": "d", "между": "i"}
RANGE = re.compile(DASH)
SEASONS = frozenset(
    [
        "январь",
        "февраль",
        "март",
        "апрель",
        "май",
        "июнь",
        "июль",
        "август",
        "сентябрь",
        "октябрь",
        "ноябрь",
        "декабрь",
        "зима",
        "весна",
        "лето",
        "осень",
        "зимой",
        "весной",
        "летом",
        "осенью",
        "начало",
        "середина",
        "конец",
        "половина",
        "квартал",
        "полугодие",
    ]
)
YEARS = range(1000, 2101)
RECENT = range(1900, 2100)
AGED = re.compile(r"(?:\A|[.!?,;] )(?:ему|ей|мне|реб[её]нку|сыну|дочери|дочке|внуку|внучке) \Z", re.IGNORECASE)
HISTORY = re.compile(
    r"(?<!\w)(?:крещени|рус[ьи](?!\w)|князь|княж|импер|корол|царств|основан|битв|войн|поход|договор|осад|летопис|династи|халиф)",
    re.IGNORECASE,
)
EARLIEST = 1500
"""The first year that is one without the word."""


def end_dot(m: re.Match[str]) -> str:
    """Return the dot of "г." or "дек." if the text ends with it: it also ends the sentence."""
    return "." if m[0].endswith(".") and m.end() == len(m.string) else ""


def _year(m: re.Match[str]) -> str | None:
    """Say 1999 год in the case of "год", 1999 г. in the case that the word in front asks for."""
    number, word = int(m["y"]), m["word"]
    if number < 1000 and word not in {"году", "годом"} and not (word == "г" and HISTORY.search(in_front(m))):
        return None  # 121 год may be a span of time, 988 г. a weight
    case = _year_case(m, word)
    written = inflected("год", case) if word == "г" else word
    if word == "г" and case == "p":
        written = "году"
    return f"{ordinal(number, case)} {written}{end_dot(m)}"


def _born(m: re.Match[str]) -> str:
    """Say 1985 г. р."""
    return f"{ordinal(int(m['y']), 'g')} года рождения{end_dot(m)}"


def _year_case(m: re.Match[str], word: str) -> str:
    if word in YEAR_CASES:
        return YEAR_CASES[word]
    if word == "году":
        return "d" if governed(m)[:1] == "d" or before(m).lower() == "по" else "p"
    cases = governed(m)
    if not cases:
        return "g" if before(m) else "n"
    return "p" if before(m).lower() in {"в", "во"} else cases[0]


def _year_of_an_era(m: re.Match[str]) -> str:
    """Say 44 г. до н. э.: before an era even a small number is a year, never grams."""
    case = _year_case(m, m["word"])
    written = "году" if case == "p" else inflected("год", case)
    return f"{ordinal(int(m['y']), case)} {written if m['word'] == 'г' else m['word']}"


def _years_of_an_era(m: re.Match[str]) -> str:
    """Say 490–479 гг. до н. э.; before our era years count down."""
    case = YEARS_BEHIND.get(before(m).lower(), "g" if before(m) else "n")
    written = {of: form for form, of in YEARS_CASES.items()}[case]
    return f"{ordinal(int(m['y']), case)} – {ordinal(int(m['last']), case)} {written}"


def _bare_years_of_an_era(m: re.Match[str]) -> str | None:
    """Say (356–323 до н. э.)."""
    if int(m["y"]) <= int(m["last"]):
        return None
    return f"{ordinal(int(m['y']))} – {ordinal(int(m['last']))}"


def _in_a_bare_year(m: re.Match[str]) -> str | None:
    """Say в 753 до н. э."""
    return ordinal(int(m["y"]), "p") if before(m).lower() in {"в", "во"} else None


def _age(m: re.Match[str]) -> str | None:
    """Say 3 г. и 2 мес., and ему 5 л. if nothing is counted behind it; ему 2 г. may be a dose: it stays as written."""
    if m["months"] is None:
        if counted(m.string, m.end()) or not AGED.search(in_front(m)):
            return None
        if m["word"] == "г":
            return m[0]
    number, case = int(m["n"]), "g" if governed(m)[:1] == "g" else "n"
    last = 5 if number % 100 in range(11, 15) else number % 10
    few = {"g": "лет", "n": "года"}[case] if last in {2, 3, 4} else "лет"
    one = {"g": "года", "n": "год"}[case]
    return f"{cardinal(number, case)} {one if last == 1 else few}{end_dot(m)}"


def _years(m: re.Match[str]) -> str | None:
    """Say 1941–1945 годы and 2023, 2024 и 2025 годах."""
    years = [int(year) for year in re.findall(r"\d+", m["years"])]
    if not 1000 <= years[0] <= years[-1] <= 2100 or sorted(set(years)) != years:
        return None
    word = m["word"]
    case = YEARS_CASES.get(word) or YEARS_BEHIND.get(before(m).lower(), "g" if before(m) else "n")
    case = "g" if word == "года" else case
    written = word if word in YEARS_CASES or word == "года" else {of: form for form, of in YEARS_CASES.items()}[case]
    ordinals = re.sub(r"\d+", lambda year: ordinal(int(year[0]), case), m["years"])
    return f"{RANGE.sub(' – ', ordinals)} {written}{end_dot(m)}"


def _first_year(m: re.Match[str]) -> str | None:
    """Say the first year of между 2020 и 2021 годом; another rule says the second."""
    return ordinal(int(m["y"]), "i") if before(m).lower() == "между" else None


def _from_to(m: re.Match[str]) -> str | None:
    """Say с 1812 по 1815 гг., с 2020 до 2024 года, с 1914 по 1918."""
    first, last, word = int(m["y"]), int(m["last"]), m["word"] or ""
    if before(m).lower() not in {"с", "со", "от"} or not (first in YEARS and last in YEARS and first < last):
        return None
    if not word and (m["to"] != "по" or first < EARLIEST or counted(m.string, m.end())):
        return None
    case = "a" if m["to"] == "по" else "g"
    plural = word in {"гг", "годы", "годов"}
    noun = {"a": "годы", "g": "годов"}[case] if plural else {"a": "год", "g": "года"}[case]
    end = f" {noun}{end_dot(m)}" if word else ""
    return f"{ordinal(first, 'g')} {m['to']} {ordinal(last, case)}{end}"


def _short_years(m: re.Match[str]) -> str | None:
    """Say в 1914–18 гг., 2023/24 учебный год."""
    first, last = int(m["y"]), int(m["y"][:2] + m["short"])
    if first not in YEARS or first >= last:
        return None
    word = m["word"]
    case = YEARS_CASES.get(word) or YEARS_BEHIND.get(before(m).lower(), "g" if before(m) else "n")
    written = {of: form for form, of in YEARS_CASES.items()}[case]
    return f"{ordinal(first, case)} – {ordinal(int(m['short']), case)} {written}{end_dot(m)}"


def _in_short_years(m: re.Match[str]) -> str | None:
    """Say в 1885–90 учился."""
    first, last = int(m["y"]), int(m["y"][:2] + m["short"])
    if before(m).lower() not in {"в", "во"} or first >= last or counted(m.string, m.end()):
        return None
    return f"{ordinal(first, 'p')} – {ordinal(int(m['short']), 'p')}"


def _of_a_life(m: re.Match[str]) -> str | None:
    """Say the years in brackets behind a name, and в 1941–1945."""
    first, last = int(m["y"]), int(m["last"])
    in_brackets = m.string[m.start() - 1 : m.start()] == "(" and m.string[m.end() : m.end() + 1] in ")"
    if after(m) or not (first in YEARS and last in YEARS and first < last):
        return None
    case = "n" if in_brackets else "p" if before(m).lower() in {"в", "во"} else ""
    return f"{ordinal(first, case)} – {ordinal(last, case)}" if case else f"{cardinal(first)} – {cardinal(last)}"


def _decade(m: re.Match[str]) -> str | None:
    """Say 90-е гг., в 90-х гг."""
    case = "n" if m["ending"] in {"е", "ые"} else "p" if before(m).lower() in {"в", "во", "о"} else "g"
    written = {"n": "годы", "g": "годов", "p": "годах"}[case]
    return f"{ordinal(int(m['n']), case, plural=True)} {written}{end_dot(m)}"


def _century_in_digits(m: re.Match[str]) -> str | None:
    """Say 21 век, but not 2 века, a span of time."""
    number, case = int(m["n"]), CENTURY_CASES[m["word"]]
    if case == "g" and number < 5:
        return None
    if case == "d" and before(m).lower() not in {"к", "ко", "по"}:
        return None
    return f"{ordinal(number, case)} {m['word']}"


def _year_alone(m: re.Match[str]) -> str | None:
    """Say a year behind "в", if it counts nothing behind it, and behind a month or a season: в мае 2024."""
    number, front = int(m["y"]), before(m).lower().lstrip("(«")
    if front in {"в", "во"}:
        word = after(m).rstrip(".,;:!?)»")
        verb = word.isalpha() and not counted(m.string, m.end()) and not is_adjective(word) and number in RECENT
        return ordinal(number, "p") if (not after(m) or verb) and 1500 <= number <= 2099 else None
    if number not in YEARS or not front.isalpha() or not SEASONS & {parse.normal_form for parse in parses(front)}:
        return None
    if after(m).startswith("год") or (number % 100 == 0 and agreement(number, "nagdip", counted(m.string, m.end()))):
        return None
    return f"{ordinal(number, 'g')} года"


_OF_YEARS = r"(?P<word>год(?:ы|ов|ам|ами|ах|а)|гг)(?!\w)(?:(?<=гг)\.)?"
_OF_A_YEAR = r"(?P<word>год(?:а|у|ом|ы|ов)?|гг?(?=\.))(?!\w)(?:(?<=г)\.)?"

AGE_RULES: tuple[Rule, ...] = (rule(r"(?P<n>\d{1,2}) (?P<word>[лг])\.(?:(?P<months>)(?= (?:и )?\d{1,2} мес))?", _age),)
ERA_RULES: tuple[Rule, ...] = (
    rule(
        rf"(?P<y>[1-9]\d{{0,3}}){DASH}(?P<last>[1-9]\d{{0,3}}) ?гг\.?(?= (?:до )?(?:н\. ?э|нашей эры))",
        _years_of_an_era,
    ),
    rule(
        rf"(?<=\()(?P<y>[1-9]\d{{0,3}}){DASH}(?P<last>[1-9]\d{{0,3}})(?= до (?:н\. ?э|нашей эры))",
        _bare_years_of_an_era,
    ),
    rule(r"(?P<y>[1-9]\d{0,3})(?= до (?:н\. ?э|нашей эры))", _in_a_bare_year),
    rule(r"(?P<y>[1-9]\d{0,3}) ?(?P<word>г|год(?:а|у|ом|е)?)\.?(?= (?:до )?(?:н\. ?э|нашей эры))", _year_of_an_era),
)
FIRST_RULES: tuple[Rule, ...] = (
    (re.compile(r"(?P<n>(?:1[89]|20)?\d0)-?(?P<ending>е|ые|х|ых) гг\."), _decade),
    rule(rf"(?P<y>\d{{4}}) (?P<to>по|до) (?P<last>\d{{4}})(?: ?{_OF_A_YEAR})?", _from_to),
    (re.compile(rf"(?P<years>\d{{4}}(?:{DASH}\d{{4}}|(?:, \d{{4}}){{0,4}} и \d{{4}})) ?{_OF_YEARS}"), _years),
    (re.compile(rf"(?P<y>\d{{4}}){DASH}(?P<short>\d\d) ?{_OF_YEARS}"), _short_years),
    (re.compile(r"(?P<y>(?:1[5-9]|20)\d\d)[-–—](?P<short>\d\d)(?![\d.:-])"), _in_short_years),
    rule(rf"(?P<y>\d{{4}}){DASH}(?P<last>\d{{4}})", _of_a_life),
    (re.compile(r"(?P<y>\d{4})(?= (?:по|до|и) \d{4} г(?:од(?:а|ом)?(?!\w)|\.))"), _first_year),
)
"""Rules for several years that belong together."""

RULES: tuple[Rule, ...] = (
    (re.compile(r"(?P<y>\d{4}) ?г\. ?р\."), _born),
    (re.compile(r"(?P<y>\d{3,4}) ?(?P<word>год(?:а|у|ом|е)?(?!\w)|г(?=\.))(?:(?<=г)\.)?"), _year),
    (re.compile(r"(?P<n>[1-9]|1\d|2[01]) (?P<word>век(?:а|у|ом|е)?)(?!\w)"), _century_in_digits),
    rule(r"(?P<y>\d{4})", _year_alone),
)
