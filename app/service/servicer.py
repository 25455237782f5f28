"""The handlers, thin: a request becomes a turn, the pipeline's events become messages."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import structlog

from app.service import wire
from app.service.early_input import Conversation, EarlyInput, key_of
from app.service.own_words import NO_VOICE_HZ
from app.service.speculation import Guesses
from interceptors.base import ANONYMOUS, identity
from interceptors.streams import Streams
from pipeline.events import (
    AudioChunk,
    Command,
    ModelEnd,
    Notice,
    Sentence,
    TurnEvent,
)
from pipeline.interfaces import Message, Turn, Voice
from pipeline.memory.answer import Answer
from pipeline.memory.memory import ProcessMemory
from pipeline.pcm import SAMPLE_BYTES
from pipeline.run import Stages, recite
from protos import streaming_pb2 as pb

SentEvent = Sentence | AudioChunk | Command | ModelEnd
"""The events that have a message. A Notice rides on one."""


class StreamingServicer:
    """What stands behind the chain. Its context has, from the links: ``arrived``, ``progress`` and the session's
    metadata.
    """

    def __init__(
        self,
        stages: Stages,
        streams: Streams,
        memory: ProcessMemory | None,
        early: EarlyInput,
        guesses: Guesses,
        conversation: Conversation,
        *,
        welcome_text: str,
        voice_names: tuple[str, str],
    ) -> None:
        self._stages = stages
        self._streams = streams
        self._memory = memory
        self._conversation = conversation
        self._early = early
        self._guesses = guesses
        self._rate = stages.speech.sample_rate if stages.speech is not None else NO_VOICE_HZ
        self._welcome_text = welcome_text
        self._voice_name, self._fallback_name = voice_names

    async def StreamAudio(self, request: pb.StreamRequest, context: Any) -> None:
        """Answer one prompt. Sends the initial metadata at once, so that the client knows it is admitted."""
        await context.send_initial_metadata(())
        who = identity(context)
        self._early.commit(request, who)
        # Without auth and device nobody can be told from anybody else: nothing is remembered.
        memory = self._memory if who != ANONYMOUS or request.hardware_id else None
        key, answer = self._conversation(request, who), Answer(request.prompt)
        history: tuple[Message, ...] = ()
        if memory is not None:
            if request.HasField("heard"):
                memory.hear(key, wire.heard(request))
            history = memory.recall(key)
            memory.begin(key, answer)
        turn = wire.turn(request, who, history, context.time_remaining())
        tally = Tally(context.arrived)
        source = self._guesses.answer(key_of(request, who), turn, context.progress, marks_words=memory is not None)
        try:
            async with (
                aclosing(source),
                aclosing(carried(source, self._rate)) as events,
            ):
                async for event, notice in events:
                    message = _message(event, turn, tally)
                    if notice is not None:
                        wire.carry(message, notice)
                    await context.write(message)
                    if not is_own(event):
                        tally.sent(event)
                        answer.sent(event)
        finally:
            structlog.contextvars.bind_contextvars(**tally.figures())
            if memory is not None:
                memory.end(key, answer)

    async def InterruptSession(self, request: pb.InterruptRequest, context: Any) -> pb.InterruptResponse:
        """End the running streams of a device, or of one session of it, and name them. What was heard counts, whether
        or not any was running.
        """
        if self._memory is not None and request.HasField("heard"):
            self._memory.hear(self._conversation(request, identity(context)), wire.heard(request))
        ended = await self._streams.interrupt(identity(context), request.hardware_id, request.session_id)
        message = f"{len(ended)} interrupted" if ended else "nothing was running"
        return pb.InterruptResponse(success=bool(ended), interrupted_sessions=ended, message=message)

    async def GenerateWelcomeAudio(self, request: pb.WelcomeRequest, context: Any) -> None:
        """Speak a given text, or the welcome text of the settings. The metadata waits for the first sound: only then is
        it known who speaks.
        """
        await context.send_initial_metadata(())
        text = request.text if request.text.strip() else self._welcome_text
        voice = Voice(request.voice, request.language)
        told = False
        async with aclosing(recite(text, voice, self._stages, context.progress)) as chunks:
            async for chunk in chunks:
                if chunk.pcm:
                    if not told:
                        told = True
                        await context.write(self._welcome_metadata(chunk.stands_in, chunk.sample_rate))
                    await context.write(pb.WelcomeResponse(audio_chunk=wire.audio(chunk)))
        if not told and self._stages.speech is not None:
            await context.write(self._welcome_metadata(False, self._stages.speech.sample_rate))
        await context.write(pb.WelcomeResponse(end_message="done"))

    def _welcome_metadata(self, stands_in: bool, sample_rate: int) -> pb.WelcomeResponse:
        name = self._fallback_name if stands_in else self._voice_name
        return wire.welcome_metadata(name, sample_rate)


def is_own(event: SentEvent) -> bool:
    """Tell whether *event* is sound of the server's own, which is no part of the answer."""
    return isinstance(event, AudioChunk) and not event.sentence


