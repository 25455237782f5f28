"""Reads ahead of the sentence that is being sent, and has the voice speak ahead."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from math import inf
from types import TracebackType

from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence
from pipeline.pcm import seconds_of
from pipeline.tts.fallback import AnySpeech
from pipeline.tts.options import Wanted
from pipeline.tts.utterance import Utterance

_SIGN = re.compile(
    r"[%&@§№°±×÷¬¢-¥\u20a0-\u20cf\u2200-\u22ff\u2801-\u28ff]"  # with currencies, mathematics and Braille
    r"|(?<![-+=$|])[+=$](?![-+=$|])"  # not in a rule, a table's border or LaTeX
)

CheckedEvent = Sentence | Command | Notice | ModelEnd


class Ahead:
    """The sentences of one turn whose sound is on its way: the one being sent and at most *most* behind it.

    Leaving the block closes those that are left. By then nobody may read ``events_of`` any more, or another one could
    begin.
    """

    def __init__(self, speech: AnySpeech, wanted: Callable[[Sentence, Callable[[], float]], Wanted], most: int) -> None:
        self._speech = speech
        self._wanted = wanted
        self._seats = asyncio.Semaphore(most + 1)
        self._open: deque[Utterance] = deque()
        self._clock = asyncio.get_running_loop().time
        self._silent_from = self._clock()  # for a listener who plays what it gets

    async def events_of(self, source: AsyncIterator[CheckedEvent]) -> AsyncGenerator[CheckedEvent | Utterance, None]:
        """*source*, each sentence that has a sound as an Utterance that is under way. May be read in another task."""
        async for event in source:
            if not isinstance(event, Sentence):
                yield event
            elif not audible((wanted := self._wanted(event, partial(self._due, event))).said):
                yield replace(event, final=True)
            else:
                await self._seats.acquire()
                utterance = Utterance(self._speech, wanted)
                await utterance.open()
                self._open.append(utterance)
                yield utterance

    def heard(self, part: AudioChunk | Notice) -> None:
        """*part*, of the first sentence, is on its way to the listener."""
        if isinstance(part, AudioChunk):
            began = max(self._silent_from, self._clock())
            self._silent_from = began + seconds_of(part.pcm, part.sample_rate)

    def _due(self, sentence: Sentence) -> float:
        return self._silent_from if self._open and self._open[0].sentence is sentence else inf

    async def close_first(self) -> None:
        """The first sentence is done: close its engine, and make room for another one."""
        await self._open.popleft().close()
        self._seats.release()

    async def __aenter__(self) -> "Ahead":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        async with AsyncExitStack() as stack:  # closes all of them, also when it is cancelled meanwhile
            for utterance in reversed(self._open):
                stack.push_async_callback(utterance.close)


def audible(text: str) -> bool:
    """Whether a voice could say any of it: punctuation, white space, emoji and rules made of signs alone have no sound;
    a sign that has a name, such as "+", "€" or Braille, has one.
    """
    return any(map(str.isalnum, text)) or _SIGN.search(text) is not None
