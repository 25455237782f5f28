"""What an engine with a queue learns of how urgent a sentence is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from pipeline.interfaces import Voice
from pipeline.tts.cache import CachedSpeech
from pipeline.tts.stage import SpeechOptions
from pipeline.tts.urgency import due
from tests.fakes import settle
from tests.pipeline.tts.speaking import RATE, numbered, run, stage

INFINITE = float("inf")
SECONDS = 2


class Queueing:
    """Says two seconds for each sentence, and keeps how to ask when it is due."""

    sample_rate = RATE

    def __init__(self) -> None:
        self.due: dict[str, Callable[[], float]] = {}

    async def synthesize(self, text: str, _voice: Voice) -> AsyncIterator[bytes]:
        self.due[text] = due.get()
        yield b"\1\0" * SECONDS * RATE


async def sentence(events: Any) -> None:
    """Read one to its end, and ask for the event behind it."""
    while not (await anext(events)).final:
        pass
    await anext(events)


def test_what_comes_behind_another_sentence_is_not_due() -> None:
    """The first sentence is due since its turn began; the one ahead is not, until all of the first has left, and then
    when the listener has heard that; a listener who is behind moves it on.
    """
    speech = Queueing()

    async def read() -> None:
        now = asyncio.get_running_loop().time
        await asyncio.sleep(5)
        async with aclosing(stage(numbered("a", "b", "c"), speech, SpeechOptions(prefetch=1))) as events:
            await anext(events)
            began = now()
            await settle(20)
            assert [speech.due[text]() for text in "ab"] == [began, INFINITE]
            await asyncio.sleep(0.5)
            assert speech.due["a"]() == began
            await sentence(events)
            assert speech.due["b"]() == pytest.approx(began + 0.5 + SECONDS)
            await asyncio.sleep(3)  # the listener heard a, and nothing since
            await settle(20)
            assert speech.due["b"]() == pytest.approx(began + 0.5 + SECONDS)
            assert speech.due["c"]() == INFINITE
            await sentence(events)
            assert speech.due["c"]() == pytest.approx(began + 3.5 + SECONDS)
            await asyncio.sleep(0.5)  # less than what is left to play
            while not (await anext(events)).final:
                pass
            assert speech.due["c"]() == pytest.approx(began + 3.5 + 2 * SECONDS)

    run(read())


def test_of_every_turn_its_own() -> None:
    """Two turns at once know nothing of each other, nor does what is outside of them."""
    speech = Queueing()

    async def both() -> None:
        async with aclosing(stage(numbered("a"), speech)) as first:
            await anext(first)
            await asyncio.sleep(1)
            async with aclosing(stage(numbered("b"), speech)) as second:
                await anext(second)
                await settle(20)
                assert speech.due["a"]() == speech.due["b"]() - 1
        assert due.get()() == 0

    run(both())


def test_what_wraps_an_engine_need_not_know() -> None:
    """The cache passes it on without a word of it."""
    speech = Queueing()

    async def read() -> None:
        cached = CachedSpeech(speech, engine_key="", max_bytes=1)
        async with aclosing(stage(numbered("a"), cached)) as events:
            await anext(events)
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(1)
            assert speech.due["a"]() == began

    run(read())
