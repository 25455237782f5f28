"""Russian: whole numbers alone or before a noun, ordinals, compounds, ratios, phone numbers."""

import re
from itertools import product

from pipeline.languages import RUSSIAN_LETTERS
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import RIGHT, SIGN, Rule, after, before, in_front, rule
from pipeline.speakable.ru.amounts import TO, sign, version
from pipeline.speakable.ru.decimals import parts
from pipeline.speakable.ru.grammar import (
    ANY_CASE,
    HOURS,
    LABELS,
    NEXT,
    PREPOSITIONS,
    SHORTENED,
    Noun,
    agreement,
    cardinal,
    case_alone,
    counted,
    gender_of,
    governed,
    is_adjective,
    is_noun,
    kind,
    lemma,
    nouns,
    ordinal,
    takes_object,
)

_WORDS = vocabulary("ru")
CARDINAL_ENDINGS = {"ти": "g", "и": "g", "мя": "i", "ми": "i"}
DECADE_ENDINGS = {"е": "n", "ые": "n", "х": "g", "ых": "g"}
GLUED = {1: "одно", 40: "сорока", 90: "девяносто", 100: "сто"}
LATIN = re.compile(r"[A-Za-z][A-Za-z.+#-]*")
RATIO = re.compile("соотношени|пропорци|масштаб")
SCORE = re.compile("сч[её]т|матч|выигр|проигр|побед|вничью")
PART = re.compile(rf"(?<!\w)([{RUSSIAN_LETTERS}]{{2,20}}) \d{{1,6}} из \Z")
OF = re.compile(r"\s+из(?:\s+\d{1,6})?(?=\s)")


def _number(m: re.Match[str]) -> str | None:
    """Say an integer in the case, gender and animacy of the noun that it counts; None where these are not clear."""
    sign_word, number = sign(m), parts(m["n"])[0]
    if sign_word is None or not _an_amount(m):
        return None
    if m["to"]:
        return _range(m)
    spoken = _agreeing(m, number)
    return None if spoken is None else sign_word + spoken


def _an_amount(m: re.Match[str]) -> bool:
    """Whether it is an amount. Leading zeros, and four digits that count nothing (a code, a year), may be none."""
    number = m["n"]
    if number[0] == "0" and number != "0":
        return False
    return len(number) < 4 or " " in number or "," in number or bool(counted(m.string, m.end()))


def _range(m: re.Match[str]) -> str | None:
    low, high = parts(m["n"])[0], parts(m["to"])[0]
    if low >= high:
        return None
    last = _agreeing(m, high)
    case, noun = _reading(m, high) or (case_alone(m), None)
    if last is None or not case:
        return None
    return f"{cardinal(low, case, noun.gender if noun else 'm')} – {last}"


def _reading(m: re.Match[str], number: int) -> tuple[str, Noun] | None:
    if lemma(before(m)) in LABELS:
        return None
    readings = counted(m.string, m.end())
    has_object = takes_object(before(m), animate=any(noun.animate for noun in readings))
    return agreement(number, governed(m) or ("a" if has_object else "") + ANY_CASE, readings)


def _agreeing(m: re.Match[str], number: int) -> str | None:
    reading = _reading(m, number)
    word = after(m).strip(".,;:!?)»")
    rank = _ranking(m, number)
    if rank is not None:
        return rank or None
    if reading and not (word in HOURS and before(m).lower() in PREPOSITIONS):
        case, noun = reading
        return _counting(number, case, noun)
    case = "n" if lemma(before(m)) in LABELS else case_alone(m)
    if counted(m.string, m.end()) and word not in HOURS and lemma(before(m)) not in LABELS:
        return cardinal(number) if not governed(m) and is_noun(before(m)) else None
    if not case and word in HOURS:
        case = "g"  # с 5 утра
    unknown = SHORTENED.match(m.string, m.end()) is not None or (word and is_adjective(word))
    if not case or (number % 10 in (1, 2) and unknown):
        return None
    return cardinal(number, case, _gender_of_whole(m))


def _ranking(m: re.Match[str], number: int) -> str | None:
    """Return the ordinal of 5 этаж, на 2 месте: no number that counts stands before such a form.

    "" where both can be meant, None where the number counts.
    """
    word = NEXT.match(m.string, m.end())
    if word is None or word[1] in HOURS or m["to"] or not 0 < number < 100 or lemma(before(m)) in LABELS:
        return None
    ranked, cases = lemma(word[1]) in _WORDS["ranked"], governed(m)
    if not ranked and agreement(number, cases or ANY_CASE, nouns(word[1])):
        return None  # на 4 порции
    for noun in nouns(word[1]):
        if noun.plural or noun.case not in (cases or "na") or (noun.case in "na" and not ranked):
            continue
        if kind(number) != "one":
            return ordinal(number, noun.case, noun.gender)
        if ranked:
            return ordinal(number, noun.case, noun.gender) if lemma(word[1]) in _WORDS["ranked_clearly"] else ""
    return None


def _counting(number: int, case: str, noun: Noun) -> str | None:
    if noun.only_plural and number % 10 in (2, 3, 4) and number % 100 not in range(11, 15):
        return cardinal(number, "n" if case == "a" and not noun.animate else case, "p") if number < 5 else None
    gender = "p" if noun.only_plural and number % 10 == 1 and number % 100 != 11 else noun.gender
    return cardinal(number, case, gender, animate=noun.animate and case == "a")


