"""Russian: numbers with an ending: 5-го, 90-х, 3м, 5%-ный, 10-минутный, 20-летие."""

import re
from itertools import product

from pipeline.speakable.rewriting import Rule, after, before, rule
from pipeline.speakable.ru.decimals import speak
from pipeline.speakable.ru.forms import cardinal, inflected, ordinal
from pipeline.speakable.ru.grammar import ANY_CASE, Noun, counted, governed, is_adjective, nouns, takes_object

CARDINAL_ENDINGS = {"ти": "g", "и": "g", "мя": "i", "ми": "i"}
DECADE_ENDINGS = {"е": "n", "ые": "n", "х": "g", "ых": "g"}
WHOLE_ENDINGS = {
    "й": "ый",
    "я": "ая",
    "е": "ое",
    "го": "ого",
    "му": "ому",
    "м": "ым",
    "ю": "ую",
    "х": "ых",
    "ми": "ыми",
}
"""Endings of an adjective for those that are written behind a number."""
IN_FRONT_OF_PLACES = frozenset({"в", "во", "на", "о", "об", "при", "по"})
GLUED = {1: "одно", 40: "сорока", 90: "девяносто", 100: "сто"}


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


def _glued(m: re.Match[str]) -> str | None:
    """Say 5й, 90х, and 3м where an ordinal fits the noun behind: в 38м году, на 3м этаже. 3 м alone are metres."""
    if m["ending"] != "м":
        return _ordinal(m)
    word = after(m).rstrip(".,;:!?)»")
    if word == "годам":
        return ordinal(int(m["n"]), "d", plural=True)
    readings = [noun for noun in nouns(word) if not noun.plural and noun.case in "pi"]
    noun = next((noun for noun in readings if noun.case in (governed(m) or "i")), None)
    if noun is None and before(m).lower() in {"в", "о"} and m[0][-2].isdigit() and len(m["n"]) == 2 and _no_way(word):
        return ordinal(int(m["n"]), "p")  # в 41м началась война
    return ordinal(int(m["n"]), noun.case, noun.gender) if noun else None


def _no_way(word: str) -> bool:
    """Whether *word* tells no direction, as "от" behind metres does."""
    return word not in {"от", "до", "над", "под", "ниже", "выше", "и", "за"}


def _compounds(m: re.Match[str]) -> str | None:
    """Say 30–40-минутный."""
    if not is_adjective(m["rest"]):
        return None
    return f"{cardinal(int(m['n']), 'g')} – {glued_number(int(m['to']))}{m['rest']}"


def _percent(m: re.Match[str]) -> str | None:
    """Say 5%-ный, 70%-й as one word, in the form that has this ending."""
    rest = m["rest"]
    if not rest.startswith("н"):
        feminine = any(noun.gender == "f" and not noun.plural for noun in nouns(after(m).rstrip(".,;:!?)»")))
        ending = WHOLE_ENDINGS[rest]
        ending = "ой" if rest == "й" and feminine else "ом" if rest == "м" and _in_a_place(m) else ending
        rest = f"н{ending}"
    number = m["n"]
    return (f"{speak(number)} " if "," in number else glued_number(int(number))) + "процент" + rest


def _in_a_place(m: re.Match[str]) -> bool:
    return before(m).lower() in IN_FRONT_OF_PLACES


def _with_percent(m: re.Match[str]) -> str | None:
    """Say с 5% скидкой: before a noun that agrees with a preposition, per cent are an adjective."""
    cases = governed(m)
    for noun in nouns(after(m).rstrip(".,;:!?)»")) if cases else ():
        if noun.case == "i" and "i" in cases:
            adjective = inflected("процентный", noun.case, plural=noun.plural, gender=noun.gender)
            return glued_number(int(m["n"])) + adjective
    return None


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


def glued_number(number: int) -> str:
    """Return *number* as the first half of a word: "десяти" in десятиминутный."""
    parts = [number] if number in GLUED else [number // 100 * 100, number % 100 // 10 * 10, number % 10]
    if 10 < number % 100 < 20:
        parts[1:] = [number % 100]
    return "".join(GLUED.get(part) or cardinal(part, "g") for part in parts if part)


def _minute(m: re.Match[str]) -> str:
    """Say на 89-й мин., which has no letters to agree with."""
    case = {"я": "n", "ю": "a"}.get(m["ending"]) or {"a": "p"}.get((governed(m) or "p")[0], (governed(m) or "p")[0])
    rest = m.string[m.end() :].lstrip()
    return f"{ordinal(int(m['n']), case, 'f')} {inflected('минута', case)}" + (
        "" if rest and not rest[0].isupper() else "."
    )


def _flat(m: re.Match[str]) -> str:
    """Say 2-к. кв., in the accusative behind a verb."""
    case = "a" if takes_object(before(m)) else (governed(m) or "n")[0]
    return f"{glued_number(int(m['n']))}{inflected('комнатная', case, gender='f')} {inflected('квартира', case)}"


def _floor(m: re.Match[str]) -> str:
    """Say 5 эт., на 5 эт."""
    case = "p" if before(m).lower() in IN_FRONT_OF_PLACES else (governed(m) or "n")[0]
    rest = m.string[m.end() :].lstrip()
    return f"{ordinal(int(m['n']), case)} {inflected('этаж', case)}" + ("" if rest and not rest[0].isupper() else ".")


def _compound(m: re.Match[str]) -> str | None:
    """Say 10-минутный and 20-летие as one word."""
    number = int(m["n"])
    if not 0 < number < 1000 or not (is_adjective(m["rest"]) or m["rest"].startswith("лети")):
        return None
    return glued_number(number) + m["rest"]


SHORTENED_RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,3})-?(?P<ending>й|я|ю|ой) мин\.", _minute),
    rule(r"(?P<n>[1-9])-к(?:омн)?\. ?кв\.", _flat),
    rule(r"(?P<n>\d{1,2})(?:-[ймг]о?)? эт\.", _floor),
)
"""Rules for a number before a shortened noun."""

FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,4})-?(?P<ending>й|я|е|ый|ий|ой|ая|ое|ые|го|ого|му|ому|х|ых|м(?! ?\d))(?!\w)", _glued),
    rule(
        r"(?P<n>\d{1,3}(?:,\d{1,3})?) ?%-?(?P<rest>н?(?:ый|ая|ое|ые|ого|ому|ым|ом|ой|ую|ых|ыми)|й|я|е|го|му|м|ю|х|ми)",
        _percent,
    ),
    rule(r"(?P<n>\d{1,3}) ?%", _with_percent),
)

RULES: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{1,4})-(?P<ending>[а-яё]{1,3})", _ordinal),
    rule(r"(?P<n>\d{1,3})-(?P<rest>[а-яё]{4,30})", _compound),
    rule(r"(?P<n>\d{1,3}) ?[-–—] ?(?P<to>\d{1,3})-(?:х )?(?P<rest>[а-яё]{4,30})", _compounds),
)
