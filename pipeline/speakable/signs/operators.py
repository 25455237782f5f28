"""Operators in words, and each other sign by its name."""

import re
from functools import cache

from pipeline.speakable.language import Language, Signs
from pipeline.speakable.signs import programs, sums

OPERAND_ENDS = re.compile(r"[\w)\3\5\]}%°\"'’”»!…′″]")
OPERAND_BEGINS = re.compile(r"[\w(\2\4\[{√\"'“«$€£₽~#@&*\\/−-]")
LONG_RUN = re.compile(r"([^\w\s.,;:!?…-])\1{3,}")
BLANK = re.compile(r"_{3,}")
ABSOLUTE = re.compile(r"(?<![\w|])\|(?P<inner>[^|\s](?:[^|\n]{0,30}[^|\s])?)\|(?![\w|])")
UNFINISHED = re.compile(r"[<>≤≥≈~±=×*+÷−] ?\d[\d.,]*\Z")
COUNTED = re.compile(r"\d[\d.,]*(?:[ %°][^\W\d_]{2}| ?[%‰°$€£₽])")
"""A number that counts something."""
OPERATOR = re.compile(r"[=<>≤≥≈~±×÷−]| [+*/-] ")
MONEY = ("$", "€", "£", "₽", "¥")
WORD = re.compile(r"\w{1,16}")
STARS = re.compile("[★☆]{2,10}")
SPACES = re.compile(r" +([,;:!?.)\]](?!\w))|([(\[«“„]) +")


def spoken(text: str, language: Language, signs: Signs) -> str:
    """Return *text* with its operators and its other signs in words."""
    text = BLANK.sub(f" {signs.phrases['blank']} ", LONG_RUN.sub(r"\1", _stars(text, language, signs)))
    if "|" in text:
        text = ABSOLUTE.sub(rf"{signs.phrases['absolute']} \g<inner>", text)
    text = programs.spoken(text, signs)
    said = sums.brackets_said(_pattern(signs).sub(lambda m: _sign(m, signs), text), signs)
    return SPACES.sub(r"\1\2", said) if said != text else text


def _stars(text: str, language: Language, signs: Signs) -> str:
    """Say ★★★★☆ as four out of five stars."""
    if "★" not in text:
        return text

    def said(m: re.Match[str]) -> str:
        given, most = m[0].count("★"), len(m[0])
        words = signs.phrases["stars"].format(language.number(str(given), "n"), language.number(str(most), "g"))
        return f"{words} " if m.string[m.end() : m.end() + 1].isalnum() else words

    return STARS.sub(said, text)


@cache
def _pattern(signs: Signs) -> re.Pattern[str]:
    written = {sign for sign in (*signs.names, *signs.between) if not sign[0].isalnum()} - {"-", "°С"}
    longest = sorted(written, key=len, reverse=True)
    first = re.escape("".join({sign[0] for sign in written}))
    return re.compile(rf"(?= ?[{first}])(?P<left> ?)(?P<sign>{'|'.join(map(re.escape, longest))})(?P<right> ?)")


def _sign(m: re.Match[str], signs: Signs) -> str:
    front = m.string[m.start() - 1 : m.start()] if m.start() else ""
    behind = m.string[m.end() : m.end() + 1]
    if m["sign"] in _SPECIAL and (said := _SPECIAL[m["sign"]](m, front, behind, signs)) is not None:
        return said
    return f" {_word(m, front, behind, signs)} "


def _word(m: re.Match[str], front: str, behind: str, signs: Signs) -> str:
    sign, even = m["sign"], bool(m["left"]) == bool(m["right"])
    if sign in signs.before and signs.phrases["governs"] and COUNTED.match(m.string, m.end()):
        return signs.before[sign]
    if even and sign in signs.between and OPERAND_ENDS.match(front) and OPERAND_BEGINS.match(behind):
        return _name(m, front, behind, signs) if _is_named(m, signs) else signs.between[sign]
    if sign in signs.before and (behind.isdigit() or behind in MONEY) and (m["left"] or not front.isalnum()):
        return signs.before[sign]
    return _name(m, front, behind, signs)