def _gender_of_whole(m: re.Match[str]) -> str:
    """Return the gender of the noun in 2 из 5 задач, страница 5 из 41."""
    part = PART.search(in_front(m))
    if part and is_noun(part[1]):
        return gender_of(lemma(part[1]))
    of = OF.match(m.string, m.end())
    whole = counted(m.string, of.end()) if of else ()
    return whole[0].gender if whole and whole[0].plural else "m"


def _ordinal(m: re.Match[str]) -> str | None:
    """Say 5-го, 2-я, 90-х in the form that has this ending and agrees with the noun behind."""
    number, ending = int(m["n"]), m["ending"].lower()
    readings = counted(m.string, m.end())
    allowed = governed(m)
    if (case := _cardinal_ending(number, ending, readings)) is not None:
        return cardinal(number, case)
    for noun in readings:
        spoken = ordinal(number, noun.case, noun.gender, plural=noun.plural)
        if noun.case in (allowed or ANY_CASE) and spoken.endswith(ending):
            return spoken
    return _ordinal_alone(number, ending, allowed)


def _cardinal_ending(number: int, ending: str, readings: tuple[Noun, ...]) -> str | None:
    """Return the case of 5-ти, 2-х, 3-м, 2-мя: cardinals that are written like ordinals."""
    if ending in CARDINAL_ENDINGS:
        case = CARDINAL_ENDINGS[ending]
        return case if cardinal(number, case).endswith(ending) else None
    if number not in (2, 3, 4):
        return None
    if ending == "х":
        return "g"
    return "d" if ending == "м" and any(noun.plural and noun.case == "d" for noun in readings) else None


def _ordinal_alone(number: int, ending: str, allowed: str) -> str | None:
    """Return an ordinal without a noun, if the preposition allows only one word with this ending."""
    if number % 10 == 0 and number >= 20 and ending in DECADE_ENDINGS:
        return ordinal(number, DECADE_ENDINGS[ending], plural=True)
    cases = allowed or ("nadgip" if ending in {"го", "му", "ого", "ому", "его", "ему"} else "na")
    forms = {ordinal(number, case, gender) for case, gender in product(cases, "mnf")}
    fitting = {form for form in forms if form.endswith(ending)}
    return fitting.pop() if len(fitting) == 1 else None


def _compound(m: re.Match[str]) -> str | None:
    """Say 10-минутный and 20-летие as one word."""
    number = int(m["n"])
    if not 0 < number < 1000 or not (is_adjective(m["rest"]) or m["rest"].startswith("лети")):
        return None
    parts_ = [number] if number in GLUED else [number // 100 * 100, number % 100 // 10 * 10, number % 10]
    if 10 < number % 100 < 20:
        parts_[1:] = [number % 100]
    return "".join(GLUED.get(part) or cardinal(part, "g") for part in parts_ if part) + m["rest"]


def _ratio(m: re.Match[str]) -> str | None:
    """Say формат 16:9, счёт 3:1. Without such a word in front, it may be a time or a verse."""
    front = in_front(m).lower()
    left, right = int(m["left"]), parts(m["right"])[0]
    no_time = len(m["right"]) == 1
    if RATIO.search(front) or (no_time and "формат" in front):
        return f"{cardinal(left)} к {cardinal(right, 'd')}"
    return f"{cardinal(left)} – {cardinal(right)}" if no_time and SCORE.search(front) else None


def _phone(m: re.Match[str]) -> str | None:
    digits = re.findall(r"\d+", m[0])
    if not m[0].startswith("+") and len("".join(digits)) != 11:
        return None
    plus = "плюс " if m[0].startswith("+") else ""
    return plus + ", ".join(map(_group, digits))


def _group(digits: str) -> str:
    if len(digits) > 3:
        return f"{_group(digits[:2])} {_group(digits[2:])}"
    zeros = len(digits) - len(digits.lstrip("0"))
    rest = digits[zeros:]
    return " ".join(["ноль"] * zeros + ([cardinal(int(rest))] if rest else []))


def _ip(m: re.Match[str]) -> str | None:
    return version(m) if all(int(part) < 256 for part in m[0].split(".")) else None


def _name(m: re.Match[str]) -> str | None:
    """Keep a number behind a Latin word, where it is part of a name: Windows 11."""
    return m[0] if LATIN.fullmatch(before(m).lstrip('(«"')) else None


FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<left>\d{1,4}):(?P<right>\d{1,3}(?: \d{3})*)", _ratio),
    rule(r"(?:\+\d{1,3}|8)[ -]?(?:\(\d{3,4}\)|\d{3,4})(?:[ -]?\d{2,4}){2,4}", _phone),
)
"""Rules for several numbers that belong together."""

RULES: tuple[Rule, ...] = (
    rule(r"\d+(?:[.,]\d+)*+", _name),
    rule(r"\d{1,3}(?:\.\d{1,3}){3}", _ip),
    rule(r"\d{1,4}(?:\.\d{1,4}){2,4}", version),
)

LAST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,4})-(?P<ending>[а-яё]{1,3})", _ordinal),
    rule(r"(?P<n>\d{1,3})-(?P<rest>[а-яё]{4,30})", _compound),
    (
        re.compile(
            rf"{SIGN}(?P<n>\d{{1,3}}(?: \d{{3}}){{1,5}}|\d{{1,3}}(?:,\d{{3}}){{2,5}}|\d{{1,9}})"
            rf"(?:{TO}(?P<to>\d{{1,3}}(?: \d{{3}}){{1,5}}|\d{{1,9}}))?{RIGHT}"
        ),
        _number,
    ),
)
