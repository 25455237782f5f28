"""Another engine for when the first one does not speak."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

from pipeline.breaker import Breaker
from pipeline.interfaces import Speech


@dataclass(frozen=True, slots=True)
class WithFallback:
    """An engine and the one that stands in for it. ``breaker`` is the first engine's."""

    engine: Speech
    fallback: Speech
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def sample_rate(self) -> int:
        """The first engine's. What the other one says may have another rate: each AudioChunk carries its own."""
        return self.engine.sample_rate


AnySpeech = Speech | WithFallback


@dataclass(frozen=True, slots=True)
class Try:
    """Whom to ask for a sentence. ``breaker``: whom to ask first whether that makes sense."""

    engine: Speech
    breaker: Breaker | None = None
    stands_in: bool = False


def tries(speech: AnySpeech, times: int) -> Iterator[Try]:
    """Each engine so many *times*, the first one first. Without a fallback nothing keeps a sentence from its engine."""
    if not isinstance(speech, WithFallback):
        return repeat(Try(speech), times)
    first, fallback = Try(speech.engine, speech.breaker), Try(speech.fallback, stands_in=True)
    return chain(repeat(first, times), repeat(fallback, times))