def _is_named(m: re.Match[str], signs: Signs) -> bool:
    """Whether the word in front says "is" already, or the one behind explains the sign: "use && for and"."""
    words = m.string[max(0, m.start() - 8) : m.start()].split()
    behind = WORD.match(m.string, m.end())
    if m["sign"] == "*" and behind and behind[0].lower() == "from":
        return True
    explained = behind is not None and behind[0] in signs.menus["explains"].split()
    return explained or (bool(words) and _says_is(words[-1].lower(), signs))


def _says_is(word: str, signs: Signs) -> bool:
    return word in signs.menus["copulas"].split() or word.endswith(("'s", "’s", "'re", "’re"))


def _name(m: re.Match[str], front: str, behind: str, signs: Signs) -> str:
    sign, word = m["sign"], WORD.match(m.string, m.end())
    words = m.string[max(0, m.start() - 8) : m.start()].split()
    listed = not behind.isalnum() or (word and word[0] in signs.menus["joins"].split())
    listed = listed and not (words and words[-1] in signs.menus["articles"].split())
    if sign in signs.plurals and (m["left"] or not front) and listed and not front.isdigit() and behind != "{":
        return signs.plurals[sign]
    return signs.names.get(sign) or signs.between[sign]


def _section(m: re.Match[str], _front: str, _behind: str, signs: Signs) -> str | None:
    """Say "section" once in section §5."""
    word = m.string[max(0, m.start() - 12) : m.start()].split()[-1:]
    return " " if word and word[0].lower() == signs.names["§"] else None


def _plus(m: re.Match[str], _front: str, _behind: str, _signs: Signs) -> str | None:
    """Keep the plus of Ctrl+C, C++ and 18+, which every voice says."""
    return None if m["left"] and m["right"] else m[0]


def _percent(m: re.Match[str], front: str, behind: str, _signs: Signs) -> str | None:
    """Keep the sign behind a number, which every voice says."""
    return m[0] if front.isdigit() and not behind.isdigit() and (m["right"] or not behind.isalnum()) else None


def _money(m: re.Match[str], front: str, behind: str, signs: Signs) -> str | None:
    """Keep the sign of $45 + $9: the rules for numbers know it when the operators are words."""
    if behind.isdigit() and not m["right"] and OPERATOR.search(m.string, max(0, m.start() - 3), m.end() + 16):
        return m[0]
    return _unit(m, front, behind, signs)


def _unit(m: re.Match[str], _front: str, _behind: str, _signs: Signs) -> str | None:
    """Keep the unit of <1 °C and of <= 5 $: the rules for numbers know it when the sign in front is a word."""
    return m[0] if UNFINISHED.search(m.string, max(0, m.start() - 16), m.start()) else None


def _slash(m: re.Match[str], front: str, behind: str, signs: Signs) -> str | None:
    if UNFINISHED.search(m.string, max(0, m.start() - 16), m.start()):
        return m[0]
    numbers = (front.isdigit() and behind.isdigit()) or (len(m.string) > 2 and _letters(m))
    return f" {signs.phrases['number_slash']} " if numbers and not m["left"] else None


def _letters(m: re.Match[str]) -> bool:
    """Whether single Latin letters stand on both sides. Single Cyrillic ones are mostly an abbreviation."""
    front = re.search(r"(?<![^\W_])[A-Za-z]\Z", m.string[max(0, m.start() - 2) : m.start()])
    return front is not None and re.match(r"[A-Za-z](?![^\W_])", m.string[m.end() : m.end() + 2]) is not None


def _dot(m: re.Match[str], front: str, behind: str, _signs: Signs) -> str | None:
    """Multiply numbers and letters; between words a dot in the middle only parts them."""
    words = m.string[m.end() : m.end() + 2].isalpha() or m.string[max(0, m.start() - 2) : m.start()].isalpha()
    if not front or not behind:
        return " " if m["sign"] != "•" or front or behind else None
    return ", " if (words and m["left"]) or m["sign"] == "•" else None


_SPECIAL = {
    **dict.fromkeys(("°", "°C", "°F", "℃"), _unit),
    **dict.fromkeys(MONEY, _money),
    "§": _section,
    "·": _dot,
    "•": _dot,
    "+": _plus,
    "%": _percent,
    "/": _slash,
}
