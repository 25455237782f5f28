"""A turn, and the interface of each stage.

Many turns pass through one stage object at once, so a stage keeps nothing of a turn on itself.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from pipeline.events import Command, JsonBlock, ModelEvent, Segment


@dataclass(frozen=True, slots=True)
class Message:
    """One earlier utterance of the conversation, as it was really sent.

    ``role`` is ``user`` or ``assistant``. ``cut``: the utterance was interrupted, filtered or failed before its end.
    """

    role: str
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Screenshot:
    """The user's screen. ``data`` is the image; ``width`` and ``height`` are the screen's in pixels, 0 = not told."""

    data: bytes
    mime_type: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """How to speak. ``name``: a voice of the engine; ``language``: BCP-47.

    Where one is empty, the engine decides by the text and its settings. ``speaking_rate``: 0.5-4, how many times as
    fast as the settings say. The sound of a custom voice that does not have ``sets_speed = True`` is made faster or
    slower behind it.
    """

    name: str = ""
    language: str = ""
    speaking_rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One request, checked. Everything request-scoped is here.

    ``deadline``: the client's, in ``time.monotonic`` seconds; None = none.
    """

    session_id: str
    prompt: str
    hardware_id: str = ""
    identity: str = "anonymous"
    history: tuple[Message, ...] = ()
    screenshot: Screenshot | None = None
    voice: str = ""
    language: str = ""
    word_timings: bool = False
    deadline: float | None = None
    speaking_rate: float = 1.0


class Model(Protocol):
    """Writes the reply. Built once; many ``stream`` at once. May have ``async aclose()``."""

    def stream(self, turn: Turn) -> AsyncIterator[ModelEvent | str]:
        """Yield the reply as it is written. ``str`` counts as TextDelta; ModelEnd is optional.

        The generator is cancelled when nobody listens any more.
        """
        ...


class Segmenter(Protocol):
    """Cuts the reply into sentences and JSON objects. Built for each turn, and anew for text behind a tool call.

    May have ``release() -> Iterable[Segment]``, too: it gives what is a finished sentence already, and is called when
    no text came for ``hold_ms``.
    """

    def feed(self, text: str) -> Iterable[Segment]:
        """Give the segments that *text* completes. The index of a sentence does not matter."""
        ...

    def flush(self) -> Iterable[Segment]:
        """Give the rest of the reply. Nothing is fed after it."""
        ...


class Commands(Protocol):
    """Knows what a command is. Built once."""

    def extract(self, block: JsonBlock) -> Command | None:
        """Return the command in *block*, None if it holds none. CommandRefused for a command that must not run."""
        ...


class Speech(Protocol):
    """Speaks. Built once; calls may overlap. May have ``async aclose()``.

    May have ``reads_in(text: str, voice: Voice) -> str``, too: it gives the BCP-47 language of the voice that would
    read *text*, empty if unknown. ``normalize`` writes numbers in that language where neither the request, the letters,
    the answer so far nor the prompt tell one. Text without letters is asked for in the language of the answer so far.
    """

    @property
    def sample_rate(self) -> int:
        """The Hz of all sound from ``synthesize``."""
        ...

    def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        """Yield PCM signed 16-bit little endian, mono, in pieces of any length.

        The generator is cancelled when nobody listens any more.
        """
        ...
