"""Asks a voice for no more text at once than it can say."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import replace

from pipeline.events import WordMark
from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.pcm import seconds_of
from pipeline.tts.engines import Due, Engine, Hz, Piece, at_once

_CUTS = tuple(map(re.compile, (r"[.!?…]\s+|[。！？]\s*|\n", r"[,;:]\s+|[、，；：]\s*", r"\s+")))
"""Places for a cut, the best ones first: behind a sentence, behind a comma, between words."""


def best_cut(text: str) -> int:
    """Give the last of the best places in *text* for a cut; its end when there is none."""
    for mark in _CUTS:
        ends = [match.end() for match in mark.finditer(text)]
        if ends:
            return ends[-1]
    return len(text)


def divided(text: str, most: int) -> Iterator[tuple[int, str]]:
    """Cut *text* into parts of at most *most* characters. Yield each with its index in *text*."""
    end = 0
    while rest := text[end:].lstrip():
        start = len(text) - len(rest)
        end = len(text) if len(rest) <= most else start + best_cut(rest[:most])
        yield start, text[start:end].rstrip()


class Divided:
    """*engine*, which gets at most *max_spoken_chars* characters at once. The parts of a text are said one after the
    other.
    """

    def __init__(self, engine: Engine, max_spoken_chars: int) -> None:
        self._engine = engine
        self._most = max_spoken_chars
        self.marks_words, self.rate_varies = engine.marks_words, engine.rate_varies
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    @property
    def sample_rate(self) -> int:
        return self._engine.sample_rate

    def synthesize(self, text: str, voice: Voice, marks: bool = False, due: Due = at_once) -> AsyncIterator[Piece]:
        if len(text) <= self._most:
            return self._engine.synthesize(text, voice, marks, due)
        return self._parts(text, voice, marks, due)

    async def _parts(self, text: str, voice: Voice, marks: bool, due: Due) -> AsyncGenerator[Piece, None]:
        seconds, rate = 0.0, self.sample_rate
        for start, part in divided(text, self._most):
            begins_ms = 1000 * seconds
            async with closing(self._engine.synthesize(part, voice, marks, due)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, bytes):
                        seconds += seconds_of(piece, rate)
                    elif isinstance(piece, Hz):
                        rate = piece.rate
                    elif isinstance(piece, WordMark):
                        piece = replace(piece, offset=piece.offset + start, ms=piece.ms + begins_ms)
                    yield piece
