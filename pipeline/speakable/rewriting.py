"""Find numbers and abbreviations, and rewrite them by the rules of a language.

Rules see a number only where it begins a word, and only as a whole word: ``A1-2025``, ``0x1F`` and ``report_2.txt``
never reach a rule. Rules are tried in order. The first that knows what to say wins; a number that none knows stays.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

Say = Callable[[re.Match[str]], str | None]
"""Returns what to say for a match; None = this rule does not know."""

Rule = tuple[re.Pattern[str], Say]

LEFT = r"(?:(?<![^\s(«“„‘—])|(?<=\s[\"'])|(?<=\A[\"'])|(?<=\([\"']))"
RIGHT = r"(?=(?:(?<=[^\W\d]|[%°])[\"'])?(?:[.,;:!?…)»”’—][\"']?)*+(?:\s|$))"
"""The edges of a number: white space, the ends of the text, brackets, quotes, end marks. 5" is five inches, but the
quotation mark of "$7 million" is one."""

SIGN = r"(?P<sign>[-−+±~≈]\s?)?"
DASH = r"\s?[-–—−]\s?"
START = re.compile(LEFT + r"[-−+±~≈$€£¥₽₹₩₺₴₪₫₦₱฿₿₸№½⅓¼¾]{1,2}\s?\d|" + LEFT + r"[\d½⅓⅔¼¾⅕-⅞]")

OPERATOR = re.compile(r"[*+=<>/|×÷·x\u0445≠≤≥±^]|[=!<>:+/-]=|//|\*\*")
"""The second x is Cyrillic."""
SUBTRACTIONS = frozenset("-−")
WORD = re.compile(r"\S+")
AMOUNT_IN_FRONT = re.compile(r"\d ?[^\s\d]{0,5}\s\Z")
LIKE_A_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:1\d|20)\d\d")
DIGIT = re.compile(r"[\d½⅓⅔¼¾⅕-⅞]")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NEAR = 48
"""Characters searched for a neighbouring word; bounds the cost."""


def rewritten(text: str, rules: Sequence[Rule]) -> str:
    """Return *text* with every number as the first rule says that knows; one pass from the left."""
    pieces, done, at = [], 0, 0
    while (start := START.search(text, at)) is not None:
        end, words = _first_known(text, start.start(), rules)
        if words is not None:
            pieces += [text[done : start.start()], words]
            done = end
        at = end
    return "".join(pieces) + text[done:]


def _first_known(text: str, at: int, rules: Sequence[Rule]) -> tuple[int, str | None]:
    for pattern, say in rules:
        match = pattern.match(text, at)
        if match is not None and (words := say(match)) is not None:
            return match.end(), None if words == match[0] else words
    word = WORD.match(text, at)
    return (word.end() if word else at + 1), None


def in_front(m: re.Match[str]) -> str:
    """Return the ``NEAR`` characters before the match."""
    return m.string[max(0, m.start() - NEAR) : m.start()]


def before(m: re.Match[str]) -> str:
    """Return the word in front of the match with its punctuation; "" if no white space separates them."""
    if not m.start() or not m.string[m.start() - 1].isspace():
        return ""
    words = in_front(m).rsplit(None, 1)
    return words[-1] if words else ""


def after(m: re.Match[str]) -> str:
    """Return the word behind the match with its punctuation; "" if punctuation comes first."""
    if m.end() >= len(m.string) or not m.string[m.end()].isspace():
        return ""
    words = m.string[m.end() : m.end() + NEAR].split(None, 1)
    return words[0] if words else ""


def in_formula(m: re.Match[str]) -> str | None:
    """Keep a number beside an operator: ``5 * 3 = 15`` is not prose. A rule."""
    left, right = before(m), after(m)
    if OPERATOR.fullmatch(left) or OPERATOR.fullmatch(right):
        return m[0]
    if right in SUBTRACTIONS:
        rest = m.string[m.end() : m.end() + NEAR].split(None, 2)
        if len(rest) > 1 and rest[1][0].isdigit():
            return m[0]
    if left in SUBTRACTIONS:
        words = in_front(m).split()
        return m[0] if len(words) > 1 and words[-2][-1].isdigit() else None
    return None


def rule(pattern: str, say: Say) -> Rule:
    """Return the rule for *pattern* as a whole word."""
    return re.compile(pattern + RIGHT), say


FORMULA: Rule = (re.compile(r"\d{1,3}(?: \d{3}){1,5}(?!\d)|\S+"), in_formula)


def sign_in_words(m: re.Match[str], signs: Mapping[str, str], may_be_a_command: Callable[[str], bool]) -> str | None:
    """Return the sign of an amount as one of *signs*.

    None between amounts (10 - 15 %, 5 m + 3 m), and where a hyphen may be the flag of a command (``kill -9``).
    """
    written = m["sign"] or ""
    sign = written.strip()
    if written[-1:].isspace() and AMOUNT_IN_FRONT.search(m.string, max(0, m.start() - NEAR), m.start()):
        return None
    unsure = sign in {"-", "+"} and (written != sign or may_be_a_command(before(m)))
    return None if unsure and not m.groupdict().get("unit") else signs[sign]


def beside_a_number(m: re.Match[str]) -> str | None:
    """Keep numbers in a row: they may be one number, a code or a list, each read differently. A rule."""
    left, right = before(m), after(m)
    return m[0] if left[-1:].isdigit() or right[:1].isdigit() else None


def keeps(words: frozenset[str]) -> Say:
    """Return the second half of a rule that keeps the match behind any of *words*."""
    return lambda m: m[0] if before(m).lower() in words else None


def any_of(names: Iterable[str]) -> str:
    """Return the pattern of any of *names*, the longest first."""
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


def abbreviations(written_out: Mapping[str, str], left: str = r"(?<![\w.])") -> Callable[[str], str]:
    """Return a function that writes the abbreviations of a text out.

    *left* is the pattern in front of one. A dot that also ends the text is kept, since the voice falls at it.
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
