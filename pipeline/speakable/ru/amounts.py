"""Russian: amounts with units and money, decimals, fractions."""

import re
from typing import Any

from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import (
    DASH,
    LIKE_A_DATE,
    SIGN,
    Rule,
    after,
    any_of,
    before,
    in_front,
    rule,
    sign_in_words,
)
from pipeline.speakable.ru.decimals import NUMBER, parts, speak
from pipeline.speakable.ru.forms import adjective_behind, cardinal, form_behind, gender_of, inflected
from pipeline.speakable.ru.grammar import (
    LABELS,
    PREPOSITIONS,
    agreement,
    around,
    case_alone,
    counted,
    governed,
    kind,
    lemma,
    nouns,
)

_TABLE = table("ru")
_WORDS = vocabulary("ru")
UNITS: dict[str, dict[str, Any]] = _TABLE["units"]
MAGNITUDES: dict[str, str] = _TABLE["magnitudes"]

SIGNS = {"-": "минус ", "−": "минус ", "+": "плюс ", "±": "плюс-минус ", "~": "примерно ", "≈": "примерно ", "": ""}

PER = {
    "мес": "в месяц", "год": "в год", "нед": "в неделю", "день": "в день", "сут": "в сутки", "сутки": "в сутки",
    "неделю": "в неделю", "месяц": "в месяц", "час": "в час", "ч": "в час", "мин": "в минуту", "сек": "в секунду",
    "с": "в секунду",
}  # fmt: skip
ELECTRIC = re.compile(
    "ток|автомат|розетк|заряд|блок|предохран|ампер|адаптер|батаре|аккум|электр|[Вв]ольт|\\d ?Вт?(?!\\w)", re.IGNORECASE
)
DISSOLVED = re.compile(
    r"(?:раствор|развед|развест|развод|замоч|замач|кипят|вар[ия])[а-яё]{0,8}(?: [а-яё]{1,15})? в \Z", re.IGNORECASE
)
LETTERED = _WORDS["numbered"] | {"школа", "палата", "трамвай", "троллейбус", "электричка", "строение", "подъезд"}
ROUND = frozenset({1_000, 1_000_000, 1_000_000_000})
TIMES = {"noun": "раз", "count": "раз"}
ONE_AND_A_HALF = (1, "5")


def sign(m: re.Match[str]) -> str | None:
    """Return the sign in words; None where it may be no sign."""
    return sign_in_words(m, SIGNS, may_be_a_command)


def may_be_a_command(word: str) -> bool:
    """Return whether a hyphen and a number behind *word* may be a flag of a command."""
    return word[-1:].isalnum() and word.isascii() and not word.lstrip("+-").isdigit()


def _amount(m: re.Match[str]) -> str | None:
    """Say a number with a magnitude, a unit or a currency, in the case that the word in front asks for."""
    groups = m.groupdict()
    unit, size = groups.get("unit"), groups.get("size")
    row = UNITS[unit] if unit else {}
    case = str(row.get("case") or _case(m) or "i")
    sign_word = sign(m)
    if sign_word is None or not unit_is_sure(m, row):
        return None
    whole, hundredths = parts(m["n"])
    if len(hundredths) == 2 and not size and not m["to"] and "hundredth" in row:
        return sign_word + _money(whole, int(hundredths), row, case) + closing_dot(m)
    if not size and _is_each_round(m):
        return f"{_each_round(parts(m['n'])[0], row)}{closing_dot(m)}"
    return sign_word + _measured(m, row, case) + ("" if groups.get("per") else closing_dot(m))


def _measured(m: re.Match[str], row: dict[str, Any], case: str) -> str:
    """Return the number or the range, its magnitude and its unit."""
    groups = m.groupdict()
    size = groups.get("size")
    last = m["to"] or m["n"]
    last = "2" if parts(last) == ONE_AND_A_HALF else last
    head = MAGNITUDES[size] if size else str(row["noun"])
    gender = gender_of(head)
    if head == "человек" and case == "a" and kind(parts(last)[0]) != "many":
        case = "g"  # на двух человек
    numbers = _measuring(m["n"], case, gender)
    if m["to"]:
        numbers += f" – {SIGNS[m['to_sign'] or '']}{_measuring(m['to'], case, gender)}"
    words = [numbers, *unit_forms(last, head, case, row if not size else {})]
    if size and row:
        words += unit_forms("5", str(row["noun"]), "n", row)
    return " ".join(words)


def _is_each_round(m: re.Match[str]) -> bool:
    number, decimals = parts(m["n"])
    return number in ROUND and not decimals and not m["to"] and before(m).lower() == "по"


def _each_round(number: int, row: dict[str, Any]) -> str:
    """Say по 1000 ₽: one thousand has the dative of one."""
    return " ".join([cardinal(number, "d"), *unit_forms("5", str(row["noun"]), "n", row)])


