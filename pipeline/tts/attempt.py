"""One engine's try at one sentence: runs ahead of its reader, and is watched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from itertools import count
from typing import Protocol

from pipeline.events import AudioChunk, WordMark
from pipeline.flow import End, closing, prefetch
from pipeline.interfaces import Speech, Voice
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.alignment import Stretch, aligned, placed
from pipeline.tts.chunks import CHUNK_SECONDS, Chunks, Cut
from pipeline.tts.options import Wanted
from pipeline.tts.urgency import due

PIECES_AT_ONCE = 64
"""After so many pieces, and after the first, an engine that never waits for anything lets the others run."""


class MarkingSpeech(Protocol):
    """What an engine may have beside ``synthesize``, if it knows when it says which word."""

    def synthesize_marked(self, text: str, voice: Voice) -> AsyncIterator[bytes | WordMark]:
        """Like ``synthesize``, with a WordMark for each word, in any order with the sound: ``ms`` from the first sound,
        ``offset`` and ``length`` in *text*.
        """
        ...


class SpeechFailed(Exception):
    """The voice did not say the whole sentence; the engine's own error, if any, is the cause."""


class Attempt:
    """Asks *engine* for a sentence. ``open`` starts it; it then runs ahead, until the buffer is full, and must be
    closed. *ended* is called when the engine came to a good end.
    """

    def __init__(self, engine: Speech, wanted: Wanted, ended: Callable[[], None]) -> None:
        options = wanted.options
        self._engine = engine
        self._wanted = wanted
        self._ended = ended
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock() + options.first_audio
        self._chunks: Chunks | None = None
        self._stretches: list[Stretch] = []
        # No chunk is longer than CHUNK_SECONDS, so their number bounds the seconds.
        self._ahead = prefetch(self._sound, max(1, int(options.buffer_seconds / CHUNK_SECONDS)))
        self.given = 0
        """Bytes that the engine gave so far."""

    async def open(self) -> None:
        """Ask the engine; waits for nothing."""
        await self._ahead.__aenter__()

    async def close(self) -> None:
        """Stop the engine and wait until it has closed. Harmless when it is done."""
        await self._ahead.__aexit__(None, None, None)

    async def silence(self) -> SpeechFailed | None:
        """Wait for the first sound: None, or why the engine gave not a single byte."""
        in_time = await self._ready()
        if self.given:
            return None
        return _failure(await self._ahead.take()) if in_time else SpeechFailed("the voice stalled")

    async def take(self) -> AudioChunk:
        """The next chunk; the last one is ``final``. SpeechFailed when the engine failed, stalls or gives anything but
        sound.
        """
        if not await self._ready():
            raise SpeechFailed("the voice stalled")
        item = await self._ahead.take()
        if isinstance(item, End):
            raise _failure(item)
        return item

    def faded(self) -> list[AudioChunk]:
        """After a failure: the sound that is left, faded out."""
        return [] if self._chunks is None else list(map(self._chunk, self._chunks.faded()))

    async def _ready(self) -> bool:
        """Whether a chunk or the end came in time. The time moves with each piece, and stands while our buffer is full:
        an engine that waits for us is not slow.
        """
        stall = self._wanted.options.stall
        while not await self._ahead.ready(min(self._due - self._clock(), stall)):  # it may move to sooner as well
            if self._clock() >= self._due:
                return False
        return True

    async def _sound(self) -> AsyncGenerator[AudioChunk, None]:
        """The engine's pieces as chunks, in the engine's own task."""
        options, clock = self._wanted.options, self._clock
        due.set(self._wanted.due)  # of this task only
        self._rate = _rate(self._engine)
        self._chunks = chunks = Chunks(self._rate)
        most = options.max_sentence * self._rate * SAMPLE_BYTES
        async with closing(self._ask()) as pieces:
            numbers = count()
            async for piece in pieces:
                if not (sound := _sound_of(piece)):
                    self._note(piece)
                    await asyncio.sleep(0)
                    continue
                self._wanted.progress()
                self.given += len(sound)
                if self.given > most:
                    raise SpeechFailed("the voice does not come to an end")
                for cut in chunks.add(sound):
                    yield self._chunk(cut)
                if next(numbers) % PIECES_AT_ONCE == 0:
                    await asyncio.sleep(0)
                self._due = clock() + options.stall  # from now on the engine is asked again
        if not self.given:
            raise SpeechFailed("the voice gave no sound")
        self._ended()
        *parts, last = chunks.rest()
        for cut in parts:
            yield self._chunk(cut)
        yield self._chunk(last, final=True)

    def _ask(self) -> AsyncIterator[bytes | WordMark]:
        wanted = self._wanted
        marked = getattr(self._engine, "synthesize_marked", None) if wanted.word_timings else None
        if marked is None:
            return self._engine.synthesize(wanted.said, wanted.voice)
        self._stretches = aligned(wanted.sentence.text, wanted.said)
        pieces: AsyncIterator[bytes | WordMark] = marked(wanted.said, wanted.voice)
        return pieces

    def _note(self, piece: object) -> None:
        """Take in what is no sound, and no sign of life: it may come without end."""
        if isinstance(piece, WordMark) and self._chunks is not None and (word := placed(piece, self._stretches)):
            self._chunks.mark(word)
        if self._clock() > self._due:
            raise SpeechFailed("the voice stalled")

    def _chunk(self, cut: Cut, final: bool = False) -> AudioChunk:
        pcm, words = cut
        return AudioChunk(self._wanted.sentence.index, pcm, self._rate, final, words)


def _failure(end: AudioChunk | End) -> SpeechFailed:
    """What ended the engine's sound too soon; without a byte there is no chunk."""
    error = end.error if isinstance(end, End) else None
    if isinstance(error, SpeechFailed):
        return error
    failed = SpeechFailed("the engine failed")
    failed.__cause__ = error
    return failed


def _sound_of(piece: object) -> bytes:
    """A mark has none."""
    if isinstance(piece, bytes):  # nearly always; to make a union of types costs more than all else here
        return piece
    if isinstance(piece, WordMark):
        return b""
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise SpeechFailed(f"a voice yields bytes, not {type(piece).__name__}")


def _rate(speech: Speech) -> int:
    rate = speech.sample_rate
    if not isinstance(rate, int) or rate <= 0:
        raise SpeechFailed(f"a voice's sample_rate is a number of Hz, not {rate!r}")
    return rate
