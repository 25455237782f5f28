"""Leave out stage directions: ``*laughs*`` tells how something is said, and is not said itself."""

import re

from pipeline.speakable.language import vocabulary

_DIRECTION = re.compile(
    r"(?:(?<=^)|(?<=[.!?…:;,»”\"')—–*_] ))\(?(?P<mark>\*{1,2}|_)\(?"
    r"(?:[^\W\d_]+(?:ly|о) )?(?P<verb>[^\W\d_]+)(?P<rest>[^*_\n]{0,60})"
    r"(?P=mark)\)?[.!…]?(?=\s*$|\s+(?:[«“\"'(¿¡]?[^\W\d_a-zа-яё]|[*_]))"
)
"""At the edge of a sentence only: "she *laughs* at it" is stress."""

_WORDS = vocabulary("markup")
_MOST_WORDS = 9


def without_directions(text: str) -> str:
    """Return *text* without the stage directions at the edges of its sentences."""
    if "*" not in text and "_" not in text:
        return text
    without = _DIRECTION.sub(_shown, text)
    return text if without == text else re.sub(r"\s{2,}", " ", without).strip()


def _shown(m: re.Match[str]) -> str:
    is_direction = m["verb"].lower() in _WORDS["directions"] and len(m["rest"].split()) < _MOST_WORDS
    return "" if is_direction else m[0]
