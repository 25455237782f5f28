"""Numbers in words, by num2words. The package is imported with the first number."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module
from typing import cast


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
