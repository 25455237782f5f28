"""Joins the stages for one turn: model, segmenter, commands, speech. Each is an async generator over the one before
it.
"""

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from pipeline.commands.stage import Extractor, checked
from pipeline.errors import StageError
from pipeline.events import AudioChunk, TurnEvent
from pipeline.flow import prefetch
from pipeline.interfaces import Model, Turn, Voice
from pipeline.segmenter.stage import Patience, ReleasingSegmenter, segments, sentences
from pipeline.tts.stage import SpeechStage, spoken

DELTAS_AHEAD = 32
"""How far the model may run ahead of a slow reader: some sentences. Then the reading of the model stops too."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of every turn of the process.

    ``segmenter`` makes one for each turn. ``hold``: seconds that a finished sentence waits for its next character;
    ``clause``: seconds without sound after which a clause of an unfinished one is said, 0 = never;
    ``first_clause``: the first sentence may be cut where a speaker would breathe, for an early first sound.
    ``on_invalid``: a refused command is a Notice (``warn``) or ends the turn (``abort``). ``speech`` None: text and
    commands only. ``most_chars``: a longer answer ends there with LENGTH.
    """

    model: Model
    segmenter: Callable[[], ReleasingSegmenter]
    commands: Extractor
    speech: SpeechStage | None
    hold: float
    on_invalid: str
    most_chars: int = sys.maxsize
    clause: float = 0.0
    first_clause: bool = False


def nobody() -> None:
    """Nobody watches the progress."""


async def run(turn: Turn, stages: Stages, progress: Callable[[], None] = nobody) -> AsyncGenerator[TurnEvent, None]:
    """Yield the events of one turn in order, ModelEnd last.

    *progress* is called at every sign of life of the model and of the voice. An answer without a word or a command is
    MODEL_UNAVAILABLE; otherwise raises what the stages raise.
    """
    voice = Voice(turn.voice, turn.language)
    patience = Patience(stages.hold, stages.clause, stages.first_clause)
    async with (
        prefetch(partial(stages.model.stream, turn), DELTAS_AHEAD) as items,
        aclosing(segments(items, stages.segmenter, patience, progress, stages.most_chars)) as cut,
        aclosing(checked(cut, stages.commands, stages.on_invalid)) as answer,
        aclosing(spoken(answer, stages.speech, voice, progress, turn.word_timings, turn.prompt)) as events,
    ):
        async for event in events:
            yield event


async def recite(
    text: str, voice: Voice, stages: Stages, progress: Callable[[], None] = nobody
) -> AsyncGenerator[AudioChunk, None]:
    """Speak a given text; no model.

    There is no text beside the sound, so a sentence that can't be spoken ends it with SPEECH_FAILED.
    """
    if stages.speech is None:
        raise StageError("UNAVAILABLE", "SPEECH_FAILED", "this server has no voice")
    speech = replace(stages.speech, options=replace(stages.speech.options, on_failure="abort"))
    async with (
        aclosing(sentences(text, stages.segmenter())) as cut,
        aclosing(spoken(cut, speech, voice, progress, prompt=text)) as events,
    ):
        async for event in events:
            if isinstance(event, AudioChunk):
                yield event
