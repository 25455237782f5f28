"""What the tests of the speech stage share."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import aclosing
from functools import wraps
from typing import Any, TypeVar

from pipeline.breaker import Breaker
from pipeline.events import AudioChunk, Sentence, WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Speaker, VoiceInfo
from pipeline.tts.options import SpeechOptions
from pipeline.tts.stage import spoken
from tests.pipeline.tts.engines import speech_stage

T = TypeVar("T")

ANY = Voice()
ANN = VoiceInfo("ann", "en", "female", "custom")

RATE = 1000
"""Hz of the scripted voices: a sample is a millisecond."""

FADE = 10
"""Bytes of the 5 ms that are held back, at RATE."""

CUT, SILENT = "this sentence was not spoken to its end", "this sentence was not spoken"


class NoTimeSelector(selectors.DefaultSelector):
    """Never waits, but says how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everybody waits for somebody else"
            self.passed += timeout
        return events


class NoTimeLoop(asyncio.SelectorEventLoop):
    """An event loop in which time passes at once, when nobody has anything to do: timings are exact, and need none."""

    def __init__(self) -> None:
        self._instant = NoTimeSelector()
        super().__init__(self._instant)

    def time(self) -> float:
        return self._instant.passed


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* with time that passes at once; no task may be left."""

    async def checked() -> T:
        result = await main
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    with asyncio.Runner(loop_factory=NoTimeLoop) as runner:
        return runner.run(checked())


def timeless(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run *test* like ``run``."""

    @wraps(test)
    def timeless_test(*args: Any, **fixtures: Any) -> None:
        run(test(*args, **fixtures))

    return timeless_test


async def listed(items: Iterable[Any]) -> AsyncIterator[Any]:
    """*items*, one after the other; an exception is raised, an Event waited for."""
    for item in items:
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, asyncio.Event):
            await item.wait()
        else:
            yield item


def numbered(*texts: str) -> list[Sentence]:
    return [Sentence(index, text) for index, text in enumerate(texts, start=1)]


def nothing() -> None:
    """Nobody watches the progress."""


def stage(
    source: Iterable[Any],
    speech: Any,
    options: SpeechOptions | None = None,
    voice: Voice = ANY,
    progress: Callable[[], None] = nothing,
    word_timings: bool = False,
) -> Any:
    """The speech stage behind *source*; to be used under ``aclosing``."""
    return spoken(listed(source), speech_stage(speech, options), voice, progress, word_timings)


def pair(speech: Any, fallback: Any, **breaker: Any) -> tuple[Speaker, Speaker]:
    """An engine and the one that stands in for it."""
    first = Speaker(CustomSpeech(speech), Breaker(**{"failures_in_a_row": 3, "rest_seconds": 30.0, **breaker}))
    return first, Speaker(CustomSpeech(fallback), stands_in=True)


class Able(ScriptedSpeech):
    """Has every method that a voice may have."""

    def __init__(self, *steps: Any, **more: Any) -> None:
        super().__init__(steps, **more)
        self.done: list[str] = []

    async def start(self) -> None:
        self.done.append("start")

    async def aclose(self) -> None:
        self.done.append("aclose")

    async def voices(self) -> list[VoiceInfo]:
        return [ANN]

    def reads_in(self, text: str, voice: Voice) -> str:
        return f"{text} by {voice.name}"

    async def synthesize_marked(self, text: str, voice: Voice) -> AsyncIterator[bytes | WordMark]:
        for step in self._steps:  # type: ignore[union-attr]
            yield step


class Counting(ScriptedSpeech):
    """Knows how many calls there were at once."""

    most = 0

    def synthesize(self, text: str, voice: Voice) -> Any:
        self.most = max(self.most, self.script.running + 1)
        return super().synthesize(text, voice)


async def heard(speech: Any, *texts: str, options: SpeechOptions | None = None, **more: Any) -> list[Any]:
    """What comes out for sentences of *texts*."""
    return await passed(numbered(*texts or ["One."]), speech, options, **more)


async def passed(source: Iterable[Any], speech: Any, options: SpeechOptions | None = None, **more: Any) -> list[Any]:
    """What comes out of the stage behind *source*."""
    async with aclosing(stage(source, speech, options, **more)) as events:
        return [event async for event in events]


def pcm(events: Iterable[Any], sentence: int = 1) -> bytes:
    """The sound of one sentence."""
    return b"".join(event.pcm for event in events if isinstance(event, AudioChunk) and event.sentence == sentence)


def finals(events: Iterable[Any]) -> list[tuple[type, int]]:
    """Which events are final, and of which sentence."""
    return [(type(event), index_of(event)) for event in events if getattr(event, "final", False)]


def index_of(event: Any) -> int:
    """The sentence that *event* belongs to."""
    return event.index if isinstance(event, Sentence) else event.sentence


def breaks_off(got: bytes, whole: bytes) -> bool:
    """Whether *got* is the beginning of *whole*, but for its last 5 ms, which fade out."""
    sure = max(0, len(got) - FADE)
    return len(got) <= len(whole) and got[:sure] == whole[:sure]
