"""Cuts a text into pieces of which espeak-ng says everything."""

import re
from collections.abc import Iterator
from itertools import accumulate

from pipeline.tts.divided import best_cut

PIECE_CHARS = 400
"""Longer texts are spoken in pieces: each one waits its turn, and no reader has more than one of them in memory.

Ordinary text of this length is 30 s of sound, 1.3 MB; the worst found (letters said by their names) 80 s, 3.5 MB.
"""

PIECE_PHONEMES = 1000
"""When a stretch without a pause has more, espeak-ng drops the rest in silence; when a word has more than 200, too."""

GAP = "\v"
"""White space that is put into a word which is too long. No other text has it: it is a control character."""

# Control characters (NUL would end the text, 0x01 begins an espeak command) and lone surrogates. Tab and newline are
# white space.
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_TOO_LONG = re.compile(r"\d{31,}|[^\W\d]{45}(?=[^\W\d])")
_COSTLY = re.compile(r"[\u1100-\u1dff\u2070-\U0010ffff]")  # not the letters of Vietnamese, nor dashes and quotes


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut *text* into pieces of which espeak-ng drops nothing, at the best places there are. Yield each with its index
    in *text*.

    Characters that cannot be spoken become spaces. Words that are too long get a ``GAP`` here and there.
    """
    text = _UNSPEAKABLE.sub(" ", text).rstrip()  # one for one, so that the index holds
    text = _TOO_LONG.sub(_with_gaps, text)
    end = 0
    while rest := text[end:].lstrip():
        start = len(text) - len(rest)
        window = _window(rest)
        end = start + (best_cut(window) if len(window) < len(rest) else len(window))
        yield start - text.count(GAP, 0, start), text[start:end].rstrip()


def _with_gaps(word: re.Match[str]) -> str:
    """Part a word now and then, a number behind each digit: a part of a number would be another number."""
    return GAP.join(word[0]) if word[0].isdecimal() else word[0] + GAP


def _window(text: str) -> str:
    """Give as much of the beginning of *text* as espeak-ng takes in one piece."""
    window = text[:PIECE_CHARS]
    return window[: sum(each <= PIECE_PHONEMES for each in accumulate(map(_phonemes, window)))]


def _phonemes(char: str) -> int:
    """Give the most phonemes that *char* may have: 10 for each digit of 777 in German, 12 for 漢 when it is named."""
    return 12 if char.isdecimal() or _COSTLY.match(char) else 2
