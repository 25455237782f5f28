"""Operators, paths, flags, brackets of formulas, and each other sign by its name."""

import re
from functools import cache

from pipeline.speakable.language import Language, Signs
from pipeline.speakable.rewriting import NEAR

OPERAND_ENDS = re.compile(r"[\w)\3\5\]}%°\"'’”»!…′″]")
OPERAND_BEGINS = re.compile(r"[\w(\2\4\[{√\"'“«$€£₽~#@&*\\/−-]")
LONG_RUN = re.compile(r"([^\w\s.,;:!?…-])\1{3,}")
BLANK = re.compile(r"_{3,}")
ANGLES = re.compile(r"<(/?[^\W\d_][\w.:-]{0,40}(?:, ?[\w.:]{1,40}){0,4} ?/?)>")
ABSOLUTE = re.compile(r"(?<![\w|])\|(?P<inner>[^|\s](?:[^|\n]{0,30}[^|\s])?)\|(?![\w|])")
SHARP = re.compile(r"(?<![^\W_])([A-G])#(?!\w)")
UNFINISHED = re.compile(r"[<>≤≥≈~±=] ?\d[\d.,]*\Z")
COUNTED = re.compile(r"\d[\d.,]*[ %°][^\W\d_]{2}")
"""A number that counts something."""
STARS = re.compile("[★☆]{2,10}")

REPEATED = re.compile(r"(?<!\w)#(\d)\1\1(?!\w)")
"""A colour in short: #333."""
HASHTAG = re.compile(r"(?<![\w&])#(?!(?:include|define|if|ifdef|ifndef|endif|pragma|region)\b|[0-9a-fA-F]{3,8}\b)(?=[^\W\d_]\w)")
EITHER = re.compile(r"\b(and|и)/(or|или)\b", re.IGNORECASE)
DRIVE = re.compile(r"(?<![^\W_])([A-Za-z]):(?=[\\/](?!/))")
DOTS = re.compile(r"(?<![^\s\\/*~])(\.{1,2})(?=[\\/]|(?<=[\\/*~]\.)\w|(?<!\.\.)[A-Za-z]\w)")
RATIO = re.compile(r"(?<=(?<![^\W_])[A-Za-z]):(?=[A-Za-z](?![^\W_]))")
ANYTHING = re.compile(r"(?<![^\s(])\.\*(?!\w)")
SCOPE = re.compile(r"(?<=\w)::(?=\w)")
NEGATION = re.compile(r"(?<!\S)!(?=[A-Za-z])")
FLAG = re.compile(r"(?<=\s)(--?)(?=[A-Za-z])")
UNSURE_MINUS = re.compile(r"(?<=[^\W\d] )-(?=\d)")
SLASHED = re.compile(r"(?<![\w/.,])(\d{1,4})/(\d{1,4})(?![\w/]|[.,]\d)")
ROUND, SQUARE = "\2\3", "\4\5"
"""Stand for brackets that are said, until all around them is said. Tidied text never contains them."""
NUMBER_IN_BRACKETS = re.compile(r"(?<![\w.,/:^√∛∜-])(?P<n>\d{1,9})(?=[\3\5])")
INDEX = re.compile(r"(?<=[\w\]])\[([\w\"'.: +*-]{0,40})\]")

_NUMERAL = r"(?P<n>(?:\d{1,3}(?: \d{3}){1,3}(?!\d)|\d{1,9})(?:[.,]\d{1,6})?)"
_BETWEEN = r"(?:[<>=!]==?|<>|&&|\|\||[=<>≤≥≠≈×÷·⩽⩾]|(?<= )[+*/−](?= ))"
OPERATOR_NEAR_NUMBER = re.compile(rf"\d ?{_BETWEEN}|{_BETWEEN} ?\d")
NUMBER_IN_FRONT = re.compile(rf"(?<![\w.,/:^√∛∜-]){_NUMERAL}(?= ?{_BETWEEN})")
NUMBER_BEHIND = re.compile(rf"(?P<op>{_BETWEEN})(?P<gap> ?){_NUMERAL}(?=[)\3\5]| ?{_BETWEEN}|[.,;:!?]*$|[.,;:!?]+\s|\s[^\w\s%°‰])")
SPACES = re.compile(r" +([,;:!?.)\]](?!\w))|([(\[«“„]) +")

