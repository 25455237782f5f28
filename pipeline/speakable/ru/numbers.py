"""Russian: whole numbers alone or before a noun, ordinals, compounds, ratios, phone numbers."""

import re

from pipeline.languages import RUSSIAN_LETTERS
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import RIGHT, SIGN, Rule, after, before, in_front, rule
from pipeline.speakable.ru.amounts import ROUND, SIGNS, TO, UNITS, sign, version
from pipeline.speakable.ru.decimals import parts
from pipeline.speakable.ru.forms import cardinal, gender_of, gender_of_adjective
from pipeline.speakable.ru.grammar import (
    ANY_CASE,
    HOURS,
    PREPOSITIONS,
    SHORTENED,
    Noun,
    agreement,
    case_alone,
    command,
    counted,
    governed,
    is_adjective,
    is_noun,
    kind,
    lemma,
    names_its_number,
    nouns,
    takes_object,
)
from pipeline.speakable.ru.ranks import ranking

_WORDS = vocabulary("ru")
MEASURES = frozenset(row["noun"] for row in UNITS.values()) | {"год", "секунда", "раз", "тысяча", "миллион"}
TOGETHER = {"n": ("двое", "трое", "четверо", "пятеро"), "g": ("двоих", "троих", "четверых", "пятерых")}
OF_AN_AGE = frozenset({"детей", "людей", "мужчин", "женщин", "лиц", "подростков", "взрослых", "пациентов"})
INTO_A_LIST = re.compile(r"(?<!\w)во? \w{1,20} \Z", re.IGNORECASE)
MEASURING = frozenset(
    {"до", "от", "около", "между", "более", "менее", "больше", "меньше", "свыше", "примерно", "почти"}
)
FROM_AN_AMOUNT = re.compile(r"(?<!\w)от \d[\d ]{0,9} до \Z", re.IGNORECASE)
RECENT_YEARS = range(1900, 2101)
ADJECTIVAL = "(?:взрослых|больных|рабочих|военных|раненых|пострадавших|животных)"
LATIN = re.compile(r"[A-Za-z][A-Za-z.+#-]*")
RATIO = re.compile("отношени|вероятност|пропорци|масштаб|смеша|смеши|разведи|развести|разбав|концентрац|один к ")
SCREENS = frozenset({"16:9", "21:9"})
LAST_HOUR, LAST_MINUTE = 24, 59
SMALLEST_MAP = 100
SCORE = re.compile("сч[её]т|матч|выигр|проигр|побед|ничь|хокке|футбол|баскетбол|волейбол|теннис")
PART = re.compile(rf"(?<!\w)([{RUSSIAN_LETTERS}]{{2,20}}) \d{{1,6}} из \Z")
OF_THEM = re.compile(r"\s+из (?:них|этих|тех)(?!\w)")
COUNTED_BEFORE = re.compile(rf"\d ([{RUSSIAN_LETTERS}]{{2,20}})")
OF = re.compile(r"\s+из(?:\s+\d{1,6})?(?=\s)")


def _number(m: re.Match[str]) -> str | None:
    """Say an integer in the case, gender and animacy of the noun that it counts; None where these are not clear."""
    sign_word, number = sign(m), parts(m["n"])[0]
    if sign_word is None or not _an_amount(m):
        return None
    if m["to"]:
        return _range(m)
    if number in ROUND and before(m).lower() == "по":
        return cardinal(number, "d")  # по одной тысяче рублей
    spoken = _agreeing(m, number)
    return None if spoken is None else sign_word + spoken


def _an_amount(m: re.Match[str]) -> bool:
    """Whether it is an amount. Leading zeros, and four digits that count nothing (a code, a year), may be none."""
    number = m["n"]
    if number[0] == "0" and number != "0":
        return False
    if len(number) < 4 or " " in number or "," in number or counted(m.string, m.end()):
        return True
    if FROM_AN_AMOUNT.search(in_front(m)):
        return True
    return before(m).lower() in MEASURING and int(number) not in RECENT_YEARS


