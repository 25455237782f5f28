"""Russian: numbers that rank what stands behind them: 5 этаж, 3 и 4 этажах, 20 и 21 июля, со 2 по 5 класс."""

import re

from pipeline.languages import RUSSIAN_LETTERS
from pipeline.speakable.language import vocabulary
from pipeline.speakable.numerals import roman_value
from pipeline.speakable.rewriting import DASH, Rule, before, in_front
from pipeline.speakable.ru.amounts import MAGNITUDES, UNITS
from pipeline.speakable.ru.forms import cardinal, ordinal
from pipeline.speakable.ru.grammar import (
    ANY_CASE,
    HOURS,
    LABELS,
    NEXT,
    Noun,
    agreeing,
    agreement,
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

_WORDS = vocabulary("ru")
MOST_RANKED = 100
"""Larger numbers before a masculine noun may count it without its ending: 800 нит."""
OF_ANOTHER = re.compile(r" [а-яё]{2,20} \d{1,3} (?:сезон|том|част|тайм|раунд|раздел|глав|курс)[а-яё]{1,2}(?!\w)")
NO_NAMES = HOURS | {"факториал"}
SECOND = frozenset({"во", "со", "ко"})
"""Before 2 these stand before "второй" alone."""
NUMBERED_LABEL = re.compile(rf"\d(?:-[а-яё]{{1,3}})? [{RUSSIAN_LETTERS}]{{2,20}} \Z")
JOINED = re.compile(rf"(?P<dash>{DASH})|, | и | или ")


def ranking(m: re.Match[str], number: int) -> str | None:
    """Return the ordinal of 5 этаж, 3 вариант, на 2 месте: no number that counts stands before such a form.

    "" where both can be meant, None where the number counts.
    """
    word = NEXT.match(m.string, m.end())
    if number == 2 and before(m).lower() in SECOND:
        return _second(m, word[1] if word else "")
    if word is None or word[1] in NO_NAMES or m["to"] or not 0 < number < 1000 or word[1].istitle():
        return None
    base, cases = lemma(word[1]), governed(m)
    front = before(m)
    if names_its_number(m, number) or (front.isalpha() and is_noun(front) and NUMBERED_LABEL.search(in_front(m))):
        return _of_a_whole(m, number, word[1])
    if is_adjective(word[1]) and (ranked_so := _with_adjective(m, number, word[1])):
        return ranked_so
    ranked = base in _WORDS["ranked"]
    if not ranked and agreement(number, cases or _countable(number, word[1]), nouns(word[1])):
        few = _of_rank(m, number, word[1]) if kind(number) == "few" else None
        return _placed(number, base, cases, word[1]) or few
    return _by_its_form(m, number, word[1]) or _of_rank(m, number, word[1])


def _of_rank(m: re.Match[str], number: int, word: str) -> str | None:
    """Say обувь 38 размера, ученик 3 класса: the genitive of one behind a noun."""
    front = before(m)
    noun = next((noun for noun in nouns(word) if noun.case == "g" and not noun.plural), None)
    if noun is None or governed(m) or not (front.isalpha() and is_noun(front)):
        return None
    return ordinal(number, "g", noun.gender) if lemma(word) in _WORDS["of_rank"] else None


def _countable(number: int, word: str) -> str:
    """Return the cases in which *number* may count *word* without a preposition: 2 раз, 3 человек count nothing."""
    ranked_form = any(noun.case in "na" and not noun.plural for noun in nouns(word))
    return "na" if kind(number) == "few" and ranked_form else ANY_CASE


def _with_adjective(m: re.Match[str], number: int, adjective: str) -> str | None:
    """Say 4 рабочий день."""
    readings = agreeing(adjective, counted(m.string, m.end()))
    cases = governed(m) or "na"
    noun = next((noun for noun in readings if noun.case in cases and not noun.plural), None)
    if noun is None or kind(number) == "one" or agreement(number, cases, counted(m.string, m.end())):
        return None
    return ordinal(number, noun.case, noun.gender)


def _by_its_form(m: re.Match[str], number: int, word: str) -> str | None:
    """Return the ordinal if *word* is in the singular in a case that fits."""
    base, cases = lemma(word), governed(m)
    ranked = base in _WORDS["ranked"]
    allowed = cases or ("an" if takes_object(before(m)) else "na")
    for noun in nouns(word):
        if (
            noun.plural
            or noun.case not in allowed
            or not (ranked or noun.case not in "na" or _alone_ranks(m, base, number, word))
        ):
            continue
        if kind(number) != "one":
            return ordinal(number, noun.case, noun.gender)
        if ranked:
            return ordinal(number, noun.case, noun.gender) if _clearly(m, base) else ""
    return None


def _clearly(m: re.Match[str], base: str) -> bool:
    if OF_ANOTHER.match(m.string, m.end()):
        return True  # 1 серию 3 сезона
    if before(m).lower() == "на" or (before(m).lower() in ("в", "во") and base != "место"):
        return True
    return base in _WORDS["ranked_clearly"] or lemma(before(m)) in _WORDS["choosing"]


def _alone_ranks(m: re.Match[str], base: str, number: int, word: str) -> bool:
    """Whether a form in the nominative or the accusative is ranked: nothing else is counted so but 5 апельсин."""
    front = before(m)
    if (
        number > MOST_RANKED
        and base not in LABELS | _WORDS["placed"]
        and all(noun.gender == "m" for noun in nouns(word))
    ):
        return False
    if base in _WORDS["short_plural"] or agreement(number, _countable(number, word), nouns(word)):
        return False
    return bool(governed(m)) or takes_object(front) or not (front.isalpha() and is_noun(front))


def _second(m: re.Match[str], word: str) -> str:
    """Say во 2, со 2 классе, ко 2 этажу: before "два" stands no such preposition."""
    cases = {"во": "pa", "со": "gi", "ко": "d"}[before(m).lower()]
    for noun in nouns(word) if word else ():
        if noun.case in cases and not noun.plural:
            return ordinal(2, noun.case, noun.gender)
    return ordinal(2, cases[0])


def _placed(number: int, base: str, cases: str, word: str) -> str | None:
    """Say в 21 кабинет: behind a preposition a room is named, not counted."""
    if number == 1 and cases == "gi" and base in _WORDS["from_the_first"]:
        noun = next((noun for noun in nouns(word) if noun.case == "g" and not noun.plural), None)
        return ordinal(1, "g", noun.gender) if noun else None
    if number == 1 and cases == "ap" and word == "очередь":
        return ordinal(1, "a", "f")
    if base not in _WORDS["placed"] or not cases:
        return None
    readings = [noun for noun in nouns(word) if noun.case in cases and not noun.plural]
    noun = next((noun for case in "pagdin" for noun in readings if noun.case == case), None)
    return ordinal(number, noun.case, noun.gender) if noun and (kind(number) == "one" or noun.case == "p") else None


def _of_a_whole(m: re.Match[str], number: int, word: str) -> str | None:
    """Say 5 серию 2 сезона: the first noun has its number in front, so the second number is that of the second noun."""
    if lemma(word) not in _WORDS["ranked"] or not NUMBERED_LABEL.search(in_front(m)):
        return None
    if lemma(before(m)) not in LABELS and agreement(number, "na", nouns(word)) and kind(number) != "few":
        return None
    if all(noun.case != "g" for noun in nouns(word)):
        return _by_its_form(m, number, word)
    noun = next((noun for noun in nouns(word) if noun.case == "g" and not noun.plural), None)
    return ordinal(number, "g", noun.gender) if noun else None


def _several(m: re.Match[str]) -> str | None:
    """Say 3 и 4 этажах, 5–9 классов, 2 и 3 главы; and в 2 и 3 файлах, where they count."""
    numbers = [_value(number) for number in re.findall(r"\d+|[IVX]+", m["numbers"])]
    if numbers != sorted(set(numbers)) or lemma(before(m)) in LABELS or _is_no_noun(m["noun"]):
        return None
    noun, ranks = _noun_of(m, numbers[-1])
    if noun is None:
        return None
    said = [ordinal(number, noun.case, noun.gender) if ranks else _cardinal(number, noun) for number in numbers]
    rest = iter(said[1:])
    return said[0] + "".join(
        (" – " if join["dash"] else join[0]) + next(rest) for join in JOINED.finditer(m["numbers"])
    )


def _is_no_noun(word: str) -> bool:
    if is_adjective(word) and not is_noun(word):
        return True  # 3–4 средние картофелины
    return word in UNITS or word in MAGNITUDES or lemma(word) in _WORDS["short_plural"]


def _value(number: str) -> int:
    return int(number) if number.isdigit() else roman_value(number)


def _cardinal(number: int, noun: Noun) -> str:
    return cardinal(number, noun.case, noun.gender, animate=noun.animate and noun.case == "a")


def _noun_of(m: re.Match[str], last: int) -> tuple[Noun | None, bool]:
    """Return the reading of the noun behind several numbers, and whether they rank it rather than count it."""
    word, base = m["noun"], lemma(m["noun"])
    cases = governed(m) or ("a" if takes_object(before(m)) else "") + "nagdip"
    readings = [noun for case in cases for noun in nouns(word) if noun.case == case]
    together = " и " in m["numbers"] and " или " not in m["numbers"]
    roman = not m["numbers"][0].isdigit()
    ranked = base in _WORDS["ranked"] | _WORDS["ranked_in_pairs"] | _WORDS["ranked_in_roman"]
    counts = None if roman else agreement(last, cases, nouns(word))
    if counts is None or (together and ranked and readings):
        return (readings[0] if readings else None), True
    if base in _WORDS["schooling"] and "g" in cases and (governed(m) or is_noun(before(m))):
        return next((noun for noun in readings if noun.case == "g"), None), True
    if not together or counts[0] in "na":
        return None, False
    return counts[1], False


def _from_to(m: re.Match[str]) -> str | None:
    """Say со 2 по 5 этаж, с 3 до 5 страницы."""
    first, last, word = _value(m["first"]), _value(m["last"]), m["noun"]
    case = "a" if m["to"] == "по" else "g"
    noun = next((noun for noun in nouns(word) if noun.case == case and not noun.plural), None)
    if before(m).lower() not in {"с", "со", "от"} or noun is None or first >= last or word in HOURS:
        return None
    if lemma(word) not in _WORDS["ranked"] | _WORDS["ranked_in_pairs"] and agreement(last, case, nouns(word)):
        return None
    return f"{ordinal(first, 'g', noun.gender)} {m['to']} {ordinal(last, case, noun.gender)} {word}"


def _class(m: re.Match[str]) -> str | None:
    """Say в 7 А классе, 5 «Б» класс."""
    cases = governed(m) or ANY_CASE
    noun = next((noun for noun in nouns(m["noun"]) if noun.case in cases and not noun.plural), None)
    return f"{ordinal(int(m['n']), noun.case)} {m['letter']} {m['noun']}" if noun else None


_NOUN = r"(?P<noun>[а-яё]{2,20})(?!\w)(?!\.[а-яё])"
SEVERAL: Rule = (
    re.compile(rf"(?P<numbers>\d{{1,3}}(?:(?:{DASH}|, | и | или )\d{{1,3}}){{1,6}})(?= {_NOUN})"),
    _several,
)
SEVERAL_ROMAN = re.compile(
    rf"(?<![\w.])(?P<numbers>[IVX]{{1,6}}(?:(?:{DASH}|, | и | или )[IVX]{{1,6}}){{1,6}})(?= {_NOUN})"
)
FIRST_RULES: tuple[Rule, ...] = (
    (re.compile(rf"(?P<first>\d{{1,3}}) (?P<to>по|до) (?P<last>\d{{1,3}}) {_NOUN}"), _from_to),
    SEVERAL,
    (re.compile(r"(?P<n>\d{1,2}) ?[-«\"]?(?P<letter>[А-Е])[»\"]? (?P<noun>класс(?:а|у|ом|е)?)(?!\w)"), _class),
)


def several_in_roman(text: str) -> str:
    """Return *text* with I и II кварталы, II–III степени as ordinals."""
    return SEVERAL_ROMAN.sub(lambda m: _several(m) or m[0], text)
