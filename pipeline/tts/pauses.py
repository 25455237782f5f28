"""Gives every sentence the same pause at its end, however much silence the engine puts around its sound."""

import asyncio
import sys
from array import array
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from operator import mul

from pipeline.events import WordMark
from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.pcm import SAMPLE_BYTES, whole
from pipeline.tts.engines import Due, Engine, Hz, Piece, at_once

QUIETEST = 32768 * 10 ** (-50 / 20)
"""The RMS of a frame, as int16, from which on it is sound: -50 dBFS, below every consonant."""

FRAMES = 100
"""Frames in a second. One is kept in front of the first sound."""

FADING_SECONDS = 0.03
"""What stays behind the last sound though the pause be shorter: a consonant fades away in it."""

HELD_SECONDS = 10.0
"""The longest silence that is held back: what an engine gives beyond it passes, and counts for the sentence's limit."""


class Paused:
    """*engine* with *sentence_pause_ms* of silence behind the last sound of each sentence, and none in front of the
    first. The pause follows the speaking rate of the request. Word marks move with their words.
    """

    def __init__(self, engine: Engine, sentence_pause_ms: int) -> None:
        self._engine = engine
        self._ms = sentence_pause_ms
        self.marks_words, self.rate_varies = engine.marks_words, engine.rate_varies
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    @property
    def sample_rate(self) -> int:
        return self._engine.sample_rate

    def synthesize(self, text: str, voice: Voice, marks: bool = False, due: Due = at_once) -> AsyncIterator[Piece]:
        return self._trimmed(self._engine.synthesize(text, voice, marks, due), self._ms / voice.speaking_rate)

    async def _trimmed(self, pieces: AsyncIterator[Piece], pause_ms: float) -> AsyncGenerator[Piece, None]:
        trimmer = Trimmer(self.sample_rate, pause_ms)
        async with closing(pieces) as given:
            async for piece in given:
                for ready in (passed := trimmer.take(piece)):
                    yield ready
                if not passed:
                    await asyncio.sleep(0)  # an engine that waits for nothing must not keep the others waiting
        for ready in trimmer.end():
            yield ready


class Trimmer:
    """Trims the silence around mono int16 of *sample_rate* Hz, cut anywhere, to *pause_ms* at its end."""

    def __init__(self, sample_rate: int, pause_ms: float) -> None:
        self._pause_ms = pause_ms
        self._rest = b""  # not yet a frame
        self._held = bytearray()  # silence: the last of that in front, then that behind the last sound
        self._dropped = 0
        self._began = False
        self._early: list[WordMark] = []  # they move by the silence in front, whose length is not known yet
        self._tune(sample_rate)

    def take(self, piece: Piece) -> list[Piece]:
        """Take in what an engine yields, and give what is ready."""
        match piece:
            case bytes() | bytearray() | memoryview():
                pcm = self.feed(bytes(piece))
                return [*self._marks(), pcm] if pcm else []
            case WordMark():
                self._early.append(piece)
                return self._marks() if self._began else []
            case Hz():
                self._tune(piece.rate)
        return [piece]

    def end(self) -> list[Piece]:
        """Give all that is left, once."""
        pcm = self.flush()
        return [*self._marks(), pcm] if pcm else self._marks()

    def _tune(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._frame = sample_rate // FRAMES * SAMPLE_BYTES
        self._pause, self._fading, self._most = (
            round(sample_rate * seconds) * SAMPLE_BYTES
            for seconds in (self._pause_ms / 1000, FADING_SECONDS, HELD_SECONDS)
        )

    def feed(self, pcm: bytes) -> bytes:
        """Take *pcm* in and give what is certainly not the silence at an end, maybe nothing."""
        pcm = self._rest + pcm
        size = len(pcm) - len(pcm) % self._frame
        self._rest = pcm[size:]
        return self._judged(pcm[:size])

    def flush(self) -> bytes:
        """Give the rest and the pause, once. Of a sentence that is silent that is the pause, but at least a frame: only
        a sentence of which nothing came has nothing.
        """
        sound = self._judged(self._rest[: whole(len(self._rest))])
        if not self._began:
            return bytes(max(self._pause, self._frame)) if self._dropped or self._held else b""
        end = bytes(self._held[: max(self._fading, self._pause)])
        return sound + end + bytes(max(0, self._pause - len(end)))

    def _marks(self) -> list[Piece]:
        """Give the marks that waited, without the silence that was dropped in front."""
        dropped_ms = 1000 * self._dropped / SAMPLE_BYTES / self._rate
        early, self._early = self._early, []
        return [replace(mark, ms=max(0.0, mark.ms - dropped_ms)) for mark in early]

    def _judged(self, pcm: bytes) -> bytes:
        """Give *pcm* and what was held, up to the last sound."""
        if not self._began:
            pcm = self._from_first_sound(pcm)
        if not pcm:
            return b""
        last = (len(pcm) - 1) // self._frame * self._frame
        frames = range(last, -1, -self._frame)
        end = next((at + self._frame for at in frames if is_sound(pcm[at : at + self._frame])), 0)
        given = len(self._held) + min(end, len(pcm)) if end else 0
        self._held += pcm
        given = max(given, len(self._held) - self._most)
        sound = bytes(self._held[:given])
        del self._held[:given]
        return sound

    def _from_first_sound(self, pcm: bytes) -> bytes:
        """Drop the silence in front, but for the last frame of it; until there is a sound, hold that one."""
        first = next((at for at in range(0, len(pcm), self._frame) if is_sound(pcm[at : at + self._frame])), None)
        self._began = first is not None
        before = bytes(self._held) + pcm[: len(pcm) if first is None else first]
        kept = before[-self._frame :]
        self._dropped += len(before) - len(kept)
        self._held[:] = kept
        return b"" if first is None else pcm[first:]


def is_sound(frame: bytes) -> bool:
    """Tell whether *frame* of int16 is louder than silence."""
    samples = array("h", frame)
    if sys.byteorder == "big":
        samples.byteswap()
    power: int = sum(map(mul, samples, samples))
    return power > QUIETEST * QUIETEST * len(samples)
