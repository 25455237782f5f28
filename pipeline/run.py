"""Joins the stages for one turn: model, segmenter, commands, speech. Each is an async generator over the one before
it.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pipeline.commands.stage import Extractor, checked
from pipeline.errors import BuiltInError
from pipeline.events import AudioChunk, CheckedEvent, Sentence, TurnEvent
from pipeline.flow import prefetch
from pipeline.interfaces import Model, Turn, Voice
from pipeline.segmenter.stage import Patience, ReleasingSegmenter, segments, sentences
from pipeline.tts.stage import SpeechStage, spoken
from pipeline.working import Pulse, Working, attended

DELTAS_AHEAD = 32
"""How far the model may run ahead of a slow reader: some sentences. Then the reading of the model stops too."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of every turn of the process.

    ``segmenter`` makes one for each turn. ``hold``: seconds that a finished sentence waits for its next character;
    ``clause``: seconds without sound after which a clause of an unfinished one is said, 0 = never;
    ``first_clause``: the first sentence may be cut where a speaker would breathe, for an early first sound.
    ``on_invalid``: a refused command is a Notice (``warn``) or ends the turn (``abort``). ``speech`` None: text and
    commands only. ``most_chars``: a longer answer ends there with LENGTH. ``working``: what is said while the model
    writes nothing; None = nothing.
    """

    model: Model
    segmenter: Callable[[], ReleasingSegmenter]
    commands: Extractor
    speech: SpeechStage | None
    hold: float
    on_invalid: str
    most_chars: int = sys.maxsize
    clause: float = 0.0
    working: Working | None = None
    first_clause: bool = False


def nobody() -> None:
    """Nobody watches the progress."""


def run(
    turn: Turn,
    stages: Stages,
    progress: Callable[[], None] = nobody,
    marks_words: bool = False,
    asked: asyncio.Event | None = None,
) -> AsyncGenerator[TurnEvent, None]:
    """Yield the events of one turn in order, ModelEnd last. *marks_words*: also where the client did not ask for it.

    *progress* is called at every sign of life of the model and of the voice. An answer without a word or a command is
    MODEL_UNAVAILABLE; otherwise raises what the stages raise. A turn that is only guessed at is *asked* later: until
    then only its first sentence is spoken.
    """
    rates: dict[str, int] = {}

    def rate(hz: int) -> int:
        return rates.setdefault("answer", hz) if hz else rates.get("answer", 0)

    written = partial(stages.model.stream, turn)
    if stages.working is None:
        return _answer(written, turn, stages, progress, marks_words, rate, asked)
    pulse = Pulse()
    answer = partial(_answer, lambda: pulse.of(written()), turn, stages, progress, marks_words, rate, asked)
    return attended(answer, turn, stages.working, pulse, rate, asked)


async def _answer(
    written: Callable[[], AsyncIterator[Any]],
    turn: Turn,
    stages: Stages,
    progress: Callable[[], None],
    marks_words: bool,
    rate: Callable[[int], int],
    asked: asyncio.Event | None,
) -> AsyncGenerator[TurnEvent, None]:
    voice = Voice(turn.voice, turn.language, turn.speaking_rate)
    marks = marks_words or turn.word_timings
    patience = Patience(stages.hold, stages.clause, stages.first_clause)
    async with (
        prefetch(written, DELTAS_AHEAD) as items,
        aclosing(segments(items, stages.segmenter, patience, progress, stages.most_chars)) as cut,
        aclosing(checked(cut, stages.commands, stages.on_invalid)) as answer,
        aclosing(_held(answer, asked) if asked else answer) as ready,
        aclosing(spoken(ready, stages.speech, voice, progress, marks, turn.prompt, rate=rate)) as events,
    ):
        async for event in events:
            yield event


async def _held(source: AsyncIterator[CheckedEvent], asked: asyncio.Event) -> AsyncGenerator[CheckedEvent, None]:
    """Yield *source*. What stands behind the first sentence waits until the turn is *asked*."""
    async for event in source:
        yield event
        if isinstance(event, Sentence):
            await asked.wait()


async def recite(
    text: str, voice: Voice, stages: Stages, progress: Callable[[], None] = nobody
) -> AsyncGenerator[AudioChunk, None]:
    """Speak a given text; no model.

    There is no text beside the sound, so a sentence that can't be spoken ends it with SPEECH_FAILED.
    """
    if stages.speech is None:
        raise BuiltInError("UNAVAILABLE", "SPEECH_FAILED", "this server has no voice")
    speech = replace(stages.speech, options=replace(stages.speech.options, on_failure="abort"))
    async with (
        aclosing(sentences(text, stages.segmenter())) as cut,
        aclosing(spoken(cut, speech, voice, progress, prompt=text)) as events,
    ):
        async for event in events:
            if isinstance(event, AudioChunk):
                yield event
