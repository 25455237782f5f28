"""Russian: numbers with a slash or a cross: fractions, blood pressure, 24/7, sizes, doses; else the slash is said."""

import re

from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import Rule, after, any_of, before, in_front, rule
from pipeline.speakable.ru.amounts import MEASURED, UNITS, closing_dot, unit_forms, unit_is_sure
from pipeline.speakable.ru.decimals import speak, wholes
from pipeline.speakable.ru.forms import cardinal, gender_of, ordinal
from pipeline.speakable.ru.grammar import agreement, counted, governed, governor, is_adjective, takes_object

_WORDS = vocabulary("ru")
PRESSURE = re.compile(r"(?<!\w)(?:давлени[еяюи]м?|АД|тонометр[а-я]{0,3})(?!\w)[^.!?;]{0,30}\Z", re.IGNORECASE)
FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4)}
MEASURES = frozenset(
    {"миллиграмм", "грамм", "микрограмм", "миллилитр", "единица", "таблетка", "капсула", "капля", "штука"}
)
"""What is taken: 3 x 250 мг are doses, 3 x 4 м sides."""
INTO = re.compile(r"(?:вы(?:шл|шел|йд|ход)|попа[лсдт]|про(?:шл|йд|ход)|проби[лвт])[а-яё]{0,6} в \Z", re.IGNORECASE)
PLAYED = re.compile(
    r"(?:матч|игр|встреч|стади|этап|раунд|жеребь[её]вк|пар|соперник|участник)[а-яё]{0,4} \Z", re.IGNORECASE
)
"""What is of 1/8 финала: its case is not that of its own preposition."""
ROUND_THE_CLOCK = "двадцать четыре на семь"
MOST_DOSES = 10


def _fraction(m: re.Match[str]) -> str | None:
    """Say 1/2 стакана, 2 1/2 км, ¾, in the case that the word in front asks for."""
    if not _is_a_part(m):
        return None
    row = UNITS[m["unit"]] if m["unit"] else {}
    if row and not unit_is_sure(m, row):
        return None
    above, below = _above_and_below(m["part"])
    case = _case(m)
    of = " ".join(["", *unit_forms("0,5", str(row["noun"]), "n", row)]) + closing_dot(m) if row else ""
    several = {"n": "g", "a": "g"}.get(case, case)
    part = ordinal(below, case, "f") if above == 1 else ordinal(below, several, plural=True)
    share = f"{cardinal(above, case, 'f')} {part}{of}"
    return f"{wholes(int(m['whole']), case)} {share}" if m["whole"] else share


def _above_and_below(part: str) -> tuple[int, int]:
    if part in FRACTIONS:
        return FRACTIONS[part]
    above, _, below = part.partition("/")
    return int(above), int(below)


def _is_a_part(m: re.Match[str]) -> bool:
    """Whether it is a part of something, and no page, no day, no house."""
    if m["part"] in FRACTIONS or m["whole"] or m["unit"]:
        return True
    above, below = _above_and_below(m["part"])
    word = after(m).rstrip(".,;:!?)»")
    of = any(noun.case == "g" for noun in counted(m.string, m.end())) or (word[-1:] == "х" and is_adjective(word))
    if of:
        return 0 < above < below
    front = before(m).lower()
    if (
        front == "по"
        or (word == "от" and not front[:1].isalpha() and "№" not in front)
        or INTAKE.match(m.string, m.end())
    ):
        return 0 < above < below
    return (
        below <= 4
        and not front.isascii()
        and front not in _WORDS["paged"]
        and bool(takes_object(front) or front in LEFT)
    )


INTAKE = re.compile(" (?:утром|вечером|на ночь|днём|в обед)(?!\\w)")
LEFT = frozenset({"осталось", "остаётся", "прошло", "пройдено", "готово", "это", "лишь", "только", "ещё", "на"})


def _case(m: re.Match[str]) -> str:
    cases = governed(m)
    if INTO.search(in_front(m)):
        return "a"
    if after(m).startswith("финала") and PLAYED.search(in_front(m)):
        return "g"
    if cases:
        return "p" if cases == "ap" and before(m).lower() in {"в", "во"} else "d" if cases == "ad" else cases[0]
    return "a" if takes_object(governor(m)) else "n"


