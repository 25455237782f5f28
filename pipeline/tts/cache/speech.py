"""Remembers sentences that were spoken, because assistants repeat themselves: in memory, and on disk if wanted.

Anybody who can read the folder can hear the sound; its text is only in a digest.
"""

import asyncio
import hashlib
import json
import struct
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import structlog

from pipeline.events import WordMark
from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.pcm import SAMPLE_BYTES
from pipeline.time_limit import time_limit
from pipeline.tts.cache.sound_files import SoundFiles
from pipeline.tts.engines import Due, Engine, Hz, Piece, at_once

P = ParamSpec("P")
T = TypeVar("T")

PIECE_SECONDS = 0.2
"""Remembered sound is given in pieces, as an engine would do it; the loop has its turn between them."""

PART = 8
"""A sentence takes at most an eighth of the room, so that a long one does not push out all others."""

DISK_SECONDS = 2.0
"""A disk that takes longer counts as dead: it is left alone from then on."""

_FORM = "with its Hz and its words"
"""How sound is remembered. What an earlier version left on the disk is not found."""

_HEAD = struct.Struct("<II")
"""Stands before the sound in a file: its Hz, and the number of words that stand between the two."""

_WORD = struct.Struct("<IId")

Sound = tuple[int, bytes, tuple[WordMark, ...]]
"""Remembered sound: its Hz, its samples, and its words if they were asked for."""

log = structlog.get_logger(scope="speech")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """How much is remembered.

    ``max_bytes``: of sound in memory.
    ``folder``: for sound on disk; None = none is kept there.
    ``max_disk_bytes``: of sound in the folder.
    ``engine_key``: everything in the settings that changes the sound.
    """

    max_bytes: int
    folder: Path | None
    max_disk_bytes: int
    engine_key: str


class CachedSpeech:
    """*engine*, which need not say a sentence twice.

    A sentence is the same when ``engine_key``, the sample rate, the voice's name, language and speaking rate, the text,
    and whether its words are marked are. Only a sentence that was given to its end and read to its end is remembered;
    two readers of the same new sentence let it be said twice. The least lately used sentences go first. A disk that
    fails costs a line in the log, no sentence.
    """

    def __init__(self, engine: Engine, options: CacheOptions) -> None:
        self._engine = engine
        self._engine_key = options.engine_key
        self._memory = _Memory(options.max_bytes)
        self._files = SoundFiles(options.folder, options.max_disk_bytes) if options.folder is not None else None
        self._most = max(options.max_bytes, options.max_disk_bytes if self._files else 0) // PART
        self._disk_failed = False
        self.marks_words, self.rate_varies = engine.marks_words, engine.rate_varies
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    @property
    def sample_rate(self) -> int:
        return self._engine.sample_rate

    def synthesize(self, text: str, voice: Voice, marks: bool = False, due: Due = at_once) -> AsyncIterator[Piece]:
        key = self._key(text, voice, marks)
        return self._sound(key, lambda: self._engine.synthesize(text, voice, marks, due))

    async def _sound(self, key: str, say: Callable[[], AsyncIterator[Piece]]) -> AsyncGenerator[Piece, None]:
        remembered = self._memory.get(key) or await self._read(key)
        pieces = self._said(key, say()) if remembered is None else self._again(*remembered)
        async with closing(pieces) as sound:
            async for piece in sound:
                yield piece

    async def _again(self, rate: int, sound: bytes, words: tuple[WordMark, ...]) -> AsyncGenerator[Piece, None]:
        if rate != self.sample_rate:
            yield Hz(rate)
        for word in words:
            yield word
        size = max(1, int(rate * PIECE_SECONDS)) * SAMPLE_BYTES
        for start in range(0, len(sound), size):
            yield sound[start : start + size]
            await asyncio.sleep(0)

    async def _said(self, key: str, given: AsyncIterator[Piece]) -> AsyncGenerator[Piece, None]:
        heard, whole, rate, words = bytearray(), True, self.sample_rate, list[WordMark]()
        async with closing(given) as pieces:
            async for piece in pieces:
                if isinstance(piece, Hz):
                    rate = piece.rate
                elif isinstance(piece, WordMark):
                    words.append(piece)
                elif not isinstance(piece, bytes | bytearray) or len(heard) + len(piece) > self._most:
                    whole = False
                elif whole:
                    heard += piece
                yield piece
        if whole and heard and len(heard) % SAMPLE_BYTES == 0:
            await self._remember(key, (rate, bytes(heard), tuple(words)))

    async def _remember(self, key: str, sound: Sound) -> None:
        self._memory.put(key, sound)
        if self._files is not None:
            await self._on_disk(self._files.write, key, _packed(*sound))

    async def _read(self, key: str) -> Sound | None:
        file = await self._on_disk(self._files.read, key) if self._files is not None else None
        if not file:
            return None
        sound = _unpacked(file)
        self._memory.put(key, sound)
        return sound

    async def _on_disk(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | None:
        """Do *work* in a thread. Give None when the disk fails, and log its first failure."""
        try:
            async with time_limit(DISK_SECONDS):
                return await asyncio.to_thread(work, *given, **named)
        except TimeoutError:
            self._files = None
            log.warning("the disk cache does not answer; it is off from now on", decision="off")
        except OSError as error:
            if not self._disk_failed:
                log.warning("the disk cache fails", decision="ignore", error=error.strerror, code=error.errno)
            self._disk_failed = True
        return None

    def _key(self, text: str, voice: Voice, marks: bool) -> str:
        parts = [_FORM, self._engine_key, self.sample_rate, *astuple(voice), text, marks]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _packed(rate: int, pcm: bytes, words: tuple[WordMark, ...]) -> bytes:
    marks = b"".join(_WORD.pack(word.offset, word.length, word.ms) for word in words)
    return _HEAD.pack(rate, len(words)) + marks + pcm


def _unpacked(file: bytes) -> Sound:
    rate, count = _HEAD.unpack_from(file)
    begin = _HEAD.size + count * _WORD.size
    return rate, file[begin:], tuple(WordMark(*word) for word in _WORD.iter_unpack(file[_HEAD.size : begin]))


class _Memory:
    """Sounds by key, at most *max_bytes*; the least lately used go first. Long ones are not taken in."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sounds: OrderedDict[str, Sound] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Sound | None:
        if key in self._sounds:
            self._sounds.move_to_end(key)
        return self._sounds.get(key)

    def put(self, key: str, sound: Sound) -> None:
        size = len(sound[1])
        if size > self._max_bytes // PART:
            return
        self._bytes += size - len(self._sounds.pop(key, (0, b"", ()))[1])
        self._sounds[key] = sound
        while self._bytes > self._max_bytes:
            _, (_, oldest, _) = self._sounds.popitem(last=False)
            self._bytes -= len(oldest)
