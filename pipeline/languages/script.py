"""Scripts, alphabets and language tags: the one place that says which letters are Cyrillic."""

import re
from collections.abc import Iterator
from functools import lru_cache

# For use within the brackets of a regular expression.
RUSSIAN_LETTERS = "А-Яа-яЁё"
OTHER_CYRILLIC_LETTERS = r"\u0400\u0402-\u040f\u0450\u0452-\u0481\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66e\ua680-\ua69d"
_CYRILLIC = RUSSIAN_LETTERS + OTHER_CYRILLIC_LETTERS

CYRILLIC_LETTER = re.compile(f"[{_CYRILLIC}]")

_SCRIPTS = {
    "latin": r"\u0000-\u036f\u1e00-\u1fff",
    "cyrillic": _CYRILLIC,
    "arabic": r"\u0590-\u089f\ufb50-\ufdff\ufe70-\ufeff",
    "devanagari": r"\u0900-\u097f",
    "hangul": r"\uac00-\ud7af\u1100-\u11ff",
    "cjk": r"\u2e80-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U00031fff",
}
SCRIPTS = frozenset(_SCRIPTS)
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}])" for name, letters in _SCRIPTS.items()))

CYRILLIC_LANGUAGES = frozenset({"ba", "be", "bg", "cv", "kk", "ky", "mk", "nog", "ru", "sr", "tt", "uk"})
"""Languages that are written in Cyrillic and that a voice may speak."""

_SHARED = frozenset("абвгдежзклмнопрстуфхцчш")
_RUSSIAN = _SHARED | frozenset("ийщъыьэюяё")
ALPHABETS = {
    "be": _SHARED | frozenset("ійыьэюяёў"),
    "bg": _SHARED | frozenset("ийщъьюя"),
    "kk": _RUSSIAN | frozenset("әғқңөұүһі"),
    "mk": _SHARED | frozenset("иѓјљњќџѕ"),
    "ru": _RUSSIAN,
    "sr": _SHARED | frozenset("иђјљњћџ"),
    "uk": _SHARED | frozenset("иійщьюяїєґ"),
}
"""The small letters of Cyrillic alphabets. Those of the other Cyrillic languages contain all Russian letters."""


@lru_cache(maxsize=4096)
def script(char: str) -> str:
    """Return the script of the letter *char*: one of ``SCRIPTS``, or "other"."""
    match = _SCRIPT.match(char)
    return (match and match.lastgroup) or "other"


_SCRIPT_LANGUAGES = {
    "cyrillic": CYRILLIC_LANGUAGES,
    "arabic": frozenset({"ar", "ckb", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}),
    "devanagari": frozenset({"bho", "hi", "kok", "mai", "mr", "ne", "sa"}),
    "hangul": frozenset({"ko"}),
    "cjk": frozenset({"cmn", "hak", "ja", "jp", "nan", "wuu", "yue", "zh"}),
    "other": frozenset(
        {"am", "as", "bn", "bpy", "chr", "el", "grc", "gu", "hy", "ka", "kn", "lo", "ml", "my", "or", "pa", "si", "ta"}
        | {"te", "th", "ti"}
    ),
}


def script_of(text: str) -> str:
    """Return the script that a reader of *text* has to know: its first one that is not Latin, else "latin"; "" where
    there are no letters.
    """
    scripts = dict.fromkeys(script(char) for char in text if char.isalpha())
    return next((each for each in scripts if each != "latin"), "latin" if scripts else "")


def script_for(tag: str) -> str:
    """Return the script in which the language of *tag* is written."""
    language = base_tag(tag)
    return next((name for name, languages in _SCRIPT_LANGUAGES.items() if language in languages), "latin")


def is_cyrillic(text: str) -> bool:
    """Return whether *text* has any Cyrillic letter."""
    return CYRILLIC_LETTER.search(text) is not None


def base_tag(tag: str) -> str:
    """Return the language of a BCP-47 *tag* without script and region: "ru" for "ru-RU" and "RU_ru"."""
    return _plain(tag).partition("-")[0]


def tag_forms(tag: str) -> Iterator[str]:
    """Yield *tag* in small letters, then its shorter forms: en-gb-oxendict, en-gb, en."""
    form = _plain(tag)
    while form:
        yield form
        form = form.rpartition("-")[0]


def _plain(tag: str) -> str:
    return tag.lower().replace("_", "-")
