"""Numbers in words, by num2words, which is imported with the first number; and the values of Roman numerals."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import cast

_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@cache
def _num2words() -> Callable[..., str] | None:
    try:
        return cast(Callable[..., str], import_module("num2words").num2words)
    except ImportError:
        return None


def available() -> bool:
    """Return whether num2words is installed; it comes with the extra ``normalize``."""
    return _num2words() is not None


@lru_cache(maxsize=4096)
def words(number: int, language: str, to: str = "cardinal", **how: str | bool) -> str:
    """Return *number* in words. Call it only where ``available()``. ``how``: keywords of num2words."""
    say = _num2words()
    return str(number) if say is None else say(number, lang=language, to=to, **how)


def roman_value(numeral: str) -> int:
    """Return the value of a Roman numeral."""
    total = highest = 0
    for letter in reversed(numeral):
        value = _ROMAN[letter]
        highest = max(highest, value)
        total += -value if value < highest else value
    return total