def _case(m: re.Match[str]) -> str:
    """Return the case by the word in front. По asks for the dative of one, and for the accusative of more."""
    each = before(m).lower() == "по" and not m["to"] and not parts(m["n"])[1] and kind(parts(m["n"])[0]) == "one"
    unit = m.groupdict().get("unit")
    goods = unit is not None and "hundredth" not in UNITS[unit]
    if goods and not governed(m) and lemma(before(m)) in _WORDS["owning"]:
        return "g"  # цена 2 кг яблок
    if DISSOLVED.search(in_front(m)):
        return "p"  # растворить в 30 мл воды
    return "d" if each else case_alone(m)


def _measuring(number: str, case: str, gender: str) -> str:
    """Return *number* as it stands before a unit. One and a half has words of its own."""
    if parts(number) != ONE_AND_A_HALF:
        return speak(number, case, gender)
    return "полутора" if case not in "na" else "полторы" if gender == "f" else "полтора"


def _amount_per(m: re.Match[str]) -> str | None:
    amount = _amount(m)
    if amount is None or not m["per"]:
        return amount
    if m["and_per"]:
        each = unit_forms("1", str(UNITS[m["per"]]["noun"]), "a", UNITS[m["per"]]) if m["per"] in UNITS else []
        return " ".join([amount, "на", *each, PER[m["and_per"]]]) if each else None
    money = "hundredth" in UNITS[m["unit"]]
    if not m["many"] and (m["per"] in PER or (money and m["per"] == "чел")):
        return f"{amount} {PER.get(m['per'], 'с человека')}"
    row = UNITS.get(m["per"], {})
    if row.get("noun") in {None, UNITS[m["unit"]]["noun"]} or "hundredth" in row:
        return None
    many = cardinal(int(m["many"]), "a", gender_of(str(row["noun"]))) if m["many"] else ""
    return " ".join([amount, "за" if money else "на", many, *unit_forms(m["many"] or "1", str(row["noun"]), "a", row)])


def _times(m: re.Match[str]) -> str:
    """Say 2 р. в день, where so few are not roubles."""
    case = case_alone(m) or "n"
    numbers = " – ".join(cardinal(int(number), case) for number in (m["n"], m["to"]) if number)
    return " ".join([numbers, *unit_forms(m["to"] or m["n"], "раз", case, TIMES)])


def _times_per(m: re.Match[str]) -> str:
    """Say 2 р/д, 1 р/сут., 3 раза/день."""
    per = PER.get(m["per"], "в день")
    rest = m.string[m.end() :].lstrip()
    dot = "." if m["dot"] and (not rest or rest[0].isupper()) else ""
    return f"{_times(m)} {per}{dot}"


def unit_forms(number: str, noun: str, case: str, row: dict[str, Any]) -> list[str]:
    """Return the words of a unit behind *number*: adjective, noun, tail."""
    whole, decimals = parts(number)
    adjective, gender = str(row.get("adjective", "")), gender_of(noun)
    if decimals:
        forms = [inflected(adjective, "g", gender=gender), inflected(noun, "g")]
    else:
        form = form_behind(noun, whole, case, row.get("count", ""))
        forms = [adjective_behind(adjective, whole, case, gender) if adjective else "", form]
    return [form for form in (*forms, row.get("tail", "")) if form]


def _money(whole: int, hundredths: int, row: dict[str, Any], case: str) -> str:
    words = []
    for number, noun in ((whole, row["noun"]), (hundredths, row["hundredth"])):
        if number or (noun == row["noun"] and not hundredths):
            words += [cardinal(number, case, gender_of(noun)), form_behind(noun, number, case)]
    return " ".join(words)


def unit_is_sure(m: re.Match[str], row: dict[str, Any]) -> bool:
    """Whether the unit is certainly one. A letter that is also a preposition must stand last; some need their dot."""
    if row.get("last") and after(m) and after(m) not in PREPOSITIONS:
        return False  # 5 с половиной, but отдых 60 с между подходами
    if row and len(m["unit"]) == 1 and m["unit"].isalpha() and not _is_no_name(m, row):
        return False
    if row.get("noun") == "процент" and governed(m) and _not_a_share(after(m)):
        return False
    return not row.get("dotted") or bool(m["dot"])


def _is_no_name(m: re.Match[str], row: dict[str, Any]) -> bool:
    """Whether a letter behind a number is a unit, and no part of a name: дом 16 А, 5 В класс, поезд 752А."""
    glued = m.string[m.end("unit") - 2 : m.end("unit") - 1].isdigit()
    if (glued or m["unit"].isupper()) and (lemma(before(m)) in LETTERED or after(m).startswith("класс")):
        return False
    return not (row.get("letter") and glued) or ELECTRIC.search(around(m)) is not None


def _not_a_share(word: str) -> bool:
    """Whether the per cent are not a share of *word*: с 5% скидкой is said with an adjective."""
    readings = nouns(word.strip(".,;:!?»)"))
    return bool(readings) and readings[0].case == "i"


