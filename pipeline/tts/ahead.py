"""Reads ahead of the sentence that is being sent, and has the engines speak ahead."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from math import inf

from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence
from pipeline.pcm import seconds_of
from pipeline.tts.engines import Due, Speaker
from pipeline.tts.options import Wanted
from pipeline.tts.utterance import Utterance

_SIGN = re.compile(
    r"[%&@§№°±×÷¬¢-¥\u20a0-\u20cf\u2200-\u22ff\u2801-\u28ff]"  # with currencies, mathematics and Braille
    r"|(?<![-+=$|])[+=$](?![-+=$|])"  # not in a rule, a table's border or LaTeX
)

LONGEST_SILENCE = 4.0
"""So many seconds of sentences without a sound may pass before the listener is told what they are."""

CheckedEvent = Sentence | Command | Notice | ModelEnd


class Ahead:
    """The sentences of one turn whose sound is on its way: the one being sent and at most *most* behind it."""

    def __init__(self, speakers: Sequence[Speaker], wanted: Callable[[Sentence, Due, bool], Wanted], most: int) -> None:
        self._speakers = speakers
        self._wanted = wanted
        self._seats = asyncio.Semaphore(most + 1)
        self._open: list[Utterance] = []
        self._clock = asyncio.get_running_loop().time
        self._silent_from = self._clock()  # for a listener who plays at once whatever arrives
        self._soundless_from = inf  # since then sentences had nothing to say

    async def events_of(self, source: AsyncIterator[CheckedEvent]) -> AsyncGenerator[CheckedEvent | Utterance, None]:
        """Yield *source*, with each sentence that has a sound as an Utterance that is under way. May be read in another
        task.
        """
        async for event in source:
            if not isinstance(event, Sentence):
                yield event
                continue
            wanted = self._wanted(event, partial(self._due, event), self._waits())
            if not audible(wanted.said):
                self._soundless_from = min(self._soundless_from, self._clock())
                yield replace(event, final=True)
                continue
            self._soundless_from = inf
            await self._seats.acquire()
            utterance = Utterance(self._speakers, wanted)
            utterance.open()
            self._open.append(utterance)
            yield utterance

    def heard(self, part: AudioChunk | Notice) -> None:
        """Take in that *part*, of the first sentence, is on its way to the listener."""
        if isinstance(part, AudioChunk):
            begins = max(self._silent_from, self._clock())
            self._silent_from = begins + seconds_of(part.pcm, part.sample_rate)

    def _waits(self) -> bool:
        """Tell whether the listener hears nothing although there are sentences, such as the lines of a long program."""
        since = max(self._silent_from, self._soundless_from)
        return not self._open and self._clock() - since >= LONGEST_SILENCE

    def _due(self, sentence: Sentence) -> float:
        return self._silent_from if self._open and self._open[0].sentence is sentence else inf

    async def close_first(self) -> None:
        """Close the first sentence, whose sound has left, and make room for another one."""
        await self._open.pop(0).close()
        self._seats.release()

    async def aclose(self) -> None:
        """Close the sentences that are left. The reading of ``events_of`` must have stopped by then, or another
        sentence could begin.
        """
        async with AsyncExitStack() as stack:  # closes all of them, also when it is cancelled meanwhile
            for utterance in reversed(self._open):
                stack.push_async_callback(utterance.close)


def audible(text: str) -> bool:
    """Tell whether a voice could say any of *text*. Punctuation, white space, emoji and rules made of signs alone have
    no sound; a sign that has a name, such as "+", "€" or Braille, has one.
    """
    return any(map(str.isalnum, text)) or _SIGN.search(text) is not None
