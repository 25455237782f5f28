"""An engine with a queue learns how urgent each sentence is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech
from pipeline.tts.convert import Resampled
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Due, Engine, Speaker, at_once
from tests.fakes import settle
from tests.pipeline.tts.engines import cached
from tests.pipeline.tts.speaking import RATE, numbered, stage, timeless

INFINITE = float("inf")
SECONDS = 2


class Queueing(CustomSpeech):
    """Says two seconds for each sentence, and keeps its ``due``."""

    def __init__(self) -> None:
        super().__init__(ScriptedSpeech([b"\1\0" * SECONDS * RATE]))
        self.due: dict[str, Due] = {}

    def synthesize(
        self, text: str, voice: Voice, marks: bool = False, due: Due = at_once
    ) -> AsyncIterator[bytes | WordMark]:
        self.due[text] = due
        return super().synthesize(text, voice)


def turn(speech: Engine, *texts: str) -> Any:
    """The speech stage for sentences of *texts*; to be used under ``aclosing``."""
    return stage(numbered(*texts), (Speaker(speech),))


async def sentence(events: Any) -> None:
    """Read a sentence to its end, and ask for the event behind it."""
    while not (await anext(events)).final:
        pass
    await anext(events)


@timeless
async def test_what_comes_behind_another_sentence_is_not_due() -> None:
    """The first sentence is due since its turn began. The next is not due until all sound of the first has left; then
    it is due when the listener has heard that. A listener who is behind moves the time on.
    """
    speech = Queueing()
    now = asyncio.get_running_loop().time
    await asyncio.sleep(5)
    async with aclosing(turn(speech, "a", "b", "c")) as events:
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


@timeless
async def test_of_every_turn_its_own() -> None:
    """Two turns at once know nothing of each other."""
    speech = Queueing()
    async with aclosing(turn(speech, "a")) as first:
        await anext(first)
        await asyncio.sleep(1)
        async with aclosing(turn(speech, "b")) as second:
            await anext(second)
            await settle(20)
            assert speech.due["a"]() == speech.due["b"]() - 1


def resampled(speech: Engine) -> Engine:
    pytest.importorskip("soxr", reason="soxr is not installed (extra `resample`)")
    return Resampled(speech, 2 * RATE)


@pytest.mark.parametrize("wrapped", [cached, resampled])
@timeless
async def test_what_wraps_an_engine_passes_it_on(wrapped: Callable[[Engine], Engine]) -> None:
    """An engine behind the cache, or resampled, learns it too."""
    speech = Queueing()
    await asyncio.sleep(5)
    async with aclosing(turn(wrapped(speech), "a")) as events:
        await anext(events)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        assert speech.due["a"]() == began