TERM = r"[-−]?[\w.²³⁰-⁹^{}√|]{1,24}"
LETTER = re.compile(r"[^\W\d]")
FACTORIAL = re.compile(r"(?<=[\w)])!(?= ?[=×*/+−-] )|(?<=[\w)])!(?=[/*)])")
_OPERATOR = r"(?:[=<>≤≥≠≈+*×÷·^√/(]|[<>=!]=|&&|\|\|)"
MINUS_BEHIND = re.compile(rf"(?<=[=<>≤≥≠≈+×÷·] )[-−](?=[\w(√])|(?<=[(=*/×÷])[-−](?=[\w(√])")
CHAIN = re.compile(
    rf"(?:(?<=[=<>≤≥≠≈+×÷·*] )|(?P<alone>(?<!\S)))(?P<terms>{TERM}(?: - {TERM}){{1,8}})(?P<behind> [=<>≤≥≠≈+×÷·*/] )?"
)
PRODUCT = re.compile(r"(?<![\w.])(?P<letter>[a-kn-z])-(?P<number>\d{1,3})(?![\w-])")
LEFT_OF_BRACKET = re.compile(r"[\w)²³] ?[=<>≤≥≠≈+*×÷·/−-] ?\Z|(?:\W|\A)[\w²³]\Z|(?:&&|\|\|) \Z")
BRACKETS = re.compile(
    r"\((?P<inner>[^()]{1,80})\)"
    r"(?P<right>(?= ?[<>≤≥≠≈+*×÷·^/²³⁰-⁹(!]| (?:&&|\|\||[=−-]) ))?"
)
RAISED = "²³⁰¹⁴⁵⁶⁷⁸⁹⁻⁺ⁿ^!"
LONG_WORD = re.compile(r"[^\W\d_]{4}")
STRONG = re.compile("[=<>≤≥≠≈+*×÷·^²³!&|]")
"""Signs that no prose has around a bracket."""
SPACED_OPERATOR = re.compile(r"[\w)] ?(?:[=<>≤≥≠≈+*×÷·/−^]|[<>=!]=|&&|\|\|) ?[\w(−-]|[\w)] - [\w(]|\w-\d|^[−-]\w")
SIZE = re.compile(r"(?<![\d.,])(?P<first>\d{1,9}(?:[.,]\d{1,8})?(?: ?[^\W\d_]{1,3})?) ?× ?(?=(?P<last>\d{1,9}(?:[.,]\d{1,8})?)(?P<unit> ?[^\W\d_]{1,12}\.?)?)")


def minus(text: str, signs: Signs) -> str:
    """Return *text* with the hyphens of formulas with letters as minus; the rules for numbers know plain sums."""
    if " - " not in text:
        return text
    return CHAIN.sub(lambda m: _chain(m, signs) if LETTER.search(m["terms"]) else m[0], text)


def grouped(text: str, language: Language, signs: Signs) -> str:
    """Return *text* with the numbers, the minus signs and the brackets of its formulas in words."""
    if "-" in text or "−" in text:
        text = _minus(text, signs)
    if "!" in text:
        text = FACTORIAL.sub(f" {signs.phrases['factorial']}", text)
    text = SIZE.sub(lambda m: _size(m, signs), text) if "×" in text else text
    text = SLASHED.sub(lambda m: _slashed(m, language, signs), text) if "/" in text else text
    text = BRACKETS.sub(lambda m: _brackets(m, signs), text) if "(" in text else text
    text = INDEX.sub(lambda m: f" {SQUARE[0]} {_inner(m[1], signs)}{SQUARE[1]} ", text) if "[" in text else text
    if ROUND[0] in text or SQUARE[0] in text:
        text = NUMBER_IN_BRACKETS.sub(lambda m: language.number(m["n"], "n"), text)
    if OPERATOR_NEAR_NUMBER.search(text):
        text = NUMBER_IN_FRONT.sub(lambda m: language.number(m["n"], "n"), text)
        text = NUMBER_BEHIND.sub(lambda m: _number_behind(m, language, signs), text)
    return text


