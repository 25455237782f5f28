"""The handlers, thin: a request becomes a turn, the pipeline's events become messages."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import structlog

from app import wire
from interceptors.base import identity
from interceptors.streams import Streams
from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence, TurnEvent
from pipeline.run import Stages, recite, run
from pipeline.stage import Voice
from protos import streaming_pb2 as pb


class StreamingServicer:
    """What stands behind the chain. Its context has, from the links: ``arrived``, ``progress`` and the session's
    metadata.
    """

    def __init__(self, stages: Stages, streams: Streams, *, welcome_text: str, voice_name: str) -> None:
        self._stages = stages
        self._streams = streams
        self._welcome_text = welcome_text
        self._voice_name = voice_name

    async def StreamAudio(self, request: pb.StreamRequest, context: Any) -> None:
        """Answer one prompt. Sends the initial metadata at once, so that the client knows it is admitted."""
        await context.send_initial_metadata(())
        turn = wire.turn(request, identity(context), context.time_remaining())
        tally = Tally(context.arrived)
        try:
            async with aclosing(run(turn, self._stages, context.progress)) as events:
                async for event in events:
                    await context.write(_message(event, turn.session_id, tally))
        finally:
            structlog.contextvars.bind_contextvars(**tally.figures())

    async def InterruptSession(self, request: pb.InterruptRequest, context: Any) -> pb.InterruptResponse:
        """End the running streams of a device, or of one session of it, and name them."""
        ended = await self._streams.interrupt(identity(context), request.hardware_id, request.session_id)
        message = f"{len(ended)} interrupted" if ended else "nothing was running"
        return pb.InterruptResponse(success=bool(ended), interrupted_sessions=ended, message=message)

    async def GenerateWelcomeAudio(self, request: pb.WelcomeRequest, context: Any) -> None:
        """Speak a given text, or the welcome text of the settings."""
        await context.send_initial_metadata(())
        text = request.text if request.text.strip() else self._welcome_text
        voice = Voice(request.voice, request.language)
        if self._stages.speech is not None:
            await context.write(wire.welcome_metadata(self._voice_name, self._stages.speech.sample_rate))
        async with aclosing(recite(text, voice, self._stages, context.progress)) as chunks:
            async for chunk in chunks:
                if chunk.pcm:
                    await context.write(pb.WelcomeResponse(audio_chunk=wire.audio(chunk)))
        await context.write(pb.WelcomeResponse(end_message="done"))


class Tally:
    """What one turn comes to: EndInfo's counts, and its times in milliseconds since the request arrived (0 = never)."""

    def __init__(self, arrived: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._arrived = arrived
        self._clock = clock
        self.sentence = 0
        self._counts: Counter[str] = Counter(sentences=0, commands=0, audio_samples=0)
        self._times: dict[str, float] = {"first_text_ms": 0.0, "first_audio_ms": 0.0}

    def text(self, sentence: int) -> None:
        """A sentence leaves."""
        self.sentence = sentence
        self._counts["sentences"] += 1
        self._times["first_text_ms"] = self._times["first_text_ms"] or self._now()

    def audio(self, samples: int) -> None:
        """Sound leaves."""
        self._counts["audio_samples"] += samples
        self._times["first_audio_ms"] = self._times["first_audio_ms"] or self._now()

    def command(self) -> None:
        """A command leaves."""
        self._counts["commands"] += 1

    def figures(self) -> dict[str, float]:
        """The counts and times as of now."""
        return {**self._counts, **self._times, "total_ms": self._now()}

    def _now(self) -> float:
        return round((self._clock() - self._arrived) * 1000, 3)


def _message(event: TurnEvent, session_id: str, tally: Tally) -> pb.StreamResponse:
    match event:
        case Sentence():
            tally.text(event.index)
            return wire.text_message(event)
        case AudioChunk():
            tally.audio(len(event.pcm) // wire.SAMPLE_BYTES)
            return wire.audio_message(event)
        case Command():
            tally.command()
            return wire.command_message(event, session_id, tally.sentence)
        case Notice():
            return wire.warning_message(event)
        case ModelEnd():
            return wire.end_message(event, tally.figures())
