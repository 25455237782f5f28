"""What programs, paths, tags and colours are made of: dots, colons, hashes, flags and angle brackets."""

import re
from collections.abc import Callable

from pipeline.speakable.language import Signs

ANGLES = re.compile(r"<(/?[^\W\d_][\w.:-]{0,40}(?:, ?[\w.:]{1,40}){0,4} ?/?)>")
SHARP = re.compile(r"(?<![^\W_])([A-G])#(?!\w)")
REPEATED = re.compile(r"(?<!\w)#(\d)\1\1(?!\w)")
"""A colour in short: #333."""
HASHTAG = re.compile(
    r"(?<![\w&])#(?!(?:include|define|if|ifdef|ifndef|endif|pragma|region)\b|[0-9a-fA-F]{3,8}\b)(?=[^\W\d_]\w)"
)
EITHER = re.compile(r"\b(and|и)/(or|или)\b", re.IGNORECASE)
DRIVE = re.compile(r"(?<![^\W_])([A-Za-z]):(?=[\\/](?!/))")
DOTS = re.compile(r"(?<![^\s\\/*~])(\.{1,2})(?=[\\/]|(?<=[\\/*~]\.)\w|(?<!\.\.)[A-Za-z]\w)")
RATIO = re.compile(r"(?<=(?<![^\W_])[A-Za-z]):(?=[A-Za-z](?![^\W_]))")
DOT = re.compile(r"(?<=\s)\.(?=\s)")
"""This folder: find . -name."""
ANYTHING = re.compile(r"(?<![^\s(])\.\*(?!\w)")
WILDCARD = re.compile(r"(?<![^\s\"'(/\\])\*\.(?=\w)")
SCOPE = re.compile(r"(?<=\w)::(?=\w)")
NEGATION = re.compile(r"(?<!\S)!(?=[A-Za-z])|(?<=\s)!(?=,| [a-zа-я])")
FLAG = re.compile(r"(?<=\s)(--?)(?=[A-Za-z])")


def spoken(text: str, signs: Signs) -> str:
    """Return *text* with the signs of code in words where they need more than their names."""
    for mark, said in _SAID.items():
        if mark in text:
            text = said(text, signs)
    return text


def _slashes(text: str, signs: Signs) -> str:
    return EITHER.sub(signs.phrases["and_or"], text)


def _colons(text: str, signs: Signs) -> str:
    colon = signs.phrases["colon"]
    text = DRIVE.sub(rf"\1 {colon} ", text)
    return SCOPE.sub(f" {colon} {colon} ", RATIO.sub(f" {colon} ", text))


def _hashes(text: str, signs: Signs) -> str:
    text = REPEATED.sub(r"# \1 \1 \1", text)
    text = SHARP.sub(rf"\1 {signs.phrases['sharp']}", text)
    return HASHTAG.sub(f"{signs.phrases['hashtag']} ", text)


def _dots(text: str, signs: Signs) -> str:
    dot = signs.phrases["dot"]
    text = ANYTHING.sub(f"{dot} {signs.names['*']}", text)
    text = WILDCARD.sub(f"{signs.names['*']} {dot} ", text)
    text = DOT.sub(f"{dot} ", text)
    return DOTS.sub(lambda m: f"{dot} " * len(m[1]), text)


def _negations(text: str, signs: Signs) -> str:
    return NEGATION.sub(f"{signs.keys['!']} ", text)


def _flags(text: str, signs: Signs) -> str:
    return FLAG.sub(lambda m: f"{signs.phrases['dash']} " * len(m[1]), text)


def _angles(text: str, signs: Signs) -> str:
    return ANGLES.sub(rf" {signs.phrases['open_angle']} \1 {signs.phrases['close_angle']} ", text)


_SAID: dict[str, Callable[[str, Signs], str]] = {
    "/": _slashes,
    ":": _colons,
    "#": _hashes,
    ".": _dots,
    "!": _negations,
    "-": _flags,
    "<": _angles,
}
