"""Arrows, and the signs between the steps of a way through a menu."""

import re
from collections.abc import Callable

from pipeline.speakable.language import Signs
from pipeline.speakable.rewriting import NEAR

RIGHT_ARROWS = "→⟶➜➔➝⇨➡"
ARROW = re.compile(rf" ?(?P<sign><-{{1,2}}>|-{{1,2}}>|={{1,2}}>|<-(?= )|[{RIGHT_ARROWS}]) ?")
STEP = re.compile(r"(?<=\S) (?P<sign>[>›»]) (?=\S)")
FORMULA = re.compile("[₀-₉²³⁰-⁹=^_∞+]")
CLAUSE = re.compile("[.,;:!?]")
QUOTES = "\"'«»“”„*`([{)]},;:.!?"


def spoken(text: str, signs: Signs) -> str:
    """Return *text* with arrows in words, and with "then" between the steps of a way through a menu."""
    if ARROW.search(text):
        text = ARROW.sub(lambda m: _arrow(m, signs), text)
    return STEP.sub(lambda m: _step(m, signs), text) if STEP.search(text) else text


def _words(m: re.Match[str]) -> tuple[str, str]:
    """Return the words on both sides of the match, "" at an end of the text."""
    left = m.string[max(0, m.start() - NEAR) : m.start()].split()
    right = m.string[m.end() : m.end() + NEAR].split(None, 1)
    return (left[-1] if left else ""), (right[0] if right else "")


def _arrow(m: re.Match[str], signs: Signs) -> str:
    sign, (left, right) = m["sign"], _words(m)
    glued = not m[0].startswith(" ") and not m[0].endswith(" ")
    if sign[0] == "<" or (glued and sign not in RIGHT_ARROWS) or not right.strip(QUOTES):
        return f" {signs.names.get(sign, signs.names['→'])} "
    if _a_key(sign, left, right, signs):
        return f" {signs.names['→']} "
    if not left:
        return f"{signs.phrases['then']} "
    if left.isdigit() and right.strip(QUOTES).isdigit() and m.string.count(sign) > 1:
        return f", {signs.phrases['then']} "
    for fits, words in _READINGS:
        if fits(sign, left, right):
            return f" {signs.phrases[words] if words in signs.phrases else signs.between['→']} "
    comma = "" if left[-1] in ",;:.!?" else ","
    return f"{comma} {signs.phrases['then']} "


def _a_key(sign: str, left: str, right: str, signs: Signs) -> bool:
    word = left.strip(QUOTES)
    named = (word if len(word) == 1 else word.lower()) in signs.menus["press"].split()
    return sign in RIGHT_ARROWS and (named or right.lower().strip(QUOTES) in signs.menus["key_words"].split())


def _amounts(_sign: str, left: str, right: str) -> bool:
    return (left[-1].isdigit() or left[-1] in "%°₽$€£") and (right[0].isdigit() or right[0] in "$€£")


def _limit(_sign: str, left: str, right: str) -> bool:
    return len(left.strip(QUOTES)) == 1 and left[-1].isalpha() and right.strip(QUOTES).lstrip("-+−") in {"0", "∞"}


def _reaction(_sign: str, left: str, right: str) -> bool:
    return bool(FORMULA.search(left + right))


def _of_a_formula(sign: str, left: str, right: str) -> bool:
    short = min(len(left.strip(QUOTES)), len(right.strip(QUOTES))) < 2
    named = left.strip(QUOTES)[:1].isupper() and right.strip(QUOTES)[:1].isupper()
    code = sign[0] in "-=" and (left[-1] in ")]}" or right[0] in "([{")
    return short or code or (sign[0] == "=" and not named)


_READINGS: tuple[tuple[Callable[[str, str, str], bool], str], ...] = (
    (_limit, "tends"),
    (_reaction, "arrow"),
    (_amounts, "to"),
    (_of_a_formula, "arrow"),
)


def _step(m: re.Match[str], signs: Signs) -> str:
    left, right = (word.strip(QUOTES) for word in _words(m))
    words = m.string[max(0, m.start() - NEAR) : m.start()].lower().split()
    near = f"{CLAUSE.split(m.string[max(0, m.start() - NEAR) : m.start()])[-1]} {m['sign']} "
    near += CLAUSE.split(m.string[m.end() : m.end() + NEAR])[0]
    told = any(word.strip(QUOTES) in signs.menus["verbs"].split() for word in words)
    if m["sign"] != ">" or _is_step(left, right, told=told, many=near.count(f" {m['sign']} ") > 1):
        return f", {signs.phrases['then']} "
    return m[0]


def _is_step(left: str, right: str, *, told: bool, many: bool) -> bool:
    """Whether ``>`` stands between names: "File > Save as", but not a > b."""
    if left.isdigit() and right.isdigit():
        return many and int(left[:9]) < int(right[:9])
    if len(right) < 2 or not right[0].isalpha():
        return False
    capital = right[0].isupper()
    return (capital and (many or (left[:1].isupper() and len(left) > 1))) or (told and len(left) > 1)
