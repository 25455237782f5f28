"""Find formulas in a text: between the delimiters of LaTeX, and commands of LaTeX without any."""

import re

from pipeline.languages import CYRILLIC_LETTER
from pipeline.speakable.formulas.read import read
from pipeline.speakable.formulas.reader import TOKEN
from pipeline.speakable.formulas.words import commands, latex
from pipeline.speakable.language import Language

OPENER = re.compile(r"\\[$%&#]|\\\\|\\\[|\\\(|\$\$?|\\begin\{[a-z]{1,16}\*?\}|`+")
CLOSERS = {"\\[": "\\]", "\\(": "\\)", "$$": "$$", "$": "$"}
INLINE = 300
PROSE = re.compile(
    rf"(?<![\\A-Za-z{{])(?:[A-Za-z]?[a-z]{{3,}}|[A-Z][a-z]{{2}})(?![A-Za-z}}])|`|{CYRILLIC_LETTER.pattern}|\b(?:or|to|in|is|at|by|of|on|an|if|we|it|as)\b"
)
DOLLAR = re.compile(r"(?<!\\)\$")
MATHS = re.compile(r"\\[A-Za-z,;!{}%$]|[\^_=<>+*/|]|\A[-−\dA-Za-z.,()' ]{1,12}\Z")
GROUP = re.compile(r"\\[A-Za-z]+(?:\s*\{[^{}]*\})?|\{[^{}]*\}")
HALVES = re.compile(
    r"\\[\[(]|(?<!\()\\[\])]|\$\$|\\(?:begin|end)\{[a-z]+\*?\}|(?<![^\s(])\$(?=\\[a-z])|(?<=[}])\$(?![\w$])"
)
"""Delimiters whose other halves are in another segment."""
ROW = re.compile(r"&([=<>≤≥\\])|\\\\(?=\s*\Z)")
"""What is left of a row of equations that stands in a segment of its own."""
COMMAND = re.compile(r"(?<![A-Za-z:\\.])\\([A-Za-z]{2,20})(?![A-Za-z\\])")
MATHS_IN_FRONT = re.compile(
    r"(?:(?<!\S)(?:[\d.,]+|[A-Za-z](?:[_^(]\S{0,20})?|[-=+<>(){}\[\]|*/^_]+|[A-Za-z]\([A-Za-z]\)) )*"
    r"(?:[\dA-Za-z(){}^_=+*/.,-]{0,12})\Z"
)
KNOWN = frozenset(latex()["signs"]).union(*(commands(kind) for kind in ("sums", "fractions", "texts", "styles"))) | {
    *("sqrt", "left", "right", "quad", "binom", "vec", "overline", "hat", "begin", "sin", "cos", "tan", "log", "ln"),
}
WORD = re.compile(r"(?!d[a-z]\b)[^\W\d_]{2,}")
NEAR = 60


def spoken(text: str, language: Language) -> str:
    """Return *text* with its formulas in words, or in plain signs for a language whose words are not known."""
    if "$" not in text and "\\" not in text:
        return text
    text = _delimited(text, language)
    if "\\" in text or "$" in text:
        text = _bare(_without_halves(text), language)
    return text


def _delimited(text: str, language: Language) -> str:
    pieces, done, at = [], 0, 0
    absent: set[str] = set()
    while (opener := OPENER.search(text, at)) is not None:
        at = opener.end()
        end, piece = _piece(text, opener, absent, language)
        if end:
            pieces += [text[done : opener.start()], _spaced(text, opener.start(), piece, end)]
            done = at = end
    return "".join(pieces) + text[done:]


def _piece(text: str, opener: re.Match[str], absent: set[str], language: Language) -> tuple[int, str]:
    """Return where the formula at *opener* ends, and its words; 0 if there is none."""
    sign = opener[0]
    if sign[0] == "\\" and sign[1] in "$%&#":
        return opener.end(), sign[1]
    if sign.startswith("\\begin"):
        closer, start = f"\\end{sign[6:]}", opener.end()
    elif sign in CLOSERS:
        closer, start = CLOSERS[sign], opener.end()
    else:
        return 0, ""
    end = -1 if closer in absent else _end(text, closer, start)
    if end < 0:
        absent.add(closer)
        return 0, ""
    formula = text[opener.start() : end + len(closer)] if closer.startswith("\\end") else text[start:end]
    if not formula.strip() or (sign == "$" and not _is_inline(text, opener.start(), end, formula)):
        return 0, ""
    return end + len(closer), read(formula, language)


def _end(text: str, closer: str, start: int) -> int:
    if closer != "$":
        return text.find(closer, start)
    dollar = DOLLAR.search(text, start)
    return dollar.start() if dollar else -1


def _is_inline(text: str, start: int, end: int, formula: str) -> bool:
    """Whether the dollars are no prices and no names of variables."""
    behind, front = text[end + 1 : end + 2], text[start - 1 : start] if start else ""
    if len(formula) > INLINE or "\n" in formula or behind.isalnum() or front.isalnum():
        return False
    bare = formula
    for _ in range(3):
        bare = GROUP.sub(" ", bare)
    if formula != formula.strip() and "\\" not in formula:
        return False
    return not PROSE.search(bare) and bool(MATHS.search(formula))


def _spaced(text: str, start: int, piece: str, end: int) -> str:
    if len(piece) == 1 and not piece.isalnum():
        return piece
    left = " " if start and (text[start - 1].isalnum() or text[start - 1] in ".,;:") else ""
    right = " " if text[end : end + 1].isalnum() else ""
    return f"{left}{piece.strip()}{right}"


def _without_halves(text: str) -> str:
    return HALVES.sub(" ", ROW.sub(r"\1", text)) if "&" in text else HALVES.sub(" ", text)


def _bare(text: str, language: Language) -> str:
    """Say commands without delimiters, together with the signs, numbers and letters around them."""
    pieces, done = [], 0
    while (command := COMMAND.search(text, done)) is not None:
        if command[1] not in KNOWN:
            pieces.append(text[done : command.end()])
            done = command.end()
            continue
        front = MATHS_IN_FRONT.search(text, max(done, command.start() - NEAR), command.start())
        start = front.start() if front else command.start()
        end = _end_of_formula(text, command.start())
        pieces += [text[done:start], _spaced(text, start, read(text[start:end], language), end)]
        done = end
    return "".join(pieces) + text[done:]


def _end_of_formula(text: str, at: int) -> int:
    """Return where the formula at *at* ends: before the first word of prose, or at the end of the sentence."""
    depth, end = 0, at
    while (token := TOKEN.match(text, at)) is not None:
        depth += (token[0] == "{") - (token[0] == "}")
        if depth <= 0 and (WORD.match(text, at) or depth < 0 or _ends_sentence(text, at)):
            break
        at = token.end()
        if not token[0].isspace():
            end = at
    return end


def _ends_sentence(text: str, at: int) -> bool:
    return text[at] in ".;:!?,$`" and (at + 1 == len(text) or text[at + 1].isspace())
