"""The sound of what the server itself says, such as why an answer failed: made once, and kept."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace

import structlog

from pipeline.events import AudioChunk, Sentence
from pipeline.interfaces import Voice
from pipeline.pcm import SAMPLE_BYTES, whole
from pipeline.tts.chunks import Chunks, fade_out
from pipeline.tts.convert import Converter, PcmFormat
from pipeline.tts.errors import SpeechFailed, why
from pipeline.tts.stage import SpeechStage, spoken

MOST_SECONDS = 10.0
"""A longer sound is faded out there."""

MOST_BYTES = 3 * 1024 * 1024
"""So is a larger one, at rates beyond those of any speech: gRPC's clients take messages of 4 MiB."""

FADE_SECONDS = 0.05

KEPT_BYTES = 32 * 1024 * 1024
"""Of sound, for each voice. What was wanted least lately goes first."""

AT_ONCE = 4
"""Sentences that one voice makes at a time."""

MAKE_SECONDS = 30.0
"""A voice that takes longer for a sentence has failed."""

REST_SECONDS = 10.0
"""A voice that failed is not asked for so long, so that a dead one holds up one failure and not each."""

VOICE_SECONDS = 0.3
"""A sentence waits so long for its voice where another one can say it."""

LAST_VOICE_SECONDS = 2.0
"""And so long for the last one. What comes later is kept for the next time."""

Key = tuple[str, Voice, int]
"""Text, how it is said, and Hz; 0 = the voice's own."""

log = structlog.get_logger(scope="speech")


class OwnSound:
    """Says sentences of the server's own with *voice*, or, where that fails or dawdles, with *stand_in*, which speaks
    every language that is asked for and may start at its first sentence.

    Takes no place of an answer and waits for no queue of answers. Nothing that a voice does raises.
    """

    def __init__(self, voice: SpeechStage | None, stand_in: SpeechStage | None = None) -> None:
        self._voices = [OwnVoice(voice, speaks_all=False)] if voice is not None else []
        self._voices += [OwnVoice(stand_in, speaks_all=True)] if stand_in is not None else []

    async def said(self, text: str, voice: Voice, rate: int = 0) -> AudioChunk | None:
        """Return the sound of *text* as one chunk of sentence 0, at most 10 s; None where no voice can say it in time.

        *voice* has a language such as "en" and a speed, and no name; *rate* is in Hz, 0 = the voice's own. However many
        ask for the same at once, it is made once.
        """
        fitting = [each for each in self._voices if each.speaks(text, voice)]
        for own in fitting:
            limit = LAST_VOICE_SECONDS if own is fitting[-1] else VOICE_SECONDS
            if chunk := await own.sound(text, voice, rate, limit):
                return chunk
        return None

    async def prepare(self, sentences: Iterable[tuple[str, Voice]], rate: int = 0) -> None:
        """Make the sound of *sentences*, as ``said`` takes them, with every voice that can, one after the other."""
        for text, voice in sentences:
            began = _now()
            for own in self._voices:
                if own.speaks(text, voice):
                    await own.sound(text, voice, rate, MAKE_SECONDS)
            await asyncio.sleep(_now() - began)  # answers come first: half of the time is theirs

    async def aclose(self) -> None:
        """Stop what is being made. Nothing is said any more."""
        for voice in self._voices:
            await voice.aclose()


def pieces(chunk: AudioChunk) -> list[AudioChunk]:
    """Cut *chunk* as the sound of a sentence is cut, for its way to the client."""
    chunks = Chunks(chunk.sample_rate)
    cuts = [*chunks.add(chunk.pcm), *chunks.rest()]
    return [replace(chunk, pcm=pcm) for pcm, _ in cuts if pcm]


