"""English: Roman numerals behind a numbered noun (Chapter IV) and behind the name of a ruler (Henry VIII).

An I is mostly the pronoun and an X mostly a letter. Alone they are numerals only where nothing else is possible.
"""

import re
from unicodedata import normalize

from pipeline.speakable.en.numbers import cardinal, ordinal
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.numerals import roman_value
from pipeline.speakable.rewriting import RIGHT, any_of, before

_TABLE = table("en")
_WORDS = vocabulary("en")
RULERS: dict[str, int] = _TABLE["rulers"]
"""The highest number of the rulers of a name: a Mary X is no queen."""
_NAMES: dict[str, list[str]] = _TABLE["numerals"]
LETTERED = frozenset(_NAMES["lettered"])
ALWAYS = frozenset(_NAMES["always"])


LETTER = re.compile("X{1,3}|L|XL")
"""Numerals that are also letters, sizes or "fill in here"."""
TEN = frozenset(_NAMES["ten"])
"""Behind these an X is a ten."""
UNICODE = re.compile("[\u2160-\u217f]+")
"""Characters that are numerals and nothing else."""


def _small_too(noun: str) -> str:
    """Return the pattern of a noun in singular and plural. A noun of one word also matches in small letters."""
    return noun + "s?" if " " in noun else f"[{noun[0]}{noun[0].lower()}]{noun[1:]}s?"


_SMALL_BEHIND = any_of((*_NAMES["small_behind"], *map(str.lower, _NAMES["small_behind"])))
_NOUNS = (*_NAMES["always"], *_NAMES["numbered"], *_NAMES["lettered"])
_NOUN = "|".join(map(_small_too, _NOUNS))
_RULER = any_of(RULERS)
_ROMAN = r"(?=[IVXL])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?!\w)"
_SMALL = r"(?=[ivxl])(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})(?!\w)"
_UNMISTAKABLE = r"(?:X{0,2}(?:IX|IV|VI{1,3}|I{2,3})|X{1,2}VI{0,3}|X{1,2}I{1,3}|V|X{1,2})(?!\w)"
_SECOND = rf"(?!I\b){_ROMAN}"
_JOINED = r"(?: ?[-–—] ?| (?:and|or|to|through|&) )"
_END = rf"(?:{RIGHT}|(?=['’]s\b|-[a-z]|\"))"

ROMAN = re.compile(_ROMAN)
ROMAN_PART = re.compile(r"([IVXL]+)(?:th)?")
_RULERS_LAST = frozenset(name.split()[-1] for name in RULERS)
NUMBERED = re.compile(rf"\b(?P<noun>{_NOUN}) (?P<first>{_ROMAN})(?P<more>(?:{_JOINED}{_SECOND}){{0,3}}){_END}")
RULER = re.compile(rf"(?<![\w-])(?P<name>{_RULER}) (?P<first>{_ROMAN})(?P<more>(?: (?:and|or) {_SECOND})?){_END}")
RANGE = re.compile(" ?[-–—] ?")
SMALL = re.compile(rf"\b(?P<noun>{_SMALL_BEHIND}) (?P<first>{_SMALL})(?:{RIGHT}|(?=[-–]))")
PAGES = re.compile(rf"\b(?P<noun>[Pp]ages?) (?P<first>(?!i\b){_SMALL})(?P<more>[-–]{_SMALL})?{RIGHT}")
TITLED = re.compile(
    rf"(?<![\w-])(?P<name>(?:{any_of(_WORDS['rulers_titles'])}) [A-Z]\w+) (?P<first>(?!I\b){_UNMISTAKABLE}){_END}"
)
"""A ruler whose name is not in the table."""
CENTURY = re.compile(
    rf"(?<!\w)(?P<first>{_ROMAN[:-6]})(?:th)?(?P<more>(?: ?[-–] ?| and | to ){_ROMAN[:-6]}(?:th)?)?(?=[ -]centur)"
)

NO_PRONOUN = re.compile(rf" (?:of(?! course)|{any_of(_WORDS['behind_roman_one'])})\b")
INITIAL = re.compile(r"\.\s[A-Z]")

CAPITALS = re.compile("[IVX]")
CANDIDATE = re.compile(r"\b([A-Za-z]+) (?=[IVXL])")
SMALL_CANDIDATE = re.compile(rf"\bWWI{{1,2}}\b|\b(?:{_SMALL_BEHIND}|[Pp]ages?) [ivxl]+\b")
WORLD_WAR = re.compile(r"\bWW(?P<n>II?)\b")
WORDS = frozenset(name.split()[-1] for name in RULERS) | {
    word + plural for noun in _NOUNS for word in (noun.split()[-1], noun.split()[-1].lower()) for plural in ("", "s")
}


