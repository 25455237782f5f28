"""Sentences that were spoken before, because assistants repeat themselves: in memory, and on disk if wanted.

What is remembered is sound, which anybody who can read the folder can hear; its text is only in a digest.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import structlog

from pipeline.flow import closing
from pipeline.interfaces import Speech, Voice
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.sound_files import SoundFiles

T = TypeVar("T")

PIECE_SECONDS = 0.2
"""What is remembered is given in pieces, as an engine would, and the loop has its turn between them."""

PART = 8
"""One sentence may take no more than this part of the room, so that a long one does not push out all others."""

DISK_SECONDS = 2.0
"""A disk that takes longer does not answer any more; it is left alone from then on."""

log = structlog.get_logger(scope="speech")


class CachedSpeech:
    """*speech*, which need not say a sentence twice; whatever else it can do, this can do too, uncached.

    A sentence is the same when *engine_key* (everything of the settings that changes the sound), the sample rate, the
    voice's name and language, and the text are. Only what was given to its end and read to its end is remembered; two
    readers of the same new sentence let it be said twice. *max_bytes* of sound are kept in memory and *max_disk_bytes*
    in *folder* (None: none), the least lately used go first. A disk that fails costs a line in the log, no sentence.
    """

    def __init__(
        self,
        speech: Speech,
        *,
        engine_key: str,
        max_bytes: int,
        folder: Path | None = None,
        max_disk_bytes: int = 0,
    ) -> None:
        self._speech = speech
        self._engine_key = engine_key
        self._memory = _Memory(max_bytes)
        self._files = SoundFiles(folder, max_disk_bytes) if folder is not None and max_disk_bytes else None
        self._most = max(max_bytes, max_disk_bytes if self._files else 0) // PART
        self._disk_failed = False

    @property
    def sample_rate(self) -> int:
        """See Speech."""
        return self._speech.sample_rate

    async def synthesize(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """See Speech."""
        key = self._key(text, voice)
        found = self._memory.get(key) or await self._read(key)
        if found is None:
            async with aclosing(self._synthesize(key, text, voice)) as sound:
                async for piece in sound:
                    yield piece
            return
        for piece in _pieces(found, self.sample_rate):
            yield piece
            await asyncio.sleep(0)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of an object that is not made yet; there is nothing behind it
            raise AttributeError(name)
        return getattr(self._speech, name)

    async def _synthesize(self, key: str, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """From the engine; remembered when all of it was given and taken."""
        heard = bytearray()
        whole = True
        source = self._speech.synthesize(text, voice)
        async with closing(source) as pieces:
            async for piece in pieces:
                whole = whole and isinstance(piece, bytes | bytearray) and len(heard) + len(piece) <= self._most
                if whole:
                    heard += piece
                yield piece
        if whole and heard and len(heard) % SAMPLE_BYTES == 0:
            await self._remember(key, bytes(heard))

    async def _remember(self, key: str, sound: bytes) -> None:
        self._memory.put(key, sound)
        files = self._files
        if files is not None:
            await self._on_disk(lambda: files.write(key, sound))

    async def _read(self, key: str) -> bytes | None:
        files = self._files
        if files is None:
            return None
        sound = await self._on_disk(lambda: files.read(key))
        if sound:
            self._memory.put(key, sound)
        return sound or None

    async def _on_disk(self, work: Callable[[], T]) -> T | None:
        """*work*, in a thread; None when the disk fails, which is told once."""
        try:
            async with asyncio.timeout(DISK_SECONDS):
                done = await asyncio.to_thread(work)
        except TimeoutError:
            self._files = None
            log.warning("the disk cache does not answer; it is off from now on", decision="off")
        except OSError as error:
            if not self._disk_failed:
                log.warning("the disk cache fails", decision="ignore", error=error.strerror, code=error.errno)
            self._disk_failed = True
        else:
            return done
        return None

    def _key(self, text: str, voice: Voice) -> str:
        parts = [self._engine_key, self.sample_rate, voice.name, voice.language, text]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class _Memory:
    """Sounds by key, at most so many bytes; the least lately used go first. Long ones are not taken in."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> bytes | None:
        if key in self._sounds:
            self._sounds.move_to_end(key)
        return self._sounds.get(key)

    def put(self, key: str, sound: bytes) -> None:
        if len(sound) > self._max_bytes // PART:
            return
        self._bytes += len(sound) - len(self._sounds.pop(key, b""))
        self._sounds[key] = sound
        while self._bytes > self._max_bytes:
            _, oldest = self._sounds.popitem(last=False)
            self._bytes -= len(oldest)


def _pieces(sound: bytes, sample_rate: int) -> Iterator[bytes]:
    size = max(1, int(sample_rate * PIECE_SECONDS)) * SAMPLE_BYTES
    for start in range(0, len(sound), size):
        yield sound[start : start + size]
