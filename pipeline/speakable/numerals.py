"""Numbers as words, by num2words, which is imported when the first number comes."""

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
    """Whether numbers can become words: num2words comes with the extra ``normalize``."""
    return _num2words() is not None


@lru_cache(maxsize=4096)
def words(number: int, language: str, to: str = "cardinal", **how: str | bool) -> str:
    """*number* in words; only to be called where ``available()``. ``how``: num2words' own keywords."""
    say = _num2words()
    return str(number) if say is None else say(number, lang=language, to=to, **how)