def spoken(text: str, language: Language, signs: Signs) -> str:
    """Return *text* with its operators and its other signs in words."""
    text = BLANK.sub(f" {signs.phrases['blank']} ", LONG_RUN.sub(r"\1", _stars(text, language, signs)))
    if "|" in text:
        text = ABSOLUTE.sub(rf"{signs.phrases['absolute']} \g<inner>", text)
    text = _in_code(text, signs)
    said = _brackets_said(_pattern(signs).sub(lambda m: _sign(m, signs), text), signs)
    return SPACES.sub(r"\1\2", said) if said != text else text


def _brackets_said(text: str, signs: Signs) -> str:
    if not any(mark in text for mark in ROUND + SQUARE):
        return text
    for mark, name in zip(ROUND + SQUARE, ("open", "close", "open_square", "close_square"), strict=True):
        text = text.replace(mark, f" {signs.phrases[name]} ")
    return text


def _stars(text: str, language: Language, signs: Signs) -> str:
    """Say ★★★★☆ as four out of five stars."""
    if "★" not in text:
        return text

    def said(m: re.Match[str]) -> str:
        given, most = m[0].count("★"), len(m[0])
        words = signs.phrases["stars"].format(language.number(str(given), "n"), language.number(str(most), "g"))
        return f"{words} " if m.string[m.end() : m.end() + 1].isalnum() else words

    return STARS.sub(said, text)


def _minus(text: str, signs: Signs) -> str:
    """Say the hyphens of formulas as minus. One between a word and a number is only named: it may be anything."""
    minus = signs.phrases["minus"]
    text = CHAIN.sub(lambda m: _chain(m, signs), text)
    text = UNSURE_MINUS.sub(f"{signs.phrases['dash']} ", text)
    text = MINUS_BEHIND.sub(f"{minus} ", text)
    return PRODUCT.sub(rf"\g<letter> {minus} \g<number>", text)


def _in_code(text: str, signs: Signs) -> str:
    phrases = signs.phrases
    text = EITHER.sub(phrases["and_or"], text) if "/" in text else text
    if ":" in text:
        text = DRIVE.sub(rf"\1 {phrases['colon']} ", text)
        text = RATIO.sub(f" {phrases['colon']} ", text)
        text = SCOPE.sub(f" {phrases['colon']} {phrases['colon']} ", text)
    if "#" in text:
        text = REPEATED.sub(r"# \1 \1 \1", text)
        text = SHARP.sub(rf"\1 {phrases['sharp']}", text)
        text = HASHTAG.sub(f"{phrases['hashtag']} ", text)
    if "." in text:
        text = ANYTHING.sub(f"{phrases['dot']} {signs.names['*']}", text)
        text = DOTS.sub(lambda m: f"{phrases['dot']} " * len(m[1]), text)
    if "!" in text:
        text = NEGATION.sub(f"{signs.keys['!']} ", text)
    if "-" in text:
        text = FLAG.sub(lambda m: f"{phrases['dash']} " * len(m[1]), text)
    if "<" in text:
        text = ANGLES.sub(rf" {phrases['open_angle']} \1 {phrases['close_angle']} ", text)
    return text


def _brackets(m: re.Match[str], signs: Signs) -> str:
    """Say the brackets of a sum that something is done to: they carry the sense."""
    left = LEFT_OF_BRACKET.search(m.string, max(0, m.start() - 5), m.start())
    if not (left or m["right"] is not None) or not SPACED_OPERATOR.search(m["inner"]):
        return m[0]
    around = m.string[max(0, m.start() - 3) : m.start()] + m.string[m.end() : m.end() + 3]
    if LONG_WORD.search(m["inner"]) and not STRONG.search(around):
        return m[0]
    raised = m.string[m.end() : m.end() + 1] in RAISED
    return f" {ROUND[0]} {_inner(m['inner'], signs)}{ROUND[1]}{'' if raised else ' '}"


def _inner(written: str, signs: Signs) -> str:
    return written.replace(" - ", f" {signs.phrases['minus']} ").strip()


def _size(m: re.Match[str], signs: Signs) -> str:
    """Say 10 × 20 cm and 1920×1080 with "by"; elsewhere × multiplies."""
    unit = (m["unit"] or "").strip()
    words = m.string[max(0, m.start() - NEAR) : m.start()].lower().split()
    named = any(word.strip(".,;:!?") in signs.phrases["by_words"].split() for word in words[-3:])
    screen = min(len(m["first"]), len(m["last"])) > 2 and m["first"].isdigit() and m["last"].isdigit()
    if unit in signs.phrases["by_units"].split() or screen or named:
        return f"{m['first']} {signs.phrases['by']} "
    return m[0]


