"""Russian: all rules in their order."""

import re

from pipeline.speakable import numerals
from pipeline.speakable.arithmetic import Words, arithmetic
from pipeline.speakable.language import table
from pipeline.speakable.rewriting import (
    DIGIT,
    FORMULA,
    Rule,
    abbreviations,
    any_of,
    before,
    beside_a_number,
    last_words,
    rewritten,
)
from pipeline.speakable.ru import amounts, dates, grammar, numbers, roman
from pipeline.speakable.ru.decimals import NUMBER, parts, speak

_TABLE = table("ru")
ABBREVIATIONS: dict[str, str] = _TABLE["abbreviations"]
PLACES: dict[str, str] = _TABLE["places"]
LABELS: dict[str, str] = _TABLE["labels"]

LAST_WORDS = last_words(ABBREVIATIONS)
CYRILLIC_ROMAN = str.maketrans("ХІ", "XI")
LOOKS_ROMAN = re.compile(r"(?<!\w)[IVXХІ]+(?!\w)")


WRITTEN_OUT = abbreviations(ABBREVIATIONS, left=r"(?<![\w.])(?<!\d )")
PLACE = re.compile(rf"(?<![\w.])(?<!\d )({any_of(PLACES)})\s?(?=[А-ЯЁ])")
LABEL = re.compile(rf"(?<![\w.])({any_of(LABELS)})\s?(?=\d)")

SPOON = re.compile(r"(?<=[\d½⅓⅔¼¾]) ?(ч|ст)\. ?лож(?:к[аи]|ек)(?!\w)")

IN_ADDRESS = re.compile(r"(?<!\w)(?:(?:ул|д|корп|просп)\.|пр-т|дом|улиц[аеуы])(?!\w)")

_LINKS = {
    "ссылку на": ("на", "в", "во", "через", "про", "за"),
    "ссылки на": ("с", "со", "из", "от", "до", "без", "для"),
    "ссылке на": ("по", "к", "ко"),
}
_LINK_BEHIND = {word: form for form, words in _LINKS.items() for word in words}

RULES: tuple[Rule, ...] = (
    (re.compile(r"\A(?P<n>\d{1,3})[.)](?=\s+[^\W\d_])"), lambda m: f"{grammar.cardinal(int(m['n']))}."),
    FORMULA,
    *dates.FIRST_RULES,
    *amounts.FIRST_RULES,
    *numbers.FIRST_RULES,
    (re.compile(rf"{NUMBER}(?:{amounts.TO}{NUMBER})?\S*"), beside_a_number),
    *numbers.RULES,
    *dates.RULES,
    *amounts.RULES,
    *numbers.LAST_RULES,
)


def _percent(number: str) -> str:
    whole, decimals = parts(number)
    percent = grammar.inflected("процент", "g") if decimals else grammar.form_behind("процент", whole, "n")
    return f"{speak(number)} {percent}"


SUMS = arithmetic(
    Words(
        table=_TABLE,
        pattern=r"\d{1,15}(?:[.,]\d{1,15})?",
        value=lambda number: float(number.replace(",", ".")),
        number=speak,
        percent=_percent,
        flag=amounts.may_be_a_command,
    ),
    amounts.UNITS,
)


def available() -> bool:
    """Return whether num2words, pymorphy3 and its dictionary are installed, and import them."""
    return numerals.available() and grammar.available()


def number(written: str, case: str = "n") -> str:
    """Return a number of a formula in words, or as it is where a package is missing."""
    plain = written.isascii() and (written == "0" or written[0] != "0" or written[1:2] in {".", ","})
    return speak(written, case) if plain and available() else written


def may_change(text: str) -> bool:
    """Return whether *text* may have a Roman numeral beside a Russian word."""
    return not text.isascii() and LOOKS_ROMAN.search(text) is not None


def spoken(text: str) -> str:
    """Return *text* with abbreviations written out and, if num2words and pymorphy3 are installed, numbers in words."""
    able = available()
    if able and ("." in text or "№" in text or "§" in text or "-" in text):
        text = LABEL.sub(lambda m: _cased(m, LABELS), text)
        text = PLACE.sub(lambda m: _cased(m, PLACES), text)
    if able and LOOKS_ROMAN.search(text):
        text = LOOKS_ROMAN.sub(lambda m: m[0].translate(CYRILLIC_ROMAN), text)
        text = roman.centuries(text)
    if able and DIGIT.search(text):
        text = rewritten(SUMS(SPOON.sub(r" \1. л", text)), RULES)
    return WRITTEN_OUT(text) if "." in text else text


def _cased(m: re.Match[str], nouns: dict[str, str]) -> str:
    """Return the noun in the case that the word in front asks for: "странице" in на стр. 5."""
    cases = grammar.governed(m)
    word = before(m).lower()
    case = "a" if word in {"см.", "смотри", "смотрите"} else "p" if cases == "ap" else cases[:1] or "n"
    case = {"по": "d", "под": "i", "за": "i"}.get(word, case)
    noun = "строение" if m[1] == "стр." and IN_ADDRESS.search(m.string, 0, m.start()) else nouns[m[1]]
    return f"{grammar.inflected(noun, case, plural=m[1] in {'№№', '§§'})} "


def link_word(before: str) -> str:
    """Return "ссылка на" in the case that the last word of *before* asks for."""
    words = before.lower().split()
    if not words or not before[-1].isspace():
        return "ссылка на"
    if grammar.available() and grammar.takes_object(words[-1]):
        return "ссылку на"
    return _LINK_BEHIND.get(words[-1], "ссылка на")
