"""Speech by espeak-ng: many languages from one small package, without a network; robotic, and at once there.

espeak-ng is GPL-3 and an optional extra. It is loaded in worker processes only, see ``worker``.
"""

import asyncio
import importlib.util
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.languages import script_for, script_of
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.engines import Due, VoiceInfo, at_once
from pipeline.tts.espeak import worker as espeak_worker
from pipeline.tts.espeak.pieces import pieces
from pipeline.tts.espeak.pool import Pool
from pipeline.tts.espeak.process import EspeakFailed, EspeakUnavailable, WordEvent
from pipeline.tts.espeak.voices import Voices
from pipeline.tts.espeak.words import Marker

MAX_WORKERS = 2
"""One worker speaks a thousand times faster than a listener hears; the second keeps the voice up while the first is
replaced.
"""


SLOWEST = 80
"""The fewest words a minute that espeak-ng speaks. Above 450 it shortens the sound itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EspeakOptions:
    """The settings of the voice.

    ``voices``: espeak voice for a BCP-47 language.
    ``default_language``: when neither request nor script tell.
    ``rate``: 80-450 words a minute.
    ``pitch``: 0-100.
    ``gender``: male, female or empty.
    ``workers``: processes; 0 = by cores, two at most.
    """

    voices: Mapping[str, str]
    default_language: str
    rate: int
    pitch: int
    gender: str
    workers: int


class EspeakSpeech:
    """Speaks with espeak-ng. Calls may overlap: they queue for the workers, and the call whose listener falls silent
    first comes before the others.

    Raise ModuleNotFoundError when the extra is not installed. The names in ``voices`` are checked by ``start``, for
    only espeak knows them.
    """

    sample_rate = espeak_worker.SAMPLE_RATE
    marks_words = True
    rate_varies = False

    def __init__(self, options: EspeakOptions) -> None:
        self._options = options
        command = worker_command(_packages(), options.rate, options.pitch)
        workers = options.workers or max(1, min(MAX_WORKERS, (os.cpu_count() or 1) // 2))
        self._pool = Pool(command, workers)
        self._starting = asyncio.Lock()
        self._voices: Voices | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the workers, so that no sentence waits for it; does nothing when they run.

        Raise EspeakUnavailable (a ConnectionError) when espeak or its data cannot be loaded, and ValueError, with the
        key and the value, for a language or voice of the settings that espeak does not have.
        """
        await self._ready()

    async def synthesize(
        self, text: str, voice: Voice, marks: bool = False, due: Due = at_once
    ) -> AsyncGenerator[bytes | WordMark, None]:
        """Yield the sound of *text* in whole samples: a short piece first, then longer ones, up to a second.

        *text* is plain text, no SSML; nothing speakable in it gives nothing. The voice: see ``Voices.choose``. Closing
        the generator aborts the synthesis. Raise EspeakFailed (a ConnectionError) when the worker died after some
        sound was given, so that nothing is said twice, or died twice over this text; EspeakUnavailable when no worker
        can be started or the engine is closed.

        A WordMark comes before the sound in which its word begins. Words are separated by white space, without
        punctuation at their edges; ideographs are words by themselves. Marks grow in offset, never overlap, never go
        back in ms and are never later than the end of the sound. A word that espeak-ng says as one with its neighbour
        ("of the") has no mark. A word too long for espeak-ng is several, a number of more than 30 digits is said digit
        by digit.
        """
        chosen = (await self._ready()).choose(text, voice)
        samples, rate = 0, max(SLOWEST, round(self._options.rate * voice.speaking_rate))
        for start, piece in pieces(text):
            begins_ms, marker = 1000 * samples / self.sample_rate, Marker(piece, start)
            async with aclosing(self._speak(chosen, piece, marks, due, rate)) as sound:
                async for item in sound:
                    if isinstance(item, bytes):
                        samples += len(item) // SAMPLE_BYTES
                        yield item
                    elif mark := marker.mark(item[0], begins_ms + item[1]):
                        yield mark

    def reads_in(self, text: str, voice: Voice) -> str:
        """See Engine; empty before ``start``."""
        return "" if self._voices is None else self._voices.reads_in(text, voice)

    def knows(self, name: str) -> bool:
        """See Engine; True before ``start``."""
        return not name or self._voices is None or self._voices.knows(name)

    def fits(self, text: str, voice: Voice) -> bool:
        """See Engine. Every voice of espeak reads Latin letters; it names the letters of other scripts, one by one."""
        written = script_of(text)
        return written in ("", "latin", "other") or written == script_for(self.reads_in(text, voice) or written)

    async def voices(self) -> Sequence[VoiceInfo]:
        """List all voices that espeak has. Raises like ``start``."""
        return (await self._ready()).infos

    async def aclose(self) -> None:
        """End the workers and wait for them. Who still listens, or asks later, gets EspeakUnavailable."""
        self._closed = True
        async with self._starting:
            await self._pool.aclose()

    async def _ready(self) -> Voices:
        if self._closed:
            raise EspeakUnavailable("espeak is closed")
        async with self._starting:
            if self._voices is None:
                self._voices = await self._open()
        return self._voices

    async def _open(self) -> Voices:
        options = self._options
        catalogue = await self._pool.start()
        try:
            voices = Voices(catalogue, options.voices, options.default_language, options.gender)
            for voice in voices.configured:  # each reads its dictionary from the disk now, and shows that it can
                async for _ in self._speak(voice, "a", False, at_once):
                    pass
        except (ValueError, EspeakFailed, asyncio.CancelledError):
            await self._pool.aclose()
            raise
        return voices

    async def _speak(
        self, voice: str, piece: str, marks: bool, due: Due, words_a_minute: int = 0
    ) -> AsyncGenerator[bytes | WordEvent, None]:
        with closing(self._pool.submit(voice, piece, marks, due, words_a_minute)) as job:
            while (item := await job.read()) is not None:
                yield item


def worker_command(packages: str, rate: int, pitch: int) -> Sequence[str]:
    """Give the command that runs a worker: isolated, so that neither environment nor working folder change what it
    imports.
    """
    return (sys.executable, "-I", "-S", espeak_worker.__file__, packages, str(rate), str(pitch))


def _packages() -> str:
    """Find the folder that holds espeakng_loader, without importing it."""
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or not spec.origin:
        raise ModuleNotFoundError(
            "the espeak voice needs espeakng-loader: pip install 'stentor[espeak]'", name="espeakng_loader"
        )
    return str(Path(spec.origin).parent.parent)
