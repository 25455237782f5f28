"""How numbers are found and rewritten, whatever the language.

A number is looked at only where it begins a word and only as a whole word: ``A1-2025``, ``0x1F`` and ``report_2.txt``
never come near a rule. Rules are tried in order; the first that knows what to say wins, and what none knows stays.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

Say = Callable[[re.Match[str]], str | None]
"""What to say for a match; None = this rule does not know."""

Rule = tuple[re.Pattern[str], Say]

LEFT = r"(?:(?<![^\s(«“„‘—])|(?<=\s[\"'])|(?<=\A[\"']))"
RIGHT = r"(?=(?:[.,;:!?…)»”’—][\"']?)*+(?:\s|$))"
"""The edges of a number: white space, the ends of the text, brackets, quotes, end marks. No straight quotes: 5" is five
inches."""

SIGN = r"(?P<sign>[-−+±~≈]\s?)?"
DASH = r"\s?[-–—−]\s?"
START = re.compile(LEFT + r"[-−+±~≈$€£¥₽№½⅓¼¾]{1,2}\s?\d|" + LEFT + r"[\d½⅓⅔¼¾]")

OPERATOR = re.compile(r"[*+=<>/|×÷·x\u0445≠≤≥±^]|[=!<>:+/-]=|//|\*\*")
"""The second x is Cyrillic."""
SUBTRACTIONS = frozenset("-−")
WORD = re.compile(r"\S+")
AMOUNT_IN_FRONT = re.compile(r"\d ?[^\s\d]{0,5}\s\Z")
LIKE_A_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:19|20)\d\d")
DIGIT = re.compile(r"[\d½⅓⅔¼¾]")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NEAR = 48
"""Characters looked at for a neighbouring word: bounds the cost."""


def rewritten(text: str, rules: Sequence[Rule]) -> str:
    """*text* with the first rule that knows applied at every place where a number begins; one pass from the left."""
    pieces, done, at = [], 0, 0
    while (start := START.search(text, at)) is not None:
        end, said = _said(text, start.start(), rules)
        if said is not None:
            pieces += [text[done : start.start()], said]
            done = end
        at = end
    return "".join(pieces) + text[done:]


def _said(text: str, at: int, rules: Sequence[Rule]) -> tuple[int, str | None]:
    for pattern, say in rules:
        match = pattern.match(text, at)
        if match is not None and (said := say(match)) is not None:
            return match.end(), None if said == match[0] else said
    word = WORD.match(text, at)
    return (word.end() if word else at + 1), None


def in_front(m: re.Match[str]) -> str:
    """What stands before the match, as far as it is looked at."""
    return m.string[max(0, m.start() - NEAR) : m.start()]


def before(m: re.Match[str]) -> str:
    """The word in front of the match as written, with its punctuation; "" if none touches it through white space."""
    if not m.start() or not m.string[m.start() - 1].isspace():
        return ""
    words = in_front(m).split()
    return words[-1] if words else ""


def after(m: re.Match[str]) -> str:
    """The word behind the match as written; "" if punctuation comes first."""
    if m.end() >= len(m.string) or not m.string[m.end()].isspace():
        return ""
    words = m.string[m.end() : m.end() + NEAR].split(None, 1)
    return words[0] if words else ""


def in_formula(m: re.Match[str]) -> str | None:
    """A rule that keeps what stands beside an operator: ``5 * 3 = 15`` is no prose."""
    left, right = before(m), after(m)
    if OPERATOR.fullmatch(left) or OPERATOR.fullmatch(right):
        return m[0]
    if right in SUBTRACTIONS and right:
        rest = m.string[m.end() :].split(None, 2)
        return m[0] if len(rest) > 1 and rest[1][0].isdigit() else None
    if left in SUBTRACTIONS and left:
        words = in_front(m).split()
        return m[0] if len(words) > 1 and words[-2][-1].isdigit() else None
    return None


FORMULA: Rule = (re.compile(r"\d{1,3}(?: \d{3}){1,5}(?!\d)|\S+"), in_formula)


def between_amounts(m: re.Match[str]) -> bool:
    """Whether the sign of an amount, with spaces around it, stands behind another amount: 10 - 15 %, 5 m + 3 m."""
    return (
        m["sign"][-1:].isspace() and AMOUNT_IN_FRONT.search(m.string, max(0, m.start() - NEAR), m.start()) is not None
    )


def beside_a_number(m: re.Match[str]) -> str | None:
    """A rule that keeps numbers in a row: they may be one number, a code or a list, and each is read differently."""
    left, right = before(m), after(m)
    return m[0] if left[-1:].isdigit() or right[:1].isdigit() else None


def keeps(words: frozenset[str]) -> Say:
    """A rule's second half that keeps the match as it is when the word in front of it is one of *words*."""
    return lambda m: m[0] if before(m).lower() in words else None


def any_of(names: Iterable[str]) -> str:
    """Return the pattern of any of *names*, the longest first."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


def abbreviations(written_out: Mapping[str, str], left: str = r"(?<![\w.])") -> Callable[[str], str]:
    """Return a function that writes the abbreviations of a text out.

    *left*: what must be true in front of one. A dot that also ends the text is kept: the voice falls at it.
    """
    pattern = re.compile(rf"{left}({any_of(written_out)})(?=[\s,;:)]|$)")

    def whole(m: re.Match[str]) -> str:
        dot = "." if m.end() == len(m.string) and m[1].endswith(".") else ""
        return written_out[m[1]] + dot

    return lambda text: pattern.sub(whole, text)


def last_words(abbreviated: Iterable[str]) -> frozenset[str]:
    """Return the last words of abbreviations as ``Language.last_words`` holds them."""
    return frozenset(name.rstrip(".").lower().split()[-1] for name in abbreviated)


def is_day(day: int, month: int) -> bool:
    """Return whether some year has such a day."""
    return 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]
