"""Russian: all rules in their order."""

import re

from pipeline.speakable import numerals
from pipeline.speakable.arithmetic import Words, arithmetic
from pipeline.speakable.language import table
from pipeline.speakable.rewriting import (
    DASH,
    DIGIT,
    FORMULA,
    Rule,
    abbreviations,
    before,
    beside_a_number,
    in_formula,
    in_front,
    last_words,
    rewritten,
)
from pipeline.speakable.ru import (
    amounts,
    codes,
    dates,
    forms,
    grammar,
    notation,
    numbers,
    ordinals,
    ranks,
    roman,
    slashes,
    times,
    weekdays,
    years,
)
from pipeline.speakable.ru.decimals import NUMBER, parts, speak
from pipeline.speakable.ru.shortened import shortened

_TABLE = table("ru")
ABBREVIATIONS: dict[str, str] = _TABLE["abbreviations"]

WRITTEN_OUT = abbreviations(ABBREVIATIONS, left=r"(?<![\w.])(?<!\d )")
LAST_WORDS = last_words(ABBREVIATIONS)
DASHES = frozenset("-−")
COMPARING = frozenset("=≈~><≥≤")
CYRILLIC_ROMAN = str.maketrans("ХІ", "XI")
LOOKS_ROMAN = re.compile(r"(?<!\w)[IVXХІ]+(?!\w)")
LOOKS_SHORTENED = re.compile(
    r"(?<!\w)(?:[Дд]-р|[Гг]-(?:н|ж)|пр-|р-н|б-р|мкр|(?:мин|[Кк]ол)-во|[иу]н-т|б-ка|[\u2160-\u217f])|[\u2160-\u217f]"
)


PERCENT_OF = re.compile(r"(?<![\w.,])(?P<n>\d{1,3}(?:,\d{1,2})?) ?% от (?P<of>\d{1,9}(?:,\d{1,2})?) (?==)")
SPOON = re.compile(r"(?<=[\d½⅓⅔¼¾]) ?(ч|ст)\. ?лож(?:к[аи]|ек)(?!\w)")

_LINKS = {
    "ссылку на": ("на", "в", "во", "через", "про", "за"),
    "ссылки на": ("с", "со", "из", "от", "до", "без", "для"),
    "ссылке на": ("по", "к", "ко"),
}
_LINK_BEHIND = {word: form for form, words in _LINKS.items() for word in words}


def _formula(m: re.Match[str]) -> str | None:
    """Keep a number beside an operator, but not 1 таблетка = 500 мг, where something is measured."""
    if before(m) in COMPARING and (
        amounts.UNIT_BEHIND.match(m.string, m.end()) or m[0].rstrip(".,;:!?)»")[-1] in "%₽$€"
    ):
        return None
    if before(m) in DASHES and dates.MONTH_BEHIND.match(m.string, m.end()):
        return None  # 6 мая 1868 - 17 июля 1918
    return in_formula(m)


def _is_behind_a_name(m: re.Match[str]) -> bool:
    words = in_front(m).split()[-2:]
    return len(words) == 2 and words[1].isdigit() and grammar.lemma(words[0]) in grammar.LABELS


def _in_a_row(m: re.Match[str]) -> str | None:
    """Keep numbers in a row, but not those of a list with commas."""
    left = before(m)
    if m[0][-1] in ",;:!?)»" or m[0][-1].isalpha() or (left[-1:].isdigit() and left[:1].isalpha()):
        return None  # витамин B6 10 мг
    if m[0].isdigit() and (grammar.lemma(left) in grammar.LABELS or _is_behind_a_name(m)):
        return None  # на уровне 5 3 босса
    return beside_a_number(m)


