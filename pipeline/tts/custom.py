"""Custom voices: any object with ``sample_rate`` and ``synthesize``, or an async generator function."""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeGuard

from pipeline.errors import wrong
from pipeline.events import WordMark
from pipeline.flow import items_of
from pipeline.interfaces import Speech, Voice
from pipeline.tts.engines import Due, VoiceInfo, at_once

Speak = Callable[..., AsyncIterator[bytes]]


class CustomSpeech:
    """An ``Engine`` around *speech*, with a default for each method that *speech* does not have.

    Beside its ``Speech`` methods *speech* may have ``async start()``, ``async aclose()``, ``async voices()``,
    ``reads_in(text, voice)``, ``knows(name)``, ``fits(text, voice)``, ``synthesize_marked(text, voice)``, which
    yields WordMarks too, and ``sets_speed = True``, if its sound follows the voice's ``speaking_rate``.
    """

    rate_varies = False

    def __init__(self, speech: Speech) -> None:
        def own(method: str, default: Any) -> Any:
            return getattr(speech, method, None) or default

        self._speech = speech
        self.start: Callable[[], Coroutine[Any, Any, None]] = own("start", _nothing)
        self.aclose: Callable[[], Coroutine[Any, Any, None]] = own("aclose", _nothing)
        self.voices: Callable[[], Coroutine[Any, Any, Sequence[VoiceInfo]]] = own("voices", _no_voices)
        self._reads_in: Callable[[str, Voice], str] = own("reads_in", _unknown)
        self.knows: Callable[[str], bool] = own("knows", _yes)
        self.fits: Callable[[str, Voice], bool] = own("fits", _yes)
        self._marked: Callable[[str, Voice], AsyncIterator[bytes | WordMark]] | None = own("synthesize_marked", None)
        self.marks_words = self._marked is not None
        self.sets_speed = bool(own("sets_speed", False))

    @property
    def sample_rate(self) -> int:
        return self._speech.sample_rate

    def reads_in(self, text: str, voice: Voice) -> str:
        if not isinstance(language := self._reads_in(text, voice), str):
            raise wrong("pipeline.tts: reads_in", "give a str", language)
        return language

    def synthesize(
        self, text: str, voice: Voice, marks: bool = False, _due: Due = at_once
    ) -> AsyncIterator[bytes | WordMark]:
        if marks and self._marked:
            return items_of(self._marked(text, voice), "pipeline.tts: synthesize_marked")
        return items_of(self._speech.synthesize(text, voice), "pipeline.tts: synthesize")


async def _nothing() -> None:
    pass


async def _no_voices() -> Sequence[VoiceInfo]:
    return ()


def _unknown(_text: str, _voice: Voice) -> str:
    return ""


def _yes(*_: object) -> bool:
    return True


def is_function(thing: object) -> TypeGuard[Speak]:
    """Tell whether *thing* is, or has as its ``__call__``, an async generator function: it speaks by itself."""
    return any(map(inspect.isasyncgenfunction, (thing, type(thing).__call__)))


class FunctionSpeech:
    """A ``Speech`` around *speak*, which is called as ``speak(text, voice, **options)`` for each sentence.

    Its rate in Hz is *sample_rate*, else (0) the attribute ``sample_rate`` of the function. Raise ValueError, with the
    key, when there is neither, or when the function can't be called like that.
    """

    def __init__(self, speak: Speak, options: Mapping[str, Any], sample_rate: int) -> None:
        rate = sample_rate or getattr(speak, "sample_rate", 0)
        if type(rate) is not int or rate <= 0:
            raise ValueError("sample_rate: must be told, in Hz, for a voice that is only a function")
        try:
            inspect.signature(speak).bind("", Voice(), **options)
        except TypeError as error:
            raise ValueError(f"options: the function is called as (text, voice, **options): {error}") from error
        self.sample_rate = rate
        self._speak = partial(speak, **options)

    def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        return self._speak(text, voice)