class OwnVoice:
    """One voice and the sound that it made."""

    def __init__(self, speech: SpeechStage, speaks_all: bool) -> None:
        self._speech = replace(speech, options=replace(speech.options, on_failure="abort", prefetch=0))
        self._speaks_all = speaks_all
        self._kept: OrderedDict[Key, AudioChunk] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, tuple[float, asyncio.Task[AudioChunk | None]]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._rests_until = float("-inf")
        self._closed = False

    def speaks(self, text: str, voice: Voice) -> bool:
        """Tell whether the voice, or its fallback, is one for the language of *voice*."""
        try:
            return self._speaks_all or any(speaker.engine.fits(text, voice) for speaker in self._speech.speakers)
        except Exception as error:
            log.debug("a voice does not tell its languages", decision="skip", exc_info=error)
            return False

    async def sound(self, text: str, voice: Voice, rate: int, limit: float) -> AudioChunk | None:
        """Return the sound of *text*, kept or made; None if the voice fails, rests, or takes longer than *limit* s."""
        first = self._speech.speakers[0].engine
        key = text, voice, 0 if rate == first.sample_rate and not first.rate_varies else rate
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._making and (self._closed or _now() < self._rests_until or self._dawdles(limit)):
            return None
        since, task = self._making.get(key) or self._begin(key)
        # Nobody waits anew for what others have been waiting for too long.
        await asyncio.wait({task}, timeout=max(0.0, since + limit - _now()))
        return task.result() if task.done() and not task.cancelled() else None

    async def aclose(self) -> None:
        """Cancel what is being made, and wait for it."""
        self._closed = True
        tasks = [task for _, task in self._making.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _dawdles(self, limit: float) -> bool:
        """Tell whether the voice has been at another sentence for *limit* s."""
        return any(_now() - since >= limit for since, _ in self._making.values())

    def _begin(self, key: Key) -> tuple[float, "asyncio.Task[AudioChunk | None]"]:
        begun = _now(), asyncio.create_task(self._made(key))
        self._making[key] = begun
        begun[1].add_done_callback(lambda _: self._making.pop(key))
        return begun

    async def _made(self, key: Key) -> AudioChunk | None:
        text, voice, rate = key
        try:
            if rate and (own := await self.sound(text, voice, 0, MAKE_SECONDS)):
                return self._keep(key, await _converted(own, rate))
            if rate:
                return None
            async with self._room, asyncio.timeout(MAKE_SECONDS):
                return self._keep(key, await _spoken(self._speech, text, voice))
        except Exception as error:  # noqa: BLE001  (foreign code; the failure that was to be said is still told)
            self._rests_until = _now() + REST_SECONDS
            reason = "it took too long" if isinstance(error, TimeoutError) else why(error)
            log.warning("a voice could not say why an answer failed", decision="skip", why=reason)
            return None

    def _keep(self, key: Key, chunk: AudioChunk) -> AudioChunk:
        self._kept[key] = chunk
        self._bytes += len(chunk.pcm)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].pcm)
        return chunk


async def _spoken(speech: SpeechStage, text: str, voice: Voice) -> AudioChunk:
    """Let the stage say *text* as an answer of one sentence. Raise what it raises."""
    parts: list[bytes] = []
    rate, size = 0, 0
    async with aclosing(spoken(_alone(text), speech, voice, lambda: None)) as events:
        async for event in events:
            if isinstance(event, AudioChunk):
                parts.append(event.pcm)
                rate, size = event.sample_rate, size + len(event.pcm)
                if size > _most(rate):
                    break
    if not size:
        raise SpeechFailed("the voice gave no sound")
    return AudioChunk(0, _cut(b"".join(parts), rate), rate)


async def _alone(text: str) -> AsyncGenerator[Sentence, None]:
    yield Sentence(1, text)


async def _converted(chunk: AudioChunk, rate: int) -> AudioChunk:
    """Change the rate in a thread: without soxr, a sentence takes longer than other streams may wait."""
    if rate == chunk.sample_rate:
        return chunk
    pcm = await asyncio.to_thread(_resampled, chunk, rate)
    return AudioChunk(0, _cut(pcm, rate), rate)


def _resampled(chunk: AudioChunk, rate: int) -> bytes:
    convert = Converter(PcmFormat(chunk.sample_rate), rate)
    return convert.feed(chunk.pcm) + convert.flush()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _most(rate: int) -> int:
    return whole(min(MOST_BYTES, int(MOST_SECONDS * rate) * SAMPLE_BYTES))


def _cut(pcm: bytes, rate: int) -> bytes:
    most = _most(rate)
    return pcm if len(pcm) <= most else fade_out(pcm[:most], int(FADE_SECONDS * rate) * SAMPLE_BYTES)
