"""Makes speech faster or slower and keeps its pitch, for voices that cannot do so themselves, or not exactly.

Sonic does it, which screen readers use too; libsonic (Apache-2.0) is an optional extra.
"""

import importlib
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

from pipeline.events import Notice, WordMark
from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.pcm import whole
from pipeline.tts.engines import Due, Engine, Piece, at_once

LOUDEST = 32767.0
NEEDED = ("libsonic", "numpy")


class Stretched:
    """*engine* at the speaking rate of the request. Word marks move with their words.

    Without libsonic an engine that *sets_speed*, if only about right, does it; any other one speaks at its own speed,
    and a Notice says so.
    """

    def __init__(self, engine: Engine, *, sets_speed: bool = False) -> None:
        self._engine = engine
        self._sets_speed = sets_speed
        self.marks_words, self.rate_varies = engine.marks_words, engine.rate_varies
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    @property
    def sample_rate(self) -> int:
        return self._engine.sample_rate

    def synthesize(self, text: str, voice: Voice, marks: bool = False, due: Due = at_once) -> AsyncIterator[Piece]:
        if voice.speaking_rate == 1:
            return self._engine.synthesize(text, voice, marks, due)
        if any(importlib.util.find_spec(name) is None for name in NEEDED):
            pieces = self._engine.synthesize(text, voice, marks, due)
            return pieces if self._sets_speed else _told(pieces)
        pieces = self._engine.synthesize(text, replace(voice, speaking_rate=1.0), marks, due)
        return self._stretched(pieces, voice.speaking_rate)

    async def _stretched(self, pieces: AsyncIterator[Piece], rate: float) -> AsyncGenerator[Piece, None]:
        stretcher = Stretcher(self.sample_rate, rate)
        async with closing(pieces) as given:
            async for piece in given:
                if isinstance(piece, bytes | bytearray | memoryview):
                    if pcm := stretcher.feed(bytes(piece)):
                        yield pcm
                else:
                    yield replace(piece, ms=piece.ms / rate) if isinstance(piece, WordMark) else piece
        if pcm := stretcher.flush():
            yield pcm


async def _told(pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece, None]:
    """Yield *pieces* behind the warning that they are not as fast as the client asked."""
    yield Notice("SPEAKING_RATE", "the voice has one speed: the extra speed is not installed", 0)
    async with closing(pieces) as given:
        async for piece in given:
            yield piece


class Stretcher:
    """Makes mono int16 of *sample_rate* Hz, cut anywhere, *rate* times as fast. Sound comes out some 20 ms late."""

    def __init__(self, sample_rate: int, rate: float) -> None:
        self._held = b""
        self._stream: Any = None
        if rate != 1:
            self._numpy = importlib.import_module("numpy")
            self._stream = importlib.import_module("libsonic").SonicStream(sample_rate, 1)
            self._stream.set_speed(rate)

    def feed(self, pcm: bytes) -> bytes:
        """Take *pcm* in and give what is ready, maybe nothing."""
        if self._stream is None:
            return pcm
        pcm = self._held + pcm
        size = whole(len(pcm))
        self._held = pcm[size:]
        self._stream.write((self._numpy.frombuffer(pcm[:size], dtype="<i2") / LOUDEST).tolist())
        return self._ready()

    def flush(self) -> bytes:
        """Give the rest, once."""
        if self._stream is None:
            return b""
        self._stream.flush()
        return self._ready()

    def _ready(self) -> bytes:
        if not (count := self._stream.available_frames()):
            return b""
        samples = self._numpy.array(self._stream.read(count)).clip(-1.0, 1.0) * LOUDEST
        pcm: bytes = samples.astype("<i2").tobytes()
        return pcm
