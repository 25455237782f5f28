"""Russian: Roman numerals of centuries, of rulers, before and behind numbered nouns."""

import re

from pipeline.speakable.language import vocabulary
from pipeline.speakable.numerals import roman_value
from pipeline.speakable.rewriting import DASH, LEFT, RIGHT, before, in_front
from pipeline.speakable.ru.forms import cardinal, inflected, ordinal
from pipeline.speakable.ru.grammar import (
    ANY_CASE,
    Noun,
    agreeing,
    around,
    counted,
    governed,
    is_known,
    is_name,
    is_noun,
    lemma,
    names,
    nouns,
    takes_object,
)
from pipeline.speakable.ru.ranks import several_in_roman
from pipeline.speakable.ru.shortened import ROMAN

_WORDS = vocabulary("ru")
CENTURY = "век(?:а|у|ом|е|ов|ах|ами|ам)?|вв?\\.|столети[еяюй]|столетием|столетиях|тысячелети[еяю]"


def romans(text: str) -> str:
    """Return *text* with ordinals for the Roman numerals of centuries, of rulers and of numbered nouns."""
    text = SPAN.sub(_span, text)
    text = FIRST_OF_TWO.sub(_first_of_two, text)
    text = CENTURIES.sub(_century, text)
    text = RULER.sub(_ruler, text)
    text = NAMED.sub(_named, text)
    text = several_in_roman(text)
    text = RANKED.sub(_ranked, text)
    return LEFT_OVER.sub(_left_over, text)


def _left_over(m: re.Match[str]) -> str:
    """Say в XVIII, смерть в XIX веке as a century, too; any other numeral is said as a plain number."""
    cases = governed(m)
    if cases and LATER_CENTURY.search(around(m)):
        return ordinal(roman_value(m["n"]), "p" if cases == "ap" else cases[0])
    if cases and (noun := _named_before(m)):
        return ordinal(roman_value(m["n"]), "p" if cases == "ap" else cases[0], noun.gender)
    return cardinal(roman_value(m["n"]))


def _named_before(m: re.Match[str]) -> Noun | None:
    """Return the noun that a numeral in front has: в девятом классе, а в XI."""
    words = (word.strip(".,;:!?—–-()") for word in reversed(in_front(m).split()))
    named = next((word for word in words if word and lemma(word) in _WORDS["ranked_in_roman"]), "")
    return next(iter(nouns(named)), None) if named else None


def _span(m: re.Match[str]) -> str:
    """Say с XV по XVII век, от X до XII века."""
    if before(m).lower() not in {"с", "со", "от"}:
        return m[0]
    word, case = m["word"], {"по": "a", "до": "g", "к": "d"}[m["to"]]
    gender = "m" if word.startswith("в") else "n"
    written = inflected("век", case, plural=word == "вв.") if word.endswith(".") else word
    last = ordinal(roman_value(m["last"]), case, gender)
    return f"{ordinal(roman_value(m['first']), 'g', gender)} {m['to']} {last} {written}{_stop(m)}"


def _first_of_two(m: re.Match[str]) -> str:
    """Say the first numeral of конец XVIII – начало XIX века."""
    cases = governed(m)
    case = "p" if cases == "ap" else cases[:1] or ("g" if is_noun(before(m)) else "")
    return ordinal(roman_value(m["n"]), case) if case else m[0]


def _century(m: re.Match[str]) -> str:
    word, short = m["word"], m["word"].startswith("в") and m["word"].endswith(".")
    preposition = before(m).lower()
    if short:
        case = "p" if preposition in {"в", "во"} else (governed(m) or ("g" if preposition else "n"))[0]
    else:
        case = next((noun.case for noun in nouns(word) if noun.case in (governed(m) or noun.case)), "n")
    gender = "m" if word.startswith("в") else "n"
    dash = " и " if (m["dash"] or "").strip() == "и" else " – "
    numbers = dash.join(ordinal(roman_value(number), case, gender) for number in (m["n"], m["to"]) if number)
    written = inflected("век", case, plural=word == "вв.") if short else word
    return f"{numbers} {written}" + (_stop(m) if short else "")


def _stop(m: re.Match[str]) -> str:
    """Return the dot of a shortened word if it also ends the text."""
    return "." if m[0].endswith(".") and m.end() == len(m.string) else ""


