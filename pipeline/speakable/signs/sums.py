"""Sums and products of plain text: minus signs, brackets that carry the sense, and the numbers beside operators."""

import re

from pipeline.speakable.language import Language, Signs
from pipeline.speakable.rewriting import NEAR

UNSURE_MINUS = re.compile(r"(?<=[^\W\d] )-(?=\d)")
SLASHED = re.compile(r"(?<![<>≤≥≈~±=] )(?<![<>≤≥≈~±=\w/.,])(\d{1,4})/(\d{1,4})(?![\w/]|[.,]\d)")
ROUND, SQUARE = "\2\3", "\4\5"
"""Stand for brackets that are said, until all around them is said. Tidied text never contains them."""
NUMBER_IN_BRACKETS = re.compile(r"(?<![\w.,/:^√∛∜-])(?P<n>\d{1,9})(?=[\3\5])")
INDEX = re.compile(r"(?<=[\w\]])\[([\w\"'.: +*-]{0,40})\]")
_NUMERAL = r"(?P<n>(?:\d{1,3}(?: \d{3}){1,3}(?!\d)|\d{1,9})(?:[.,]\d{1,6})?)"
_BETWEEN = r"(?:[<>=!]==?|<>|&&|\|\||[=<>≤≥≠≈×÷·⩽⩾]|(?<= )[+*/−](?= ))"
OPERATOR_NEAR_NUMBER = re.compile(rf"\d ?{_BETWEEN}|{_BETWEEN} ?\d")
NUMBER_IN_FRONT = re.compile(rf"(?<![\w.,/:^√∛∜$€£¥₽-]){_NUMERAL}(?= ?{_BETWEEN})")
NUMBER_BEHIND = re.compile(
    rf"(?P<op>{_BETWEEN})(?P<gap> ?){_NUMERAL}(?=[)\3\5]| ?{_BETWEEN}|[.,;:!?]*$|[.,;:!?]+\s|\s[^\w\s%°‰$€£₽¥])"
)
TERM = r"[-−]?[\w.²³⁰-⁹^{}√|]{1,24}"
LETTER = re.compile(r"[^\W\d]")
FACTORIAL = re.compile(r"(?<=[\w)])!(?= ?[=×*/+−-] )|(?<=[\w)])!(?=[/*)])")
MINUS_BEHIND = re.compile(r"(?<=[=<>≤≥≠≈+×÷·] )[-−](?=[\w(√])|(?<=[(=*/×÷])[-−](?=[\w(√])")
GLUED_MINUS = re.compile(
    r"(?<![\w-])(?P<term>(?:\d{0,4}[a-z]|\d{1,4}(?=-\d{0,4}[a-z]))(?:\^\d{1,2}|[²³])?)-(?=\d{0,4}(?:[a-z](?![^\W_])|\d))"
)
SURE_MINUS = re.compile(r"(?<=[²³⁰-⁹]) - (?=[\w(√])|(?<=(?<![^\W_])[b-hj-z]) - (?=\d|[a-z](?![^\W_]))")
DIVISION = re.compile(r"(?<=[\d)\3] )/(?= {1,2}[\d(\2])")
CHAIN = re.compile(
    rf"(?:(?<=[=<>≤≥≠≈+×÷·*] )|(?P<alone>(?<!\S)))(?P<terms>{TERM}(?: - {TERM}){{1,8}})(?P<behind> [=<>≤≥≠≈+×÷·*/] )?"
)
PRODUCT = re.compile(r"(?<![\w.])(?P<letter>[a-kn-z])-(?P<number>\d{1,3})(?![\w-])")
LEFT_OF_BRACKET = re.compile(r"[\w)²³] ?[=<>≤≥≠≈+*×÷·/−-] ?\Z|(?:\W|\A)[\w²³]\Z|(?:&&|\|\|) \Z")
BRACKETS = re.compile(
    r"\((?P<inner>(?:[^()]|\([^()]{1,40}\)){1,80})\)"
    r"(?P<right>(?= ?[<>≤≥≠≈+*×÷·^/²³⁰-⁹(!]| (?:&&|\|\||[=−-]) ))?"
)
RAISED = " ²³⁰¹⁴⁵⁶⁷⁸⁹⁻⁺ⁿ^!"
LONG_WORD = re.compile(r"[^\W\d_]{4}")
STRONG = re.compile("[=<>≤≥≠≈+*×÷·^²³!&|]")
"""Signs that no prose has around a bracket."""
SPACED_OPERATOR = re.compile(r"[\w)] ?(?:[=<>≤≥≠≈±+*×÷·/−^]|[<>=!]=|&&|\|\|) ?[\w(−-]|[\w)] - [\w(]|\w-\d|^[−-]\w")
SIZE = re.compile(
    r"(?<![\d.,])(?P<first>\d{1,9}(?:[.,]\d{1,8})?(?: ?[^\W\d_]{1,3})?) ?× ?"
    r"(?=(?P<last>\d{1,9}(?:[.,]\d{1,8})?)(?P<unit> ?[^\W\d_]{1,12}\.?)?)"
)


