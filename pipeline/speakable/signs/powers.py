"""Powers, roots and indices of plain text: 3^4, x², 10⁻³, √25, H₂O."""

import re

from pipeline.languages import RUSSIAN_LETTERS
from pipeline.speakable.language import Language, Signs

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₙᵢⱼₖₘ", "0123456789+-=()aeoxnijkm")
_RAISED = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ]"
_LOWERED = "[₀-₉₊-₎ₐₑₒₓₙᵢⱼₖₘ]"

_LETTER = f"[A-Za-z{RUSSIAN_LETTERS}Α-ω]"
SMALL = re.compile(f"{_RAISED}|{_LOWERED}")
SUPERSCRIPT = re.compile(
    rf"(?P<base>(?<!{_LETTER}){_LETTER}{{1,2}}|(?<![\d.,])\d{{1,3}}|\d[.,]\d+|[)\]|])?(?P<small>{_RAISED}+)(?P<more>\w)?"
)
SUBSCRIPT = re.compile(rf"(?P<base>(?<!{_LETTER})[a-zα-ω])?(?P<small>{_LOWERED}+)(?P<more>[\w(\[])?")
ION = re.compile(r"(\d{0,2})([+-])")

CARET = re.compile(
    r"(?<=[\w)\]}|\3]) ?\^ ?(?:\{(?P<braced>[^{}]{1,40})\}|\((?P<inner>[^()]{1,40})\)"
    r"|(?P<plain>[-−+]?(?:\d{1,9}(?:[.,]\d{1,9})?|[^\W\d_]{1,3}(?!\w)|∞)))(?P<more>\w)?"
)
BRACED = re.compile(r"(?:(?P<element>(?<=[A-Z])|(?<=[A-Z][a-z]))|(?<=[a-zα-ω]))_\{(?P<index>[\w+-]{1,12})\}")
ROOT = re.compile(
    r"(?P<root>[√∛∜]) ?(?:\((?P<inner>[^()]{1,60})\)"
    r"|(?P<number>\d{1,9}(?:[.,]\d{1,9})?)|(?=[^\W\d_]|\())(?P<more>\w)?"
)
MANY = re.compile(r"[\w)]")
NUMBER = re.compile(r"\d{1,9}(?:[.,]\d{1,9})?")
BEFORE_A_WORD = re.compile(r" [^\W\d_]")
FUNCTION = re.compile(
    r"(?<![\w\\])(sin|cos|tan|cot|tg|ctg|arcsin|arccos|arctan|ln|log(?=[₀-₉]))(?=[ ²₀-₉]?(?:\d|[a-zα-ω](?!\w)|\())"
)
ROOTS = {"√": "root", "∛": "cube_root", "∜": "fourth_root"}


def spoken(text: str, language: Language) -> str:
    """Return *text* with its powers, roots and indices in words."""
    signs = language.signs
    if signs is None:
        return text
    text = FUNCTION.sub(lambda m: signs.functions.get(m[1], m[1]), text)
    if "_{" in text:
        text = BRACED.sub(lambda m: _braced(m, language, signs), text)
    if "^" in text:
        text = CARET.sub(lambda m: _caret(m, language, signs), text)
    if any(root in text for root in ROOTS):
        text = ROOT.sub(lambda m: _root(m, language, signs), text)
    if SMALL.search(text):
        text = SUBSCRIPT.sub(lambda m: _subscript(m, language, signs), text)
        text = SUPERSCRIPT.sub(lambda m: _superscript(m, language, signs), text)
    return text


def power(exponent: str, language: Language, signs: Signs) -> str:
    """Return what is said behind a base: "squared", "to the power of minus three"."""
    if exponent in {"2", "3"}:
        return signs.phrases["squared" if exponent == "2" else "cubed"]
    return f"{signs.phrases['power']} {_terms(exponent, language, signs)}"


def _terms(written: str, language: Language, signs: Signs) -> str:
    """Return a small formula with its numbers and minus signs in words; other signs are said later."""
    minus, plus = signs.phrases["minus"], signs.phrases["plus"]
    said = re.sub(r"[-−]", f" {minus} ", written).replace("+", f" {plus} ")
    return " ".join(NUMBER.sub(lambda m: language.number(m[0], "n"), said).split())


def _caret(m: re.Match[str], language: Language, signs: Signs) -> str:
    more = f" {m['more']}" if m["more"] else ""
    exponent = m["braced"] or m["inner"] or m["plain"]
    digits = exponent.lstrip("-−")
    if digits.isdigit() and exponent not in {"2", "3"} and BEFORE_A_WORD.match(m.string, m.end()):
        minus = f" {signs.phrases['minus']}" if digits != exponent else ""
        return f" {signs.phrases['power']}{minus} {digits}{more}"  # the rules for numbers know the unit
    return f" {power(exponent, language, signs)}{more}"


def _root(m: re.Match[str], language: Language, signs: Signs) -> str:
    """Say √25 as a root; 2√3 is a product."""
    many = f" {signs.between['*']} " if MANY.match(m.string[max(0, m.start() - 1) : m.start()]) else ""
    words = f"{many}{signs.phrases[ROOTS[m['root']]]}"
    more = m["more"] or ""
    if m["number"]:
        in_digits = BEFORE_A_WORD.match(m.string, m.end())
        return f"{words} {m['number'] if in_digits else language.number(m['number'], 'g')} {more}".rstrip()
    if m["inner"]:
        end = f" {signs.phrases['end_root']}" if re.search(r"\W", m["inner"]) else ""
        return f"{words} {m['inner']}{end} {more}".rstrip()
    return f"{words} {more}"


def _subscript(m: re.Match[str], language: Language, signs: Signs) -> str:
    """Say H₂O as H two O, and x₁ as x sub one."""
    index = _terms(m["small"].translate(LOWERED), language, signs)
    more = f" {m['more']}" if m["more"] else ""
    if m.string.endswith(("log", "lg", signs.functions["log"]), 0, m.start()):
        return f" {signs.phrases['base']} {index}{more}"
    return f"{m['base']} {signs.phrases['sub']} {index}{more}" if m["base"] else f" {index}{more}"


def _braced(m: re.Match[str], language: Language, signs: Signs) -> str:
    index = _terms(m["index"], language, signs)
    return f" {index} " if m["element"] is not None else f" {signs.phrases['sub']} {index} "


def _superscript(m: re.Match[str], language: Language, signs: Signs) -> str:
    """Say x² as a power and Ca²⁺ as a charge. A small number behind a word or a year is only named: a note, mostly."""
    raised, base = m["small"].translate(RAISED), m["base"] or ""
    more = f" {m['more']}" if m["more"] else ""
    if base.isdigit():
        base = language.number(base, "n")
    charge = ION.fullmatch(raised)
    if charge:
        return f"{base} {_terms(raised, language, signs)}{more}"
    plain = raised.isdigit() and raised not in {"2", "3"}
    if base and plain and BEFORE_A_WORD.match(m.string, m.end()):
        return f"{base} {signs.phrases['power']} {raised}{more}"  # the rules for numbers know the unit
    if m.string.endswith(tuple(signs.functions.values()), 0, m.start()):
        return f" {power(raised, language, signs)}{more}"
    if base or m.string.endswith("\3", 0, m.start()):
        return f"{base} {power(raised, language, signs)}{more}"
    return f" {signs.phrases['superscript']} {_terms(raised, language, signs)}{more}"
