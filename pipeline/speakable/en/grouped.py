"""English: money whose thousands are grouped by spaces, as in most of Europe."""

import re

from pipeline.speakable.en.amounts import CURRENCIES
from pipeline.speakable.en.units import FUNCTION_WORDS
from pipeline.speakable.rewriting import DASH

_MONEY = f"[{''.join(CURRENCIES)}]"
_GROUPED = r"\d{1,3}(?: \d{3}){1,4}(?:[.,]\d\d)?(?!\w| \d)"
GROUPED = re.compile(
    rf"(?:(?<={_MONEY})|(?<={_MONEY} ))(?P<behind>{_GROUPED})"
    rf"|(?<![\w.,])(?<!\d )(?P<before>{_GROUPED})(?=(?:{DASH}(?:{_GROUPED}))? ?{_MONEY})"
)
COUNTED = re.compile(rf"(?: ?{_MONEY})? ([a-z]{{1,24}}s)\b")
SURELY_GROUPED = re.compile(r".* (?:0\d\d|\d{3} \d{3})(?:[.,]\d\d)?")


def with_commas(text: str) -> str:
    """Return *text* with commas instead of spaces between the thousands of money: 1 000 ₽."""
    return GROUPED.sub(_with_commas, text) if any(sign in text for sign in CURRENCIES) else text


def _with_commas(m: re.Match[str]) -> str:
    """Group the thousands, but not in 5 100 € notes, which may be five notes."""
    counted = COUNTED.match(m.string, m.end())
    if counted and counted[1] not in FUNCTION_WORDS and not SURELY_GROUPED.fullmatch(m[0]):
        return m[0]
    decimals = re.sub(r"[.,](?=\d\d\Z)", ".", m[0])
    return decimals.replace(" ", ",")