class Tally:
    """What was really sent of one turn: EndInfo's counts, and its times in milliseconds since the request arrived (0 =
    never).
    """

    def __init__(self, arrived: float) -> None:
        self._arrived = arrived
        self.sentence = 0
        self._sentences = self._commands = self._audio_samples = 0
        self._first_text_ms = self._first_audio_ms = 0.0

    def sent(self, event: SentEvent) -> None:
        """*event* has left."""
        match event:
            case AudioChunk():
                self._audio_samples += len(event.pcm) // SAMPLE_BYTES
                if event.pcm:
                    self._first_audio_ms = self._first_audio_ms or self._now()
            case Sentence():
                self.sentence = event.index
                self._sentences += 1
                self._first_text_ms = self._first_text_ms or self._now()
            case Command():
                self._commands += 1

    def figures(self) -> dict[str, float]:
        """The counts and times as of now."""
        return {
            "sentences": self._sentences,
            "commands": self._commands,
            "audio_samples": self._audio_samples,
            "first_text_ms": self._first_text_ms,
            "first_audio_ms": self._first_audio_ms,
            "total_ms": self._now(),
        }

    def _now(self) -> float:
        return round((time.monotonic() - self._arrived) * 1000, 3)


async def carried(source: AsyncIterator[TurnEvent], rate: int) -> AsyncGenerator[tuple[SentEvent, Notice | None], None]:
    """Yield *source* with each notice beside the event whose message carries it.

    A notice that ends its sentence rides on a chunk without data, of *rate* Hz; any other one on the next event. A
    message carries one: those that are left before the last event, or before an error, get such chunks too.
    """
    waiting: list[Notice] = []

    def told(notice: Notice) -> tuple[SentEvent, Notice]:
        return AudioChunk(notice.sentence, b"", rate, notice.final), notice

    try:
        async for event in source:
            if isinstance(event, Notice) and event.final:
                yield told(event)
            elif isinstance(event, Notice):
                # WORKING rides on the first chunk of its own sound.
                waiting.insert(0 if event.reason == wire.WORKING else len(waiting), event)
            else:
                while isinstance(event, ModelEnd) and len(waiting) > 1:
                    yield told(waiting.pop(0))
                yield event, waiting.pop(0) if waiting else None
    except Exception:
        while waiting:
            yield told(waiting.pop(0))
        raise


def _message(event: SentEvent, turn: Turn, tally: Tally) -> pb.StreamResponse:
    match event:
        case AudioChunk():
            return wire.audio_message(event, turn.word_timings)
        case Sentence():
            return wire.text_message(event)
        case Command():
            return wire.command_message(event, turn.session_id, tally.sentence)
        case ModelEnd():
            return wire.end_message(event, tally.figures())