def _range(m: re.Match[str]) -> str | None:
    low, high = parts(m["n"])[0], parts(m["to"])[0]
    if low >= high:
        return f"{cardinal(low)} – {cardinal(high)}" if not m["sign"] and m["to"][0] != "0" else None
    last = _agreeing(m, high)
    case, noun = _reading(m, high) or (case_alone(m), None)
    if last is None or not case:
        return None
    return f"{cardinal(low, case, noun.gender if noun else 'm')} – {last}"


def _reading(m: re.Match[str], number: int) -> tuple[str, Noun] | None:
    if names_its_number(m, number):
        return None
    readings = counted(m.string, m.end())
    front = before(m)
    front = command(m) if front == "и" or front.endswith(",") else front
    has_object = takes_object(front, animate=any(noun.animate for noun in readings))
    cases = governed(m) or ("g" if _is_owned(m) else "a" if has_object else "") + ANY_CASE
    return agreement(number, cases, readings)


def _is_owned(m: re.Match[str]) -> bool:
    """Whether the number is that of things which the noun in front belongs to: цена 5 билетов, but цена 5 рублей."""
    word, front = after(m).strip(".,;:!?)»"), before(m)
    if INTO_A_LIST.search(in_front(m)):
        return False
    if word == "лет" and front.lower() in OF_AN_AGE:
        return True
    return front.isalpha() and lemma(front) in _WORDS["owning"] and lemma(word) not in MEASURES


def _of_children(m: re.Match[str]) -> str | None:
    """Say 3 детей with the number of people together: трое, троих."""
    case = "g" if governed(m)[:1] in ("g", "a") or takes_object(before(m)) else "n"
    return TOGETHER[case][int(m["n"]) - 2]


def _of_people(m: re.Match[str]) -> str | None:
    """Say 2 взрослых: a noun that is an adjective is in the genitive plural behind two."""
    alone = kind(int(m["n"])) == "few" and not governed(m) and not takes_object(before(m))
    return cardinal(int(m["n"])) if alone else None


def _agreeing(m: re.Match[str], number: int) -> str | None:
    reading = _reading(m, number)
    word = after(m).strip(".,;:!?)»")
    rank = ranking(m, number)
    if rank:
        return rank
    if reading and not (word in HOURS and before(m).lower() in PREPOSITIONS):
        case, noun = reading
        return _counting(number, case, noun)
    named = names_its_number(m, number)
    case = "n" if named else case_alone(m)
    if counted(m.string, m.end()) and word not in HOURS and not named:
        if len(governed(m)) == 1 and kind(number) == "many":
            return cardinal(number, governed(m))  # в 9 случаях из 10 это вирус
        spoken_so = lemma(word) in _WORDS["short_plural"] or (not governed(m) and is_noun(before(m)))
        return cardinal(number) if spoken_so else None
    if not case and (word in HOURS or number == 0):
        case = "g"  # с 5 утра
    if number % 10 in (1, 2) and word and (gender := gender_of_adjective(word, number, governed(m))):
        return cardinal(number, "a" if gender == "f" and word.endswith("ю") else case or "n", gender)
    unknown = SHORTENED.match(m.string, m.end()) is not None or (word and is_adjective(word))
    if not case or (number % 10 in (1, 2) and unknown):
        return None
    return cardinal(number, case, _gender_of_whole(m))


def _counting(number: int, case: str, noun: Noun) -> str | None:
    if noun.only_plural and number % 10 in (2, 3, 4) and number % 100 not in range(11, 15):
        return cardinal(number, "n" if case == "a" and not noun.animate else case, "p") if number < 5 else None
    gender = "p" if noun.only_plural and number % 10 == 1 and number % 100 != 11 else noun.gender
    return cardinal(number, case, gender, animate=_is_alive(case, noun))


def _is_alive(case: str, noun: Noun) -> bool:
    """Whether the number stands as before living beings: двух котов, одного кота, but две персоны."""
    return noun.animate and case == "a" and (noun.plural or noun.case != "g")


def _gender_of_whole(m: re.Match[str]) -> str:
    """Return the gender of the noun in 2 из 5 задач, страница 5 из 41."""
    part = PART.search(in_front(m))
    if part and is_noun(part[1]):
        return gender_of(lemma(part[1]))
    things = COUNTED_BEFORE.findall(in_front(m)) if OF_THEM.match(m.string, m.end()) else ()
    if things:
        return next((noun.gender for noun in nouns(things[-1])), "m")
    of = OF.match(m.string, m.end())
    whole = counted(m.string, of.end()) if of else ()
    return whole[0].gender if whole and whole[0].plural else "m"