def _ranked(m: re.Match[str]) -> str:
    """Say II квартал, на II этаже, XXII Олимпийские игры with an ordinal that agrees with the noun.

    One letter may be a name, so it counts only before the nouns of a list.
    """
    if len(m["n"]) == 1 and lemma(m["word"]) not in _WORDS["ranked_in_roman"]:
        return m[0]
    nouns_behind = agreeing(m["word"], counted(m.string, m.end("n")))
    readings = [noun for noun in nouns_behind if noun.case in (governed(m) or ANY_CASE)]
    if not readings:
        return m[0]
    return f"{_ordinal(m, readings[0])} {m['word']}"


def _ordinal(m: re.Match[str], noun: Noun) -> str:
    case = "g" if noun.case == "a" and noun.animate and noun.gender == "m" else noun.case
    return ordinal(roman_value(m["n"]), case, noun.gender, plural=noun.plural)


def _ruler(m: re.Match[str]) -> str:
    """Say Пётр I with an ordinal that agrees with the name."""
    if lemma(m["name"]) in _WORDS["named_in_roman"] or not is_name(m["name"]):
        return m[0]
    noun = _titled(m) or _name(m)
    return f"{m['name']} {_ordinal(m, noun).capitalize()}" if noun else m[0]


def _titled(m: re.Match[str]) -> Noun | None:
    """Return the noun of королева Маргрете II, which tells gender and case."""
    title = before(m)
    if lemma(title) not in _WORDS["rulers"]:
        return None
    cases = {noun.case for noun in names(m["name"])}
    readings = [noun for noun in nouns(title) if not noun.plural]
    return next((noun for noun in readings if noun.case in cases), readings[0] if readings else None)


def _name(m: re.Match[str]) -> Noun | None:
    """Return the likeliest reading of a name; of a name that is in no dictionary, a man's in the nominative."""
    if not is_known(m["name"]) and m["name"][-1] not in "аяуюеы":
        return Noun("n", False, "m", True, False)
    cases = governed(m) or ANY_CASE
    readings = sorted((noun for noun in names(m["name"]) if not noun.plural), key=lambda noun: noun.gender != "m")
    return next((noun for noun in readings if noun.case in cases), readings[0] if readings else None)


def _named(m: re.Match[str]) -> str:
    """Say глава V, в части II, группа крови III: the ordinal agrees with the noun in front."""
    if lemma(m["noun"]) not in _WORDS["named_in_roman"]:
        return m[0]
    cases = governed(m) or ("a" if takes_object(before(m)) else "") + ANY_CASE
    several = not m["numbers"].isalpha()
    readings = [noun for noun in nouns(m["noun"]) if several or not noun.plural]
    noun = next((noun for case in cases for noun in readings if noun.case == case), None)
    if noun is None:
        return m[0]
    numbers = re.sub(ROMAN, lambda n: ordinal(roman_value(n[0]), noun.case, noun.gender), m["numbers"])
    return f"{m['noun']}{m['of'] or ''} {re.sub(DASH, ' – ', numbers)}"


CENTURIES = re.compile(rf"{LEFT}(?P<n>{ROMAN})(?:(?P<dash>{DASH}|\sи\s)(?P<to>{ROMAN}))?\s(?P<word>{CENTURY})(?!\w)")
SPAN = re.compile(rf"{LEFT}(?P<first>{ROMAN}) (?P<to>по|до|к) (?P<last>{ROMAN})\s(?P<word>{CENTURY})(?!\w)")
_AND_WORDS = r"(?:\s?[–—-]\s?|,? (?:и|или|к|до|по) )(?:[а-яё]{2,10} ){1,2}"
FIRST_OF_TWO = re.compile(rf"{LEFT}(?P<n>{ROMAN})(?={_AND_WORDS}{ROMAN}\s(?:{CENTURY})(?!\w))")
RANKED = re.compile(rf"{LEFT}(?P<n>{ROMAN})\s(?P<word>[А-ЯЁа-яё][а-яё]{{2,20}})")
LATER_CENTURY = re.compile(r"(?<!\w)(?:век|столети)")
LEFT_OVER = re.compile(rf"(?<=[а-яё] )(?P<n>(?=[IVX]{{2}}){ROMAN}){RIGHT}")
RULER = re.compile(rf"(?<!\w)(?P<name>[А-ЯЁ][а-яё]{{2,20}})\s(?P<n>{ROMAN}){RIGHT}")
NAMED = re.compile(
    rf"(?<!\w)(?P<noun>[А-ЯЁа-яё][а-яё]{{2,12}})(?P<of> крови)?\s"
    rf"(?P<numbers>{ROMAN}(?:(?:{DASH}| и |, ){ROMAN}(?!\w)){{0,4}}){RIGHT}"
)