def _chain(m: re.Match[str], signs: Signs) -> str:
    """Say minus where a hyphen between spaces stands in a formula; elsewhere it is a dash."""
    if m["alone"] is not None and m["behind"] is None:
        return m[0]
    terms = m["terms"].split(" - ")
    if any(len(term) > 3 and term.isalpha() for term in terms):
        return m[0]
    return f" {signs.phrases['minus']} ".join(terms) + (m["behind"] or "")


def _number_behind(m: re.Match[str], language: Language, signs: Signs) -> str:
    words = signs.between.get(m["op"]) or signs.names.get(m["op"], "")
    return f"{m['op']}{m['gap']}{language.number(m['n'], signs.cases.get(words, 'n'))}"


def _slashed(m: re.Match[str], language: Language, signs: Signs) -> str:
    return f"{language.number(m[1], 'n')} {signs.phrases['number_slash']} {language.number(m[2], 'n')}"


@cache
def _pattern(signs: Signs) -> re.Pattern[str]:
    written = {sign for sign in (*signs.names, *signs.between) if not sign[0].isalnum()} - {"-", "°С"}
    longest = sorted(written, key=len, reverse=True)
    return re.compile(rf"(?P<left> ?)(?P<sign>{'|'.join(map(re.escape, longest))})(?P<right> ?)")


def _sign(m: re.Match[str], signs: Signs) -> str:
    sign, behind = m["sign"], m.string[m.end() : m.end() + 1]
    front = m.string[m.start() - 1 : m.start()] if m.start() else ""
    if sign in _SPECIAL and (said := _SPECIAL[sign](m, front, behind, signs)) is not None:
        return said
    even = bool(m["left"]) == bool(m["right"])
    if sign in signs.before and signs.phrases["governs"] and COUNTED.match(m.string, m.end()):
        return f" {signs.before[sign]} "
    if even and sign in signs.between and OPERAND_ENDS.match(front) and OPERAND_BEGINS.match(behind):
        return f" {signs.between[sign]} "
    if sign in signs.before and behind.isdigit() and (m["left"] or not front.isalnum()):
        return f" {signs.before[sign]} "
    return f" {_name(sign, m, front, behind, signs)} "


def _name(sign: str, m: re.Match[str], front: str, behind: str, signs: Signs) -> str:
    word = re.match(r"[^\W\d_]*", m.string[m.end() : m.end() + 16])
    listed = not behind.isalnum() or (word and word[0] in signs.menus["joins"].split())
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


def _degrees(m: re.Match[str], _front: str, _behind: str, _signs: Signs) -> str | None:
    """Keep the degrees of <1 °C: when the sign in front is a word, the rules for numbers make them agree."""
    return m[0] if UNFINISHED.search(m.string, max(0, m.start() - 16), m.start()) else None


def _slash(m: re.Match[str], front: str, behind: str, signs: Signs) -> str | None:
    numbers = front.isdigit() and behind.isdigit() or (len(m.string) > 2 and _letters(m))
    return f" {signs.phrases['number_slash']} " if numbers and not m["left"] else None


def _letters(m: re.Match[str]) -> bool:
    return re.search(r"(?<![^\W_])[^\W\d_]\Z", m.string[max(0, m.start() - 2) : m.start()]) is not None and (
        re.match(r"[^\W\d_](?![^\W_])", m.string[m.end() : m.end() + 2]) is not None
    )


def _dot(m: re.Match[str], front: str, behind: str, _signs: Signs) -> str | None:
    """Multiply numbers and letters; between words a dot in the middle only parts them."""
    words = m.string[m.end() : m.end() + 2].isalpha() or m.string[max(0, m.start() - 2) : m.start()].isalpha()
    if not front or not behind:
        return " " if m["sign"] != "•" or front or behind else None
    return ", " if (words and m["left"]) or m["sign"] == "•" else None


_SPECIAL = {"°": _degrees, "°C": _degrees, "°F": _degrees, "℃": _degrees, "§": _section, "·": _dot, "•": _dot, "+": _plus, "%": _percent, "/": _slash}
