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
_RUSSIAN_VERB = re.compile("[а-яё]{2,20}(?:(?:[аяеую]|ив)ет(?:ся)?|ится)")
"""He or she does so; in small letters, with which no sentence begins."""
_MOST_WORDS = 9


def without_directions(text: str) -> str:
    """Return *text* without the stage directions at the edges of its sentences."""
    if "*" not in text and "_" not in text:
        return text
    without = _DIRECTION.sub(_shown, text)
    return text if without == text else re.sub(r"\s{2,}", " ", without).strip()


def _shown(m: re.Match[str]) -> str:
    is_verb = m["verb"].lower() in _WORDS["directions"] or (m["mark"] == "*" and _RUSSIAN_VERB.fullmatch(m["verb"]))
    is_direction = is_verb and len(m["rest"].split()) < _MOST_WORDS
    return "" if is_direction else m[0]
