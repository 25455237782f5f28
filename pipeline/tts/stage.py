"""The speech stage: passes everything on in order and puts each sentence's sound behind its text."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

import structlog

from pipeline.events import AudioChunk, ModelEnd, Notice, Sentence
from pipeline.flow import prefetch
from pipeline.interfaces import Voice
from pipeline.tts.ahead import Ahead, CheckedEvent
from pipeline.tts.engines import Due, Speaker
from pipeline.tts.options import Reading, SpeechOptions, Wanted, words_for
from pipeline.tts.utterance import Utterance

EVENTS_AHEAD = 32
"""How many events may be read ahead. The option ``prefetch`` allows fewer sentences that are spoken."""

log = structlog.get_logger(scope="speech")


@dataclass(frozen=True, slots=True)
class SpeechStage:
    """The engines, in the order in which they are asked for a sentence, and how they are asked."""

    speakers: tuple[Speaker, ...]
    options: SpeechOptions

    @property
    def sample_rate(self) -> int:
        """Give the Hz of the first engine, before any sound has told others."""
        return self.speakers[0].engine.sample_rate


async def spoken(
    source: AsyncIterator[CheckedEvent],
    speech: SpeechStage | None,
    voice: Voice,
    progress: Callable[[], None],
    word_timings: bool = False,
    prompt: str = "",
    rate: Callable[[int], int] | None = None,
) -> AsyncGenerator[CheckedEvent | AudioChunk, None]:
    """Yield *source* with the sound of each sentence behind it; the last event of a sentence is ``final``. Without
    *speech* a sentence is its text only.

    *source* and the engines run ahead in tasks of their own, as far as the options say. *progress* is called there, at
    each piece of sound. An error of *source* comes after the sound of the sentences before it. An engine that fails
    leaves a Notice in its sentence's place (``on_failure = "text"``) or raises StageError. All sound has one rate, that
    of the first or what *rate* gives for it. A Notice that is not final stands behind its sentence's text, once for its
    reason. *prompt* tells a language where neither *voice* nor the answer does. What is left to say at the end is the
    sound of a last sentence without text.
    """
    if speech is None:
        async for shown in source:
            yield replace(shown, final=True) if isinstance(shown, Sentence) else shown
        return

    first, options = speech.speakers[0].engine, speech.options
    answers: dict[str, int] = {}
    rate = rate or partial(answers.setdefault, "rate")
    told: set[str] = set()
    reading = options.wording(prompt)

    def wanted(sentence: Sentence, due: Due, waits: bool) -> Wanted:
        saying = reading.next(sentence, waits) if sentence.text else reading.end()
        said, asked = words_for(first, sentence.text, saying, voice)
        return Wanted(sentence, saying, voice, said, asked, options, progress, due, word_timings, rate)

    async with (
        aclosing(_with_the_rest(source, reading)) as whole,
        aclosing(Ahead(speech.speakers, wanted, options.prefetch)) as ahead,
        prefetch(partial(ahead.events_of, whole), EVENTS_AHEAD) as events,
    ):
        async for event in events:
            if not isinstance(event, Utterance):
                yield event
                continue
            yield event.sentence
            final = False
            while not final:
                part = event.ready() or await event.take()
                ahead.heard(part)
                if part.final or isinstance(part, AudioChunk) or _is_new(part, told):
                    yield part
                final = part.final
            await ahead.close_first()


async def _with_the_rest(source: AsyncIterator[CheckedEvent], reading: Reading) -> AsyncGenerator[CheckedEvent, None]:
    """Yield *source*, and at its end a sentence without text if *reading* has more to say."""
    index, ended = 0, False
    async for event in source:
        if isinstance(event, Sentence):
            index = event.index
        elif isinstance(event, ModelEnd) and reading.unfinished:
            ended = True
            yield Sentence(index + 1, "")
        yield event
    if reading.unfinished and not ended:
        yield Sentence(index + 1, "")


def _is_new(notice: Notice, told: set[str]) -> bool:
    """Tell whether the listener has not heard of this yet, and tell the operator."""
    new = notice.reason not in told
    if new:
        told.add(notice.reason)
        log.warning("an answer is not spoken as it was wanted", decision="go on", reason=notice.reason)
    return new
