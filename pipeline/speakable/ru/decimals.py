"""Russian: whole numbers and decimals in words."""

from pipeline.speakable.ru.forms import cardinal
from pipeline.speakable.ru.grammar import kind

NUMBER = r"(?:\d{1,3}(?: \d{3}){1,5}(?!\d)|\d{1,3}(?:,\d{3}){2,5}(?![\d,])|\d{1,15})(?:[.,]\d{1,15})?(?![\d])"

_DENOMINATORS = {1: "десят", 2: "сот", 3: "тысячн"}
_ONE = {"n": "ая", "g": "ой", "d": "ой", "a": "ую", "i": "ой", "p": "ой"}
_MORE = {"n": "ых", "g": "ых", "d": "ым", "a": "ых", "i": "ыми", "p": "ых"}


def parts(number: str) -> tuple[int, str]:
    """Return the whole and the decimals of a written number: 1 234,5 or 1,234,567."""
    number = number.replace(" ", "")
    if number.count(",") > 1:
        number = number.replace(",", "")
    whole, _, decimals = number.replace(",", ".").partition(".")
    return int(whole), decimals


def speak(number: str, case: str = "n", gender: str = "m") -> str:
    """Return a number in words: "две целых пять десятых" for 2,5."""
    whole, decimals = parts(number)
    if not decimals:
        return cardinal(whole, case, gender)
    if len(decimals) > len(_DENOMINATORS):
        return f"{cardinal(whole)} запятая {' '.join(cardinal(int(digit)) for digit in decimals)}"
    return f"{wholes(whole, case)} {_counted(int(decimals), _DENOMINATORS[len(decimals)], case)}"


def wholes(number: int, case: str) -> str:
    """Return *number* before a fraction: "две целых"."""
    return _counted(number, "цел", case)


def _counted(number: int, stem: str, case: str) -> str:
    return f"{cardinal(number, case, 'f')} {stem}{(_ONE if kind(number) == 'one' else _MORE)[case]}"
