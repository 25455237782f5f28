"""A custom voice as an engine with every method, and a voice that is only an async generator function."""

from collections.abc import AsyncIterator

import pytest

from pipeline.errors import WrongStage
from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech, sound
from pipeline.tts.custom import CustomSpeech, FunctionSpeech, is_function
from tests.pipeline.tts.openai.hostile_speech import said
from tests.pipeline.tts.speaking import ANN, Able


async def speak(text: str, voice: Voice, word: bytes = b"ab") -> AsyncIterator[bytes]:
    """Yield *word* for each word."""
    for _ in text.split():
        yield word


async def told(text: str, voice: Voice) -> AsyncIterator[bytes]:
    """Knows its own rate."""
    yield b"ab"


told.sample_rate = 16_000  # type: ignore[attr-defined]


async def test_a_function_speaks() -> None:
    """It is called for each sentence, with the options of the settings."""
    speech = FunctionSpeech(speak, {"word": b"cd"}, 8000)
    assert speech.sample_rate == 8000
    assert await said(speech, "one two") == b"cdcd"
    assert await said(FunctionSpeech(told, {}, 0), "one") == b"ab"


def test_the_rate() -> None:
    """The settings win over the function's own word; one of them must tell."""
    assert FunctionSpeech(told, {}, 0).sample_rate == 16_000
    assert FunctionSpeech(told, {}, 8000).sample_rate == 8000
    with pytest.raises(ValueError, match=r"^sample_rate: "):
        FunctionSpeech(speak, {}, 0)


@pytest.mark.parametrize("options", [{"wrod": b""}, {"text": "x"}])
def test_wrong_options(options: dict[str, object]) -> None:
    """A function that cannot be called with the options is told at start, not in the first sentence."""
    with pytest.raises(ValueError, match=r"^options: "):
        FunctionSpeech(speak, options, 8000)


def test_what_is_a_function() -> None:
    """A class, an object and a coroutine function are no voices by themselves."""

    async def coroutine(text: str, voice: Voice) -> bytes:
        return b""

    assert is_function(speak)
    assert not any(map(is_function, (FunctionSpeech, FunctionSpeech(told, {}, 0), coroutine, "speak")))


async def test_the_methods_of_the_voice() -> None:
    """Whatever a voice can do, its engine does."""
    inner = Able(WordMark(0, 3, 0.0), sound(300))
    engine = CustomSpeech(inner)
    await engine.start()
    assert await engine.voices() == [ANN]
    assert engine.reads_in("one", Voice("ann")) == "one by ann"
    assert engine.marks_words
    assert [item async for item in engine.synthesize("one", Voice(), True)] == [WordMark(0, 3, 0.0), sound(300)]
    assert await said(CustomSpeech(Able(sound(300))), "one") == sound(300)
    await engine.aclose()
    assert inner.done == ["start", "aclose"]


async def test_what_the_voice_cannot_do() -> None:
    """Each method that a voice lacks has a default."""
    engine = CustomSpeech(ScriptedSpeech(sample_rate=8000))
    await engine.start()
    assert engine.sample_rate == 8000
    assert await engine.voices() == ()
    assert engine.reads_in("one", Voice()) == ""
    assert not engine.marks_words
    assert await said(engine, "one") == sound(300)
    await engine.aclose()


def test_a_language_that_is_none() -> None:
    """What ``reads_in`` gives is judged: words in no language would fail far from the voice."""

    class Mute(ScriptedSpeech):
        def reads_in(self, text: str, voice: Voice) -> str:
            return None  # type: ignore[return-value]

    with pytest.raises(WrongStage, match="reads_in must give a str"):
        CustomSpeech(Mute()).reads_in("one", Voice())


async def test_a_rate_that_is_known_late() -> None:
    """A voice may learn its rate when it starts."""

    class Late(ScriptedSpeech):
        async def start(self) -> None:
            self.sample_rate = 16_000

    engine = CustomSpeech(Late(sample_rate=0))
    await engine.start()
    assert engine.sample_rate == 16_000
