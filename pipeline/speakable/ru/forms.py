"""Russian: numbers in words, and the forms of nouns and adjectives that stand behind them."""

from functools import lru_cache

from pipeline.speakable.numerals import words
from pipeline.speakable.ru.grammar import CASES, GENDERS, kind, nouns, parses

TAGS = {"n": "nomn", "g": "gent", "d": "datv", "a": "accs", "i": "ablt", "p": "loct"}
GENDER_TAGS = {"m": "masc", "f": "femn", "n": "neut"}


def cardinal(number: int, case: str = "n", gender: str = "m", *, animate: bool = False) -> str:
    """Return *number* in words. Zero is нуль in all cases but the nominative."""
    if number == 0 and case in "gdip":
        return {"g": "нуля", "d": "нулю", "i": "нулём", "p": "нуле"}[case]
    return words(number, "ru", case=case, gender=gender, animate=animate)


def ordinal(number: int, case: str = "n", gender: str = "m", *, plural: bool = False) -> str:
    """Return *number* as an ordinal."""
    return words(number, "ru", "ordinal", case=case, gender=gender, plural=plural, animate=False)


@lru_cache(maxsize=4096)
def inflected(word: str, case: str, *, plural: bool = False, gender: str = "m") -> str:
    """Return a form of a dictionary word. ``gender`` concerns adjectives."""
    for parse in parses(word):
        if parse.normal_form == word and parse.tag.POS in {"NOUN", "ADJF"}:
            tags = {GENDER_TAGS[gender]} if parse.tag.POS == "ADJF" and not plural else set()
            form = parse.inflect({TAGS[case], "plur" if plural else "sing"} | tags)
            if form is not None:
                return str(form.word)
    return word


def form_behind(noun: str, number: int, case: str, count: str = "") -> str:
    """Return *noun* as it stands behind *number*. ``count``: its genitive plural, if irregular."""
    case = case if number else "n"  # при нуле градусов
    how = kind(number)
    if how == "one":
        return inflected(noun, case)
    if case not in "na":
        return count if case == "g" and count else inflected(noun, case, plural=True)
    return inflected(noun, "g") if how == "few" else count or inflected(noun, "g", plural=True)


def adjective_behind(adjective: str, number: int, case: str, gender: str) -> str:
    """Return *adjective* between *number* and a noun of *gender*: два квадратных метра, but две столовые ложки."""
    case = case if number else "n"
    how = kind(number)
    if how == "one":
        case = "n" if case == "a" and gender != "f" else case  # units are inanimate
        return inflected(adjective, case, gender=gender)
    if case not in "na":
        return inflected(adjective, case, plural=True)
    return inflected(adjective, "n" if how == "few" and gender == "f" else "g", plural=True)


def gender_of(word: str) -> str:
    """Return the gender of a noun in its dictionary form."""
    readings = nouns(word)
    base = [noun for noun in readings if noun.case == "n" and not noun.plural] or readings
    return base[0].gender if base else "m"


def matching(adjective: str, noun: str, likely: str) -> str:
    """Return the case in which *adjective* stands before *noun*, the *likely* one if it may be; "" if there is none."""
    gender = gender_of(noun)
    tags = [parse.tag for parse in parses(adjective.lower()) if parse.tag.POS == "ADJF" and parse.tag.case in CASES]
    cases = [CASES[tag.case] for tag in tags if GENDERS.get(tag.gender) == gender]
    return likely if likely in cases else cases[0] if cases else ""


def gender_of_adjective(word: str, number: int, cases: str) -> str:
    """Return the gender of 1 лёгкую, 2 новые, where the noun is left out; "" where the form leaves it open."""
    tags = [parse.tag for parse in parses(word.lower()) if parse.tag.POS == "ADJF"]
    if cases or not tags or kind(number) == "many":
        return ""
    if kind(number) == "few":
        return "f" if word.endswith(("ые", "ие")) else "m" if word.endswith(("ых", "их")) else ""
    genders = {GENDERS.get(tag.gender) for tag in tags if tag.number == "sing" and tag.case in {"nomn", "accs"}}
    return str(genders.pop()) if len(genders) == 1 and None not in genders else ""
