"""What the speech stage expects of an engine, and the order in which it asks several."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.breaker import Breaker
from pipeline.events import Notice, WordMark
from pipeline.interfaces import Voice

Due = Callable[[], float]
"""Tells how urgent a sentence is: the time, by the loop's clock, at which its listener falls silent; infinite while
another sentence is to be heard before it. The time changes while a sentence waits, so an engine with a queue asks again
and speaks first what is due first.
"""


def at_once() -> float:
    """Most urgent: play at once."""
    return 0.0


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that may be asked for.

    ``name``: for the settings and requests; ``language``: BCP-47; ``gender``: male, female or empty.
    """

    name: str
    language: str
    gender: str
    engine: str


@dataclass(frozen=True, slots=True)
class Hz:
    """The rate of the sound that follows, where only the sound itself tells it. Comes before the first sound."""

    rate: int


Piece = bytes | WordMark | Hz | Notice
"""What an engine yields for a sentence: sound, and what there is to know about it."""


def unknown_voice(sentence: int = 0) -> Notice:
    """Make the warning that the voice of the request is not there."""
    return Notice("VOICE_UNKNOWN", "the voice asked for is not there; another one speaks", sentence)


class Engine(Protocol):
    """Speaks. Built once; calls may overlap. ``custom`` makes an engine of a custom voice, which may have less."""

    @property
    def sample_rate(self) -> int:
        """The Hz of all sound before which no ``Hz`` comes, known at the latest after ``start``."""

    @property
    def rate_varies(self) -> bool:
        """Whether an ``Hz`` may come, so that ``sample_rate`` is no more than a guess."""

    @property
    def marks_words(self) -> bool:
        """Whether ``synthesize`` can tell when it says which word."""

    async def start(self) -> None:
        """Get ready before the first sentence. Raise ValueError, ImportError or OSError if that is impossible."""

    async def aclose(self) -> None:
        """Give back whatever the engine holds."""

    async def voices(self) -> Sequence[VoiceInfo]:
        """List the voices that may be asked for; none if the engine cannot tell."""

    def reads_in(self, text: str, voice: Voice) -> str:
        """Give the language of the voice that would read *text*, "en" of "en-US"; empty if the engine cannot tell."""

    def knows(self, name: str) -> bool:
        """Tell whether there is a voice of this *name*; True if the engine cannot tell, and for no name."""

    def fits(self, text: str, voice: Voice) -> bool:
        """Tell whether the voice that would read *text* is one of its language; True if the engine cannot tell."""

    def synthesize(self, text: str, voice: Voice, marks: bool = False, due: Due = at_once, /) -> AsyncIterator[Piece]:
        """Yield PCM signed 16-bit little endian, mono, in pieces of any length; leaving ends the synthesis. A Notice is
        for the listener.

        With *marks*, which only an engine that ``marks_words`` gets, yield a WordMark for each word too, in any order
        with the sound: ``ms`` from the first sound, ``offset`` and ``length`` in *text*.
        """


@dataclass(frozen=True, slots=True)
class Speaker:
    """An engine among those that are asked for a sentence, one after the other.

    ``breaker``: decides whether the engine is asked at all; None = it always is. ``stands_in``: the engine speaks when
    the first one did not.
    """

    engine: Engine
    breaker: Breaker | None = None
    stands_in: bool = False
