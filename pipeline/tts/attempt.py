"""One engine's try at one sentence: runs ahead of its reader, and is watched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from itertools import count

from pipeline.events import AudioChunk, Notice, WordMark
from pipeline.flow import End, closing, prefetch
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.alignment import Stretch, aligned, placed
from pipeline.tts.chunks import CHUNK_SECONDS, Chunks, Cut
from pipeline.tts.convert import Converter, PcmFormat
from pipeline.tts.engines import Engine, Hz, Piece
from pipeline.tts.errors import SpeechFailed
from pipeline.tts.options import Wanted

PIECES_AT_ONCE = 64
"""An engine that never waits for anything lets the others run after its first piece and after each of so many more."""


class Attempt:
    """Asks *engine* for a sentence. ``open`` starts it; it then runs ahead, until the buffer is full, and must be
    closed. *ended* is called when the engine came to a good end.
    """

    def __init__(self, engine: Engine, wanted: Wanted, ended: Callable[[], None]) -> None:
        options = wanted.options
        self._engine = engine
        self._wanted = wanted
        self._ended = ended
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock() + options.first_audio_timeout_seconds
        self._chunks: Chunks | None = None
        self._hz: Hz | None = None
        self._stretches: list[Stretch] = []
        # No chunk is longer than CHUNK_SECONDS, so their number bounds the seconds.
        self._ahead = prefetch(self._sound, max(1, int(options.buffer_seconds / CHUNK_SECONDS)))
        self.given = 0
        """Bytes that the engine gave so far."""
        self.notices: list[Notice] = []
        """What the engine had to say before its sound."""

    def open(self) -> None:
        """Ask the engine; waits for nothing."""
        self._ahead.start()

    async def close(self) -> None:
        """Stop the engine and wait until it has closed. Harmless when it is done."""
        await self._ahead.aclose()

    async def silence(self) -> SpeechFailed | None:
        """Wait for the first sound. Give None when it comes, or the reason why the engine gave not a single byte."""
        in_time = await self._ready()
        if self.given:
            return None
        return _failure(self._ahead.pop()) if in_time else SpeechFailed("the voice stalled")

    def ready(self) -> AudioChunk | None:
        """Give the next chunk if it is there."""
        item = self._ahead.pop() if self._ahead.waiting() else None
        return item if not isinstance(item, End) else None

    async def take(self) -> AudioChunk:
        """Give the next chunk; the last one is ``final``. Raise SpeechFailed when the engine fails, stalls or gives
        anything but sound.
        """
        if not self._ahead.is_ready() and not await self._ready():
            raise SpeechFailed("the voice stalled")
        item = self._ahead.pop()
        if isinstance(item, End):
            raise _failure(item)
        return item

    def faded(self) -> list[AudioChunk]:
        """Give the sound that is left after a failure, faded out."""
        return [] if self._chunks is None else [self._chunk(cut) for cut in self._chunks.faded()]

    async def _ready(self) -> bool:
        """Tell whether a chunk or the end came in time. Each piece begins the time anew. The time stands while our
        buffer is full: an engine that waits for us is not slow.
        """
        stall = self._wanted.options.stall_timeout_seconds
        while not await self._ahead.ready(min(self._due - self._clock(), stall)):  # a piece may also bring it forward
            if self._clock() >= self._due:
                return False
        return True

    async def _sound(self) -> AsyncGenerator[AudioChunk, None]:
        """Yield the engine's pieces as chunks, in the engine's own task."""
        stall = self._wanted.options.stall_timeout_seconds
        numbers = count()
        async with closing(self._ask()) as pieces:
            async for piece in pieces:
                if not (sound := _sound_of(piece)):
                    self._note(piece)
                    await asyncio.sleep(0)
                    continue
                for cut in self._added(sound):
                    yield self._chunk(cut)
                if next(numbers) % PIECES_AT_ONCE == 0:
                    await asyncio.sleep(0)
                self._due = self._clock() + stall  # from now on the engine is asked again
        if self._chunks is None or not self.given:
            raise SpeechFailed("the voice gave no sound")
        self._ended()
        for cut in self._chunks.add(self._convert.flush()):
            yield self._chunk(cut)
        *parts, last = self._chunks.rest()
        for cut in parts:
            yield self._chunk(cut)
        yield self._chunk(last, final=True)

    def _added(self, sound: bytes) -> Iterator[Cut]:
        chunks = self._chunks or self._begun()
        self._count(sound)
        return chunks.add(self._convert.feed(sound))

    def _begun(self) -> Chunks:
        """Get ready for the first piece: by now the engine has told its rate."""
        own = self._own_rate = self._hz.rate if self._hz else _rate(self._engine)
        self._rate = self._wanted.rate(own)
        self._most_bytes = self._wanted.options.max_sentence_seconds * own * SAMPLE_BYTES
        self._convert = Converter(PcmFormat(own), self._rate)
        self._chunks = Chunks(self._rate)
        return self._chunks

    def _ask(self) -> AsyncIterator[Piece]:
        wanted = self._wanted
        marks = wanted.word_timings and self._engine.marks_words
        if marks:
            self._stretches = aligned(wanted.sentence.text, wanted.said)
        return self._engine.synthesize(wanted.said, wanted.voice, marks, wanted.due)

    def _count(self, sound: bytes) -> None:
        self._wanted.progress()
        self.given += len(sound)
        if self.given * self._wanted.voice.speaking_rate > self._most_bytes:
            raise SpeechFailed("the voice does not come to an end")

    def _note(self, piece: object) -> None:
        """Take in a piece without sound. It is no sign of life: such pieces may come without end."""
        match piece:
            case Hz() if self._chunks is None:
                self._hz = piece
            case Hz() if piece.rate != self._own_rate:
                raise SpeechFailed("the rate changes in the middle of a sentence")
            case Notice() if not self.notices:
                self.notices.append(piece)
            case WordMark() if word := placed(piece, self._stretches):
                (self._chunks or self._begun()).mark(word)
        if self._clock() > self._due:
            raise SpeechFailed("the voice stalled")

    def _chunk(self, cut: Cut, final: bool = False) -> AudioChunk:
        pcm, words = cut
        return AudioChunk(self._wanted.sentence.index, pcm, self._rate, final, words)


def _failure(end: AudioChunk | End) -> SpeechFailed:
    """Give the reason why the engine's sound ended too soon; without a byte there is no chunk."""
    error = end.error if isinstance(end, End) else None
    if isinstance(error, SpeechFailed):
        return error
    failed = SpeechFailed("the engine failed")
    failed.__cause__ = error
    return failed


def _sound_of(piece: object) -> bytes:
    """Return the bytes of *piece*; b"" for a mark."""
    if isinstance(piece, bytes):  # nearly always; to make a union of types costs more than all else here
        return piece
    if isinstance(piece, WordMark | Hz | Notice):
        return b""
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise SpeechFailed(f"pipeline.tts: synthesize must yield bytes, not {type(piece).__name__}")


def _rate(engine: Engine) -> int:
    rate = engine.sample_rate
    if not isinstance(rate, int) or rate <= 0:
        raise SpeechFailed(f"a voice's sample_rate is a number of Hz, not {rate!r}")
    return rate
