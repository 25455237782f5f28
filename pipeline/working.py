"""Tells a listener who hears nothing that the model is still at work, between the sentences of the answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from math import inf

from pipeline.events import AudioChunk, Notice, Sentence, TextDelta, TurnEvent
from pipeline.flow import End, closing, prefetch
from pipeline.interfaces import Turn
from pipeline.pcm import seconds_of

EVENTS_AHEAD = 2
"""How far the answer runs ahead of its reader."""

PHRASE_SECONDS = 0.5
"""A word of the model waits at most so long for a phrase whose sound is still being made; it is left out then."""

Phrase = Callable[[Turn, int], Awaitable[tuple[str, Sequence[AudioChunk]]]]
"""``await phrase(turn, rate)`` gives the words and their sound, of sentence 0, at *rate* Hz; 0 = nothing has a rate
yet. Where nobody can say it there is one chunk without data.
"""


@dataclass(frozen=True, slots=True)
class Working:
    """When the phrase is said: ``after`` so many seconds without a word of the model, and again ``every`` so many after
    its end; 0 = never again before the model has written.
    """

    after: float
    every: float
    phrase: Phrase


class Pulse:
    """Knows when the model wrote last."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self.last = self._clock()
        self.is_over = False

    def begin(self) -> None:
        """Note that somebody listens from now on."""
        self.last = self._clock()

    async def of(self, source: AsyncIterator[object]) -> AsyncGenerator[object, None]:
        """Yield what a model writes, and note when. Text without content is no word."""
        try:
            async with closing(source) as items:
                async for item in items:
                    text = item.text if isinstance(item, TextDelta) else item
                    if not isinstance(text, str) or text.strip():
                        self.last = self._clock()
                    yield item
        finally:
            self.is_over = True


class Silence:
    """Knows since when a listener who plays at once whatever arrives has heard nothing: so when the phrase is due."""

    def __init__(self, working: Working, pulse: Pulse) -> None:
        self._working = working
        self._pulse = pulse
        self._clock = asyncio.get_running_loop().time
        self._heard_until = self._clock()
        self._said = self._not_before = -inf
        self._inside = False

    def wait(self) -> float | None:
        """Return the seconds until the phrase is due; None = it is not before the next event."""
        due = self._due()
        return None if due == inf else max(0.0, due - self._clock())

    def is_due(self) -> bool:
        """Tell whether the phrase is due."""
        return self._due() <= self._clock()

    def sent(self, event: TurnEvent) -> None:
        """Take in that *event* is on its way. Within a sentence nothing else is said."""
        match event:
            case AudioChunk():
                self._inside = event.sentence > 0 and not event.final
                begins = max(self._heard_until, self._clock())
                self._heard_until = begins + seconds_of(event.pcm, event.sample_rate)
            case Sentence():
                self._inside = not event.final
            case Notice(final=True):
                self._inside = False

    def said(self) -> None:
        """Note that the phrase is on its way."""
        self._said = self._clock()

    def put_off(self) -> None:
        """Note that the phrase cannot be said yet."""
        self._not_before = self._clock() + PHRASE_SECONDS

    def _due(self) -> float:
        again, last = self._said >= self._pulse.last, self._pulse.last
        if self._inside or self._pulse.is_over or (again and not self._working.every):
            return inf
        due = self._heard_until + self._working.every if again else max(last + self._working.after, self._heard_until)
        return max(due, self._not_before)


async def attended(
    answer: Callable[[], AsyncIterator[TurnEvent]],
    turn: Turn,
    working: Working,
    pulse: Pulse,
    rate: Callable[[int], int],
    asked: asyncio.Event | None = None,
) -> AsyncGenerator[TurnEvent, None]:
    """Yield the events of *answer*, and in its silences a Notice WORKING with the chunks of the phrase behind it.

    Nobody listens to a turn that is only guessed at before it is *asked*.

    ``rate(0)`` tells the Hz of the answer's sound, 0 while it has none; ``rate(hz)`` sets them for all that follows.
    """
    async with prefetch(answer, EVENTS_AHEAD) as events:
        if asked is not None:
            await asked.wait()
            pulse.begin()
        silence = Silence(working, pulse)
        event: TurnEvent | End
        while True:
            async with aclosing(_phrases(events, silence, partial(_made, working.phrase, turn), rate)) as phrases:
                async for part in phrases:
                    yield part
            event = await events.take()
            if isinstance(event, End):
                break
            silence.sent(event)
            yield event
    if event.error is not None:
        raise event.error


async def _phrases(
    events: prefetch[TurnEvent],
    silence: Silence,
    make: Callable[[int], Awaitable[Sequence[Notice | AudioChunk]]],
    rate: Callable[[int], int],
) -> AsyncGenerator[Notice | AudioChunk, None]:
    """Yield what is said until the next of *events* is there."""
    while not await events.ready(silence.wait()):
        if not silence.is_due():
            continue
        phrase = await make(rate(0))
        if not phrase:
            silence.put_off()
        elif silence.is_due() and not events.is_ready():  # else a word came meanwhile
            for part in _saying(phrase, silence, rate):
                yield part


async def _made(phrase: Phrase, turn: Turn, rate: int) -> Sequence[Notice | AudioChunk]:
    """Return the phrase; nothing if it takes too long."""
    try:
        async with asyncio.timeout(PHRASE_SECONDS):
            text, chunks = await phrase(turn, rate)
    except TimeoutError:
        return ()
    return Notice("WORKING", text, 0), *chunks


def _saying(
    phrase: Sequence[Notice | AudioChunk], silence: Silence, rate: Callable[[int], int]
) -> Iterator[Notice | AudioChunk]:
    silence.said()
    for part in phrase:
        if isinstance(part, AudioChunk) and part.pcm:
            rate(part.sample_rate)
        silence.sent(part)
        yield part