def seen(text: str) -> bool:
    """Return whether *text* may have a Roman numeral. Cheap, since every sentence is asked."""
    if CAPITALS.search(text) is not None and (
        any(word in WORDS for word in CANDIDATE.findall(text)) or "centur" in text or TITLED.search(text) is not None
    ):
        return True
    if not text.isascii() and UNICODE.search(text) is not None:
        return True
    return SMALL_CANDIDATE.search(text) is not None


def spoken(text: str) -> str:
    """Return *text* with "Chapter four" for Chapter IV and "Henry the Eighth" for Henry VIII."""
    if not text.isascii():
        text = UNICODE.sub(_unicode, text)
    if "WWI" in text:
        text = WORLD_WAR.sub(lambda m: f"World War {cardinal(len(m['n']))}", text)
    if "centur" in text:
        text = CENTURY.sub(_century, text)
    text = PAGES.sub(_pages, SMALL.sub(_small, text))
    return TITLED.sub(_titled, RULER.sub(_ruler, NUMBERED.sub(_numbered, text)))


def _unicode(m: re.Match[str]) -> str:
    """Say a numeral of Unicode, which can be no letter; behind a ruler's name leave it to the rule for rulers."""
    numeral = normalize("NFKC", m[0]).upper()
    ruler = before(m) in _RULERS_LAST
    return numeral if ruler else cardinal(roman_value(numeral))


def _century(m: re.Match[str]) -> str:
    return ROMAN_PART.sub(lambda one: ordinal(roman_value(one[1])), m[0])


def _small(m: re.Match[str]) -> str:
    """Say Scene iii; the i of "the part i like" is the pronoun."""
    if m["first"] == "i" and not (m["noun"][0].isupper() and not m.string.startswith(" ", m.end())):
        return m[0]
    return f"{m['noun']} {cardinal(roman_value(m['first'].upper()))}"


def _pages(m: re.Match[str]) -> str:
    more = f" to {cardinal(roman_value(m['more'][1:].upper()))}" if m["more"] else ""
    return f"{m['noun']} {cardinal(roman_value(m['first'].upper()))}{more}"


def _titled(m: re.Match[str]) -> str:
    return f"{m['name']} {_rank(m['first'])}"


def _numbered(m: re.Match[str]) -> str:
    noun, first = m["noun"], m["first"]
    if (LETTER.fullmatch(first) and not (first[0] == "X" and noun in TEN)) or (len(first) == 1 and noun in LETTERED):
        return m[0]
    if len(first) == 1 and not m["more"] and noun not in ALWAYS and not (noun[0].isupper() and _no_letter(m)):
        return m[0]
    more = RANGE.sub(" to ", m["more"])
    return f"{noun} {cardinal(roman_value(first))}" + ROMAN.sub(lambda one: cardinal(roman_value(one[0])), more)


def _ruler(m: re.Match[str]) -> str:
    name, first = m["name"], m["first"]
    if roman_value(first) > RULERS[name] or (len(first) == 1 and INITIAL.match(m.string, m.end())):
        return m[0]
    if first == "IV" and _next(m) in _WORDS["infusions"]:
        return m[0]
    if first == "I" and not m["more"] and not (_no_pronoun(m) or _ruled(m)):
        return m[0]
    return f"{name} {_rank(first)}" + ROMAN.sub(lambda one: _rank(one[0]), m["more"])


def _rank(numeral: str) -> str:
    return "the " + ordinal(roman_value(numeral)).title()


def _next(m: re.Match[str]) -> str:
    return m.string[m.end() : m.end() + 24].lstrip().split(" ")[0].rstrip(".,;:!?")


def _no_letter(m: re.Match[str]) -> bool:
    return m["first"] != "I" or _no_pronoun(m)


def _no_pronoun(m: re.Match[str]) -> bool:
    """Whether an I is followed by something that cannot follow the pronoun: "of", an end mark, the end."""
    return not m.string.startswith(" ", m.end()) or NO_PRONOUN.match(m.string, m.end()) is not None


def _ruled(m: re.Match[str]) -> bool:
    """Whether "George I was" begins the sentence or follows a title. In "with George I was", I is the pronoun."""
    return _next(m) in _WORDS["ruled"] and (not m.start() or before(m) in _WORDS["rulers_titles"])