def _pressure(m: re.Match[str]) -> str | None:
    """Say 120/80 мм рт. ст., and 120/80 behind the word "давление"."""
    if not m["unit"] and not PRESSURE.search(in_front(m)):
        return None
    tail = unit_forms(m["below"], "миллиметр", "n", UNITS["мм рт. ст"]) if m["unit"] else []
    case = (governed(m) or "n")[0]
    return " ".join([cardinal(int(m["above"]), case), "на", cardinal(int(m["below"])), *tail]) + closing_dot(m)


def _pressures(m: re.Match[str]) -> str | None:
    """Say 130/85–140/90."""
    ends = [re.findall(r"\d+", end) for end in (m["low"], m["high"])]
    join = "на" if PRESSURE.search(in_front(m)) else "дробь"
    return " – ".join(f"{cardinal(int(above))} {join} {cardinal(int(below))}" for above, below in ends)


def _repeats(m: re.Match[str]) -> str | None:
    """Say 3 × 15 отжиманий."""
    fit = agreement(int(m["each"]), "n", counted(m.string, m.end()))
    return f"{cardinal(int(m['n']))} по {cardinal(int(m['each']), 'n', fit[1].gender)}" if fit else None


def _slashed(m: re.Match[str]) -> str:
    """Say the slash of 12/3, which may be a house, a day, a page."""
    unit = m.groupdict().get("unit")
    if m[0] == "24/7":
        return ROUND_THE_CLOCK
    numbers = re.findall(r"\d+", m["numbers"])
    forms = unit_forms(numbers[-1], str(UNITS[unit]["noun"]), "n", UNITS[unit]) if unit else []
    return " ".join([" дробь ".join(map(_whole, numbers)), *forms])


def _whole(number: str) -> str:
    zeros = len(number) - len(number.lstrip("0")) if number.strip("0") else len(number) - 1
    return "ноль " * zeros + cardinal(int(number))


def _sides(m: re.Match[str]) -> str | None:
    """Say 30×20×10 см, and 3 x 250 мг as three times so much."""
    numbers = [number for number in (m["first"], m["second"], m["third"]) if number]
    row = UNITS[m["unit"]] if m["unit"] else {}
    if row and not unit_is_sure(m, row):
        return None
    if not row:
        return " на ".join(map(speak, numbers))
    noun = str(row["noun"])
    doses = noun in MEASURES and len(numbers) == 2 and numbers[0].isdigit() and int(numbers[0]) <= MOST_DOSES
    last = speak(numbers[-1], "a" if doses else "n", gender_of(noun))
    said = [*map(speak, numbers[:-1]), last]
    forms = unit_forms(numbers[-1], noun, "a" if doses else "n", row)
    return " ".join([(" по " if doses else " на ").join(said), *forms]) + closing_dot(m)


_SIDE = r"\d{1,5}(?:[.,]\d{1,2})?"
_CROSS = r"\s?[xхXХ×]\s?"

FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<low>\d{2,3}/\d{2,3})[-–](?P<high>\d{2,3}/\d{2,3})", _pressures),
    rule(rf"(?:(?P<whole>\d{{1,3}}) )?(?P<part>\d{{1,2}}/\d{{1,2}}){MEASURED}", _fraction),
    rule(r"(?P<above>\d{2,3})/(?P<below>\d{2,3})(?:\s?(?P<unit>мм рт\. ?ст(?!\w))(?P<dot>\.)?)?", _pressure),
    rule(rf"(?P<whole>\d{{1,3}})? ?(?P<part>[½⅓⅔¼¾]){MEASURED}", _fraction),
    rule(
        r"(?!\d{1,2}/\d{1,2}/(?:1\d|20)\d\d(?!\d))(?P<numbers>\d{1,6}(?:/\d{1,6}){1,3})(?: (?P<unit>[КМГТ]Б)(?!\w))?",
        _slashed,
    ),
    rule(
        rf"(?P<first>{_SIDE}){_CROSS}(?P<second>{_SIDE})(?:{_CROSS}(?P<third>{_SIDE}))?"
        rf"\s?(?P<unit>{any_of(UNITS)})(?!\w)(?P<dot>\.)?",
        _sides,
    ),
    rule(rf"(?P<n>[1-9]|10){_CROSS}(?P<each>\d{{1,3}})", _repeats),
    rule(rf"(?P<first>{_SIDE})[xхXХ×](?P<second>{_SIDE})(?:[xхXХ×](?P<third>{_SIDE}))?(?P<unit>(?!))?", _sides),
)
"""Rules for several numbers that belong together."""
