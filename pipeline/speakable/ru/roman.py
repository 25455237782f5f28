"""Russian: Roman numerals of centuries, of rulers and of numbered nouns."""

import re

from pipeline.speakable.language import vocabulary
from pipeline.speakable.numerals import roman_value
from pipeline.speakable.rewriting import DASH, LEFT, RIGHT, before
from pipeline.speakable.ru.grammar import ANY_CASE, counted, governed, inflected, is_name, lemma, nouns, ordinal

_WORDS = vocabulary("ru")
CENTURY = "век(?:а|у|ом|е|ов|ах|ами|ам)?|вв?\\.|столети[еяюй]|столетием|столетиях|тысячелети[еяю]"
ROMAN_NUMBER = "(?:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3})"


def centuries(text: str) -> str:
    """Return *text* with ordinals for the Roman numerals of centuries, of rulers and of numbered nouns."""
    text = CENTURIES.sub(_century, text)
    text = RANKED.sub(_ranked, text)
    return RULER.sub(_ruler, text)


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
    return f"{numbers} {written}" + ("." if short and m.end() == len(m.string) else "")


def _ranked(m: re.Match[str]) -> str:
    """Say II квартал, во время II мировой войны with an ordinal that agrees with the noun."""
    if lemma(m["word"]) not in _WORDS["ranked_in_roman"]:
        return m[0]
    readings = [noun for noun in counted(m.string, m.end("n")) if noun.case in (governed(m) or ANY_CASE)]
    return f"{ordinal(roman_value(m['n']), readings[0].case, readings[0].gender)} {m['word']}" if readings else m[0]


def _ruler(m: re.Match[str]) -> str:
    """Say Пётр I with an ordinal that agrees with the name."""
    if not is_name(m["name"]) or not (readings := nouns(m["name"])):
        return m[0]
    spoken = ordinal(roman_value(m["n"]), readings[0].case, readings[0].gender)
    return f"{m['name']} {spoken.capitalize()}"


CENTURIES = re.compile(
    rf"{LEFT}(?P<n>{ROMAN_NUMBER})(?:(?P<dash>{DASH}|\sи\s)(?P<to>{ROMAN_NUMBER}))?\s(?P<word>{CENTURY})(?!\w)"
)
RANKED = re.compile(rf"{LEFT}(?P<n>{ROMAN_NUMBER})\s(?P<word>[а-яё]{{3,20}})")
RULER = re.compile(rf"(?<!\w)(?P<name>[А-ЯЁ][а-яё]{{2,20}})\s(?P<n>{ROMAN_NUMBER}){RIGHT}")
