"""The speech stage: passes everything on in order and puts each sentence's sound behind its text."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from functools import partial

from pipeline.breaker import Breaker
from pipeline.events import AudioChunk, Sentence
from pipeline.flow import prefetch
from pipeline.interfaces import Voice
from pipeline.tts.ahead import Ahead, CheckedEvent, audible
from pipeline.tts.fallback import AnySpeech, WithFallback
from pipeline.tts.options import SpeechOptions, Wanted, Wording, as_written, said_by
from pipeline.tts.utterance import Utterance

__all__ = ["AnySpeech", "Breaker", "SpeechOptions", "WithFallback", "Wording", "as_written", "audible", "spoken"]

EVENTS_AHEAD = 32
"""How many events may be read ahead. Of sentences that are spoken, ``prefetch`` allows fewer."""


async def spoken(
    source: AsyncIterator[CheckedEvent],
    speech: AnySpeech | None,
    voice: Voice,
    options: SpeechOptions,
    progress: Callable[[], None],
    word_timings: bool = False,
) -> AsyncGenerator[CheckedEvent | AudioChunk, None]:
    """*source*, with the sound of each sentence behind it; the last event of a sentence is ``final``. No *speech*:
    text only.

    *source* and the voice run ahead in tasks of their own, as far as the options say, and so does *progress*, which is
    called at each piece of sound. What *source* raises comes after the sound of the sentences before it. A voice that
    fails is a Notice in its sentence's place (``on_failure = "text"``) or a StageError.
    """
    if speech is None:
        async for shown in source:
            yield replace(shown, final=True) if isinstance(shown, Sentence) else shown
        return

    first = speech.engine if isinstance(speech, WithFallback) else speech

    def wanted(sentence: Sentence, due: Callable[[], float]) -> Wanted:
        said = said_by(first, sentence.text, voice, options.wording)
        return Wanted(sentence, said, voice, options, progress, due, word_timings)

    async with (
        Ahead(speech, wanted, options.prefetch) as ahead,
        prefetch(partial(ahead.events_of, source), EVENTS_AHEAD) as events,
    ):
        async for event in events:
            if not isinstance(event, Utterance):
                yield event
                continue
            yield event.sentence
            final = False
            while not final:
                part = await event.take()
                ahead.heard(part)
                yield part
                final = part.final
            await ahead.close_first()
