"""A turn, and what each stage must be. A stage keeps nothing of a turn on itself: many turns pass through one object
at once.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from pipeline.events import Command, JsonBlock, ModelEvent, Segment


@dataclass(frozen=True, slots=True)
class Message:
    """One earlier utterance of the conversation, as it was really sent. ``role`` is ``user`` or ``assistant``.

    ``cut``: it was interrupted, filtered or failed; there would have been more.
    """

    role: str
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Screenshot:
    """What the user sees. ``data``: the decoded image; ``width`` and ``height`` of the screen in pixels, 0 = not
    told.
    """

    data: bytes
    mime_type: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """How to speak. ``name``: an engine's voice; ``language``: BCP-47. Empty = the engine decides by the text and
    its settings.
    """

    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One request, checked; everything request-scoped is here. ``deadline``: the client's, in ``time.monotonic``
    seconds; None = none.
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


class Model(Protocol):
    """Writes the reply. Built once; many ``stream`` at once. May have ``async aclose()``."""

    def stream(self, turn: Turn) -> AsyncIterator[ModelEvent | str]:
        """Yield the reply as it is written; ``str`` counts as TextDelta, ModelEnd is optional. Cancelled when nobody
        listens any more.
        """
        ...


class Segmenter(Protocol):
    """Cuts the reply into sentences and JSON objects. Built for each turn, and anew for text after a tool call;
    ``flush`` is the end.

    May have ``release() -> Iterable[Segment]``: called when nothing came for ``hold_ms``; gives what is already a
    finished sentence.
    """

    def feed(self, text: str) -> Iterable[Segment]: ...

    def flush(self) -> Iterable[Segment]: ...


class Commands(Protocol):
    """Knows what a command is. Built once."""

    def extract(self, block: JsonBlock) -> Command | None:
        """The command in *block*, None if it holds none; raises CommandRefused for one that must not run."""
        ...


class Speech(Protocol):
    """Speaks. Built once; calls may overlap. May have ``async aclose()``.

    May have ``reads_in(text: str, voice: Voice) -> str``, too: the BCP-47 language of the voice that would read *text*,
    empty if it can't tell. Numbers that ``normalize`` says as words are in it where neither request nor letters tell.
    """

    @property
    def sample_rate(self) -> int:
        """Hz of everything that ``synthesize`` gives."""
        ...

    def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        """Yield PCM signed 16-bit little endian, mono, in pieces of any length. Cancelled when nobody listens any
        more.
        """
        ...
