"""The simplest voice of one's own: an async generator function, ``async def speak(text, voice): yield pcm``."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, TypeGuard

from pipeline.interfaces import Voice

Speak = Callable[..., AsyncIterator[bytes]]


def is_plain(thing: object) -> TypeGuard[Speak]:
    """Whether *thing* is an async generator function, which speaks itself and needs no object around it."""
    return inspect.isasyncgenfunction(thing)


class PlainSpeech:
    """A ``Speech`` around *speak*, called as ``speak(text, voice, **options)`` for each sentence.

    Hz: *sample_rate*, else (0) the attribute ``sample_rate`` of the function. ValueError, with the key, when neither
    tells, or when the function can't be called like that.
    """

    def __init__(self, speak: Speak, options: Mapping[str, Any], sample_rate: int = 0) -> None:
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
        """See Speech."""
        return self._speak(text, voice)