def minus(text: str, signs: Signs) -> str:
    """Return *text* with the hyphens of formulas with letters as minus; the rules for numbers know plain sums."""
    if " - " not in text:
        return text
    return CHAIN.sub(lambda m: _chain(m, signs) if LETTER.search(m["terms"]) else m[0], text)


def grouped(text: str, language: Language, signs: Signs) -> str:
    """Return *text* with the minus signs and the numbers of its formulas in words, and with marks for brackets."""
    if "-" in text or "−" in text:
        text = _minus(text, signs)
    if "!" in text:
        text = FACTORIAL.sub(f" {signs.phrases['factorial']}", text)
    text = SIZE.sub(lambda m: _size(m, signs), text) if "×" in text else text
    text = SLASHED.sub(lambda m: _slashed(m, language, signs), text) if "/" in text else text
    text = BRACKETS.sub(lambda m: _brackets(m, signs), text) if "(" in text else text
    text = INDEX.sub(lambda m: f" {SQUARE[0]} {_inner(m[1], signs)}{SQUARE[1]} ", text) if "[" in text else text
    text = SURE_MINUS.sub(f" {signs.phrases['minus']} ", text) if " - " in text else text
    if "=" in text or "≈" in text:
        text = DIVISION.sub("÷", text)
    return _numbers(text, language, signs)


def brackets_said(text: str, signs: Signs) -> str:
    """Return *text* with words for the marks that ``grouped`` put in place of brackets."""
    if not any(mark in text for mark in ROUND + SQUARE):
        return text
    for mark, name in zip(ROUND + SQUARE, ("open", "close", "open_square", "close_square"), strict=True):
        text = text.replace(mark, f" {signs.phrases[name]} ")
    return text


def _minus(text: str, signs: Signs) -> str:
    """Say the hyphens of formulas as minus. One between a word and a number is only named: it may be anything."""
    minus = signs.phrases["minus"]
    text = CHAIN.sub(lambda m: _chain(m, signs), text)
    text = UNSURE_MINUS.sub(f"{signs.phrases['dash']} ", text)
    text = MINUS_BEHIND.sub(f"{minus} ", text)
    if "=" in text or "^" in text:
        text = GLUED_MINUS.sub(rf"\g<term> {minus} ", text)
    return PRODUCT.sub(rf"\g<letter> {minus} \g<number>", text)


def _chain(m: re.Match[str], signs: Signs) -> str:
    """Say minus where a hyphen between spaces stands in a formula; elsewhere it is a dash."""
    if m["alone"] is not None and m["behind"] is None:
        return m[0]
    terms = m["terms"].split(" - ")
    if any(len(term) > 3 and term.isalpha() for term in terms):
        return m[0]
    return f" {signs.phrases['minus']} ".join(terms) + (m["behind"] or "")


def _numbers(text: str, language: Language, signs: Signs) -> str:
    if ROUND[0] in text or SQUARE[0] in text:
        text = NUMBER_IN_BRACKETS.sub(lambda m: language.number(m["n"], "n"), text)
    if OPERATOR_NEAR_NUMBER.search(text):
        text = NUMBER_IN_FRONT.sub(lambda m: language.number(m["n"], "n"), text)
        text = NUMBER_BEHIND.sub(lambda m: _number_behind(m, language, signs), text)
    return text


def _brackets(m: re.Match[str], signs: Signs) -> str:
    """Say the brackets of a sum that something is done to: they carry the sense."""
    left = LEFT_OF_BRACKET.search(m.string, max(0, m.start() - 5), m.start())
    if not (left or m["right"] is not None) or not _is_sum(m["inner"], signs):
        return m[0]
    around = m.string[max(0, m.start() - 3) : m.start()] + m.string[m.end() : m.end() + 3]
    if LONG_WORD.search(m["inner"]) and not STRONG.search(around):
        return m[0]
    glued = m.string[m.end() : m.end() + 1] in RAISED
    return f" {ROUND[0]} {_inner(m['inner'], signs)}{ROUND[1]}{'' if glued else ' '}"


def _is_sum(inner: str, signs: Signs) -> bool:
    return SPACED_OPERATOR.search(inner) is not None or f" {signs.phrases['minus']} " in inner


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


def _number_behind(m: re.Match[str], language: Language, signs: Signs) -> str:
    words = signs.between.get(m["op"]) or signs.names.get(m["op"], "")
    return f"{m['op']}{m['gap']}{language.number(m['n'], signs.cases.get(words, 'n'))}"


def _slashed(m: re.Match[str], language: Language, signs: Signs) -> str:
    return f"{language.number(m[1], 'n')} {signs.phrases['number_slash']} {language.number(m[2], 'n')}"