def _ratio(m: re.Match[str]) -> str | None:
    """Say формат 16:9, счёт 3:1. Without such a word in front, it may be a time or a verse."""
    front = in_front(m).lower()
    left, right = int(m["left"]), parts(m["right"])[0]
    no_time = len(m["right"]) == 1 or left > LAST_HOUR or right > LAST_MINUTE
    if RATIO.search(front) or (no_time and "формат" in front):
        return f"{cardinal(left)} к {cardinal(right, 'd')}"
    if no_time and SCORE.search(front):
        return f"{cardinal(left)} – {cardinal(right)}"
    if m[0] in SCREENS or (left == 1 and right >= SMALLEST_MAP):
        return f"{cardinal(left)} к {cardinal(right, 'd')}"
    return f"{cardinal(left)} двоеточие {cardinal(right)}" if no_time else None


def _parts_of_a_mixture(m: re.Match[str]) -> str | None:
    """Say в пропорции 1:1:2."""
    numbers = [int(number) for number in m[0].split(":")]
    if not RATIO.search(in_front(m).lower()):
        return None
    return " к ".join([cardinal(numbers[0]), *(cardinal(number, "d") for number in numbers[1:])])


def _ip(m: re.Match[str]) -> str | None:
    return version(m) if all(int(part) < 256 for part in m[0].split(".")) else None


def _name(m: re.Match[str]) -> str | None:
    """Keep a number behind a Latin word, where it is part of a name: Windows 11; but витамин D 2000 МЕ."""
    unit = after(m).rstrip(".,;:!?)»")
    if before(m) == "t":
        return None
    measured = unit in UNITS and (len(unit) > 1 or not unit.isalpha())
    return m[0] if LATIN.fullmatch(before(m).lstrip('(«"')) and not measured else None


def _signed_range(m: re.Match[str]) -> str:
    """Say +3…+5."""
    case = (governed(m) or "n")[0]
    return " – ".join(SIGNS[m[f"{end}_sign"]] + cardinal(int(m[end]), case) for end in ("low", "high"))


def _at_least(m: re.Match[str]) -> str:
    """Say 18+, 100 000+."""
    return f"{cardinal(parts(m['n'])[0], (governed(m) or 'n')[0])} плюс"


FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,3}(?: \d{3}){1,3}|\d{1,7})\+", _at_least),
    rule(
        rf"(?P<low_sign>[-+−])(?P<low>\d{{1,2}}){TO}(?P<high_sign>[-+−])(?P<high>\d{{1,2}})(?! ?[°%℃])", _signed_range
    ),
    rule(r"\d{1,3}(?::\d{1,3}){2,4}", _parts_of_a_mixture),
    rule(r"(?P<left>\d{1,4}):(?P<right>\d{1,7}(?: \d{3}){0,3})", _ratio),
)
"""Rules for several numbers that belong together."""

NAMES: tuple[Rule, ...] = (rule(r"\d+(?:[.,]\d+)*+", _name),)

DOTTED_RULES: tuple[Rule, ...] = (
    rule(r"\d{1,3}(?:\.\d{1,3}){3}", _ip),
    rule(r"\d{1,4}(?:\.\d{1,4}){2,4}", version),
)

LAST_RULES: tuple[Rule, ...] = (
    (
        re.compile(rf"(?P<n>\d{{0,2}}[2-4])(?= {ADJECTIVAL}(?!\w))"),
        _of_people,
    ),
    (re.compile(r"(?P<n>[2-5])(?= (?:[а-яё]{2,15}[ыи]х )?детей(?!\w))"), _of_children),
    (
        re.compile(
            rf"{SIGN}(?P<n>\d{{1,3}}(?: \d{{3}}){{1,5}}|\d{{1,3}}(?:,\d{{3}}){{2,5}}|\d{{1,9}})"
            rf"(?:{TO}(?P<to>\d{{1,3}}(?: \d{{3}}){{1,5}}|\d{{1,9}}))?{RIGHT}"
        ),
        _number,
    ),
)
