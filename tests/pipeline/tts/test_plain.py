"""A voice that is only an async generator function."""

from collections.abc import AsyncIterator

import pytest

from pipeline.interfaces import Voice
from pipeline.tts.plain import PlainSpeech, is_plain
from tests.pipeline.tts.openai.hostile_speech import said


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
    speech = PlainSpeech(speak, {"word": b"cd"}, 8000)
    assert speech.sample_rate == 8000
    assert await said(speech, "one two") == b"cdcd"
    assert await said(PlainSpeech(told, {}), "one") == b"ab"


def test_the_rate() -> None:
    """The settings win over the function's own word; one of them must tell."""
    assert PlainSpeech(told, {}).sample_rate == 16_000
    assert PlainSpeech(told, {}, 8000).sample_rate == 8000
    with pytest.raises(ValueError, match=r"^sample_rate: "):
        PlainSpeech(speak, {})


@pytest.mark.parametrize("options", [{"wrod": b""}, {"text": "x"}])
def test_wrong_options(options: dict[str, object]) -> None:
    """A function that cannot be called with the options is told at start, not in the first sentence."""
    with pytest.raises(ValueError, match=r"^options: "):
        PlainSpeech(speak, options, 8000)


def test_what_is_plain() -> None:
    """A class, an object and a coroutine function are no voices by themselves."""

    async def coroutine(text: str, voice: Voice) -> bytes:
        return b""

    assert is_plain(speak)
    assert not any(map(is_plain, (PlainSpeech, PlainSpeech(told, {}), coroutine, "speak")))