def closing_dot(m: re.Match[str]) -> str:
    """Return the dot of a unit if it also ends the sentence: the voice falls at it."""
    if not m.groupdict().get("dot"):
        return ""
    rest = m.string[m.end() :].lstrip()
    return "." if not rest or (rest[0].isupper() and not rest.startswith("США")) else ""


def _decimal(m: re.Match[str]) -> str | None:
    sign_word = sign(m)
    if sign_word is None or (m["n"][0] == "0" and m["n"][1] != ","):
        return None
    case = (governed(m) or "n")[0]
    if parts(m["n"]) == ONE_AND_A_HALF and (fit := agreement(2, governed(m) or "na", counted(m.string, m.end()))):
        return sign_word + _measuring(m["n"], fit[0], fit[1].gender)
    return sign_word + speak(m["n"], case if case in "ngda" else "n")


def _decimal_range(m: re.Match[str]) -> str | None:
    """Say 1–1,5 часа, where the noun agrees with the last number."""
    decimals = parts(m["to"])[1]
    last = agreement(2 if decimals else int(m["to"]), governed(m) or "na", counted(m.string, m.end()))
    if last is None or "," not in m[0]:
        return None
    case, gender = last[0], last[1].gender
    return f"{_measuring(m['n'], case, gender)} – {_measuring(m['to'], case, gender)}"


def _dotted(m: re.Match[str]) -> str | None:
    """Say 2.5 as a decimal before a noun in the genitive, else as a version or a chapter."""
    word = re.match("[а-яё]+", after(m))
    if lemma(before(m)) in LABELS:
        return version(m)
    if word and any(noun.case == "g" for noun in nouns(word[0])):
        return speak(m[0], (governed(m) or "n")[0])
    return version(m)


def version(m: re.Match[str]) -> str | None:
    """Say 3.11.2 as три точка одиннадцать точка два. A number that ends in a year is a date that does not exist."""
    return None if LIKE_A_DATE.fullmatch(m[0]) else " точка ".join(_version_part(part) for part in m[0].split("."))


def _version_part(part: str) -> str:
    zeros = len(part) - len(part.lstrip("0")) if part.strip("0") else len(part) - 1
    return "ноль " * zeros + cardinal(int(part))


TO = r"(?:\s?[-–−]\s?|—|\s—\s(?=\d[\d ,]{0,9}\s?[а-яё%₽°])|…|\.{3})"
"""Joins the ends of a range."""
_N = rf"(?P<n>{NUMBER})(?:{TO}(?P<to_sign>(?<=[….])[-−+])?(?P<to>{NUMBER}))?"
_SIZE = rf"(?P<size>{any_of(MAGNITUDES)})"
_DOT = r"(?P<dot>\.(?!\s?[дпте]\.))?"
_COUNTED = any_of(unit for unit in PER | UNITS if unit not in "$€£¥")
_AND_PER = rf"(?:/(?P<and_per>{any_of(PER)})(?!\w))?"
_PER = rf"(?:/(?:(?P<many>\d{{1,4}}) ?)?(?P<per>{_COUNTED})(?!\w){_AND_PER}(?:\.(?=[,;]| [а-яё\d+(—–-]))?)?"
_CURRENCY = "(?P<unit>[$€£¥₽])"

UNIT_BEHIND = re.compile(rf"\s(?:{any_of(UNITS)})(?!\w)")
MEASURED = rf"(?:\s(?P<unit>{any_of(UNITS)})(?!\w){_DOT})?"

RULES: tuple[Rule, ...] = (
    (
        re.compile(
            rf"(?P<n>\d{{1,2}})(?:{DASH}(?P<to>\d{{1,2}}))? ?(?:р\.?|раза?)/"
            r"(?P<per>день|дн|д|сутки|сут|нед|неделю|мес|год|час)(?!\w)(?P<dot>\.(?!\w))?"
        ),
        _times_per,
    ),
    (re.compile(rf"(?P<n>[1-4])(?:{DASH}(?P<to>[1-4]))? ?р\.(?= в (?:день|сутки|неделю|месяц|год)(?!\w))"), _times),
    rule(rf"{SIGN}{_CURRENCY}\s?{_N}(?:\s?{_SIZE}{_DOT})?", _amount),
    rule(rf"{SIGN}{_N}\s?(?:{_SIZE}\.?\s?)?(?P<unit>{any_of(UNITS)}){_DOT}{_PER}", _amount_per),
    rule(rf"{SIGN}{_N}\s?{_SIZE}{_DOT}", _amount),
    rule(rf"{SIGN}(?P<n>(?:\d{{1,3}}(?: \d{{3}}){{1,5}}|\d{{1,9}}),\d{{1,9}})", _decimal),
    rule(rf"(?P<n>\d{{1,3}}(?:,\d)?){TO}(?P<to>\d{{1,3}}(?:,\d)?)", _decimal_range),
    rule(r"\d{1,4}\.\d{1,4}", _dotted),
)