PARTS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("", ((re.compile(r"\A(?P<n>\d{1,3})[.)](?=\s+[^\W\d_])"), lambda m: f"{forms.cardinal(int(m['n']))}."),)),
    (r"\d{4}|\d[ -]\d|0\d|[+(]\d|8\.\d", codes.FIRST_RULES),
    (r"[/½⅓⅔¼¾×]|\d\s?[xхXХ]", slashes.FIRST_RULES),
    (r"\d [-–] \d", ((re.compile(r"\d{1,9}(?: [-–] \d{1,9}){2,}"), lambda m: m[0]),)),  # no range, maybe a score
    ("", ((FORMULA[0], _formula),)),
    (r"\d[./-]\d", dates.DOTTED_RULES),
    (r"н\. ?э|нашей эры", years.ERA_RULES),
    (r"\d [лг]\.", years.AGE_RULES),
    ("[а-яА-Я]", dates.FIRST_RULES),
    (r"\d{4}|гг", years.FIRST_RULES),
    (r"(?:эт|мин|кв)\.", ordinals.SHORTENED_RULES),
    (r"\d ?%|\d-?[а-я]", ordinals.FIRST_RULES),
    (rf"\d(?:,| по| до| и| или|{DASH}) ?\d|[А-Е]", ranks.FIRST_RULES),
    (r"[+:…]|\.{3}", numbers.FIRST_RULES),
    ("", ((re.compile(rf"{NUMBER}(?:{amounts.TO}{NUMBER})?\S*"), _in_a_row),)),
    ("[A-Za-z]", numbers.NAMES),
    (r"\.\d", numbers.DOTTED_RULES),
    (r"\d{3}|век", years.RULES),
    (r"\d:\d", (times.PACE, times.WITH_SECONDS, times.WITH_COLON)),
    (r"\d-\d[05]", (times.HYPHENED,)),
    ("", amounts.RULES),
    (r"\d-[а-я]", ordinals.RULES),
    ("", numbers.LAST_RULES),
    (r"\d-\d{1,3}-\d", codes.HYPHENED_RULES),
    (r"0\d", codes.LAST_RULES),
)
"""The rules in their order, each group behind a pattern of what a text must have for them."""
NEEDS = tuple((re.compile(need), rules) for need, rules in PARTS)


def _percent(number: str) -> str:
    whole, decimals = parts(number)
    percent = forms.inflected("процент", "g") if decimals else forms.form_behind("процент", whole, "n")
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


def _percent_of(m: re.Match[str]) -> str:
    return f"{_percent(m['n'])} от {speak(m['of'], 'g')} "


def available() -> bool:
    """Return whether num2words, pymorphy3 and its dictionary are installed, and import them."""
    return numerals.available() and grammar.available()


def number(written: str, case: str = "n") -> str:
    """Return a number of a formula in words, or as it is where a package is missing."""
    plain = written.isascii() and (written == "0" or written[0] != "0" or written[1:2] in {".", ","})
    return speak(written, case) if plain and available() else written


def may_change(text: str) -> bool:
    """Return whether *text* may have a Roman numeral, a day of the week or a word shortened with a hyphen."""
    return not text.isascii() and any(look.search(text) for look in (LOOKS_ROMAN, LOOKS_SHORTENED, weekdays.SEEN))


def spoken(text: str) -> str:
    """Return *text* with abbreviations written out and, if num2words and pymorphy3 are installed, numbers in words."""
    if available():
        text = _numbers(weekdays.weekdays(_romans(text)))
    return WRITTEN_OUT(text) if any(mark in text for mark in ".-/") else text


def _romans(text: str) -> str:
    text = notation.roman_letters(text)
    if LOOKS_ROMAN.search(text):
        text = LOOKS_ROMAN.sub(lambda m: m[0].translate(CYRILLIC_ROMAN), text)
        return roman.romans(shortened(text))
    return shortened(text)


def _numbers(text: str) -> str:
    if not DIGIT.search(text):
        return text
    text = notation.plain_notation(SPOON.sub(r" \1. л", text))
    text = SUMS(PERCENT_OF.sub(_percent_of, text))
    return rewritten(text, [rule for need, rules in NEEDS if need.search(text) for rule in rules])


def link_word(before: str) -> str:
    """Return "ссылка на" in the case that the last word of *before* asks for."""
    words = before.lower().split()
    if not words or not before[-1].isspace():
        return "ссылка на"
    if grammar.available() and grammar.takes_object(words[-1]):
        return "ссылку на"
    return _LINK_BEHIND.get(words[-1], "ссылка на")
