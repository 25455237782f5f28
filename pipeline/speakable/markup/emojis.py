"""Leave emoji out, or say their names. Digits, #, *, ©, ® and ™ are emoji to Unicode, but not here."""

import re
import unicodedata
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType

KEYCAP = re.compile("(?<=[0-9#*])\ufe0f?\u20e3")

PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u2604\u2607-\u260f\u2613-\u2668\u2670-\u2712\u2714-\u2716\u2719-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u2328\u23cf"
    "\u23e9-\u23f3\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u3297\u3299]"
)
"""Unicode blocks of pictures, but no text arrows, stars, boxes and signs of music, and no U+2713, U+2717, U+2718, which
carry meaning in prose."""

SYMBOL = "[\u2194-\u2199\u21a9\u21aa\u2713\u2717\u2718\u2934\u2935\u2b05-\u2b07\u3030\u303d\u203c\u2049\u2139]\ufe0f"
"""Characters that become emoji with a variation selector."""

EMOJI = re.compile(
    f"(?:(?:{PICTURE}|{SYMBOL})[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*[\U000e0020-\U000e007f]*\u200d?)+"
)
LEFT_OVER = re.compile("[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]")
MAYBE = re.compile(f"{PICTURE}|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]")


def without_emoji(text: str, code: str, *, named: bool) -> str:
    """Return *text* without its emoji, or with their names in the language *code* if *named*.

    Equal emoji in a row are named once.
    """
    if text.isascii() or not MAYBE.search(text):
        return text
    text = KEYCAP.sub(" ", text)
    text = EMOJI.sub(lambda m: f" {_names(m[0], code)} " if named else " ", text)
    text = LEFT_OVER.sub("", text)
    return re.sub(r"\s+([.,;:!?])", r"\1", text)


@cache
def _package() -> ModuleType | None:
    """Return the ``emoji`` package, which knows names in several languages; None if it is not installed."""
    try:
        return import_module("emoji")
    except ImportError:
        return None


@lru_cache(maxsize=1024)
def _names(emoji: str, code: str) -> str:
    package = _package()
    if package is None:
        names = [unicodedata.name(sign, "").lower() for sign in emoji if re.match(PICTURE, sign)]
    else:
        language = code if code in package.LANGUAGES else "en"
        pieces = package.demojize(emoji, delimiters=("\n", "\n"), language=language).split("\n")
        names = [piece.replace("_", " ") for piece in pieces if any(map(str.isalpha, piece))]
    return ", ".join(dict.fromkeys(filter(None, names)))
