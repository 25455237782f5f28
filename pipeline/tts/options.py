"""What holds for every voice, and what one sentence asks of it."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.events import Sentence
from pipeline.interfaces import Speech, Voice

Wording = Callable[[str, str, str], str]
"""What is said for a text: ``wording(text, language, voice)``, a pure function. ``language``: the request's, ``voice``:
of the voice that reads the text; empty = not known.
"""


def as_written(text: str, _language: str, _voice: str) -> str:
    """The voice gets the sentence itself."""
    return text.strip()


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How a voice is asked; all times in seconds.

    ``first_audio`` and ``stall``: how long one try may take to its first and to each further piece of sound, counted
    only while the engine is really asked. ``max_sentence``: the longest sound of one sentence. ``prefetch``: sentences
    synthesised ahead of the one being sent. ``buffer_seconds``: how much sound of each of them may wait for a client
    that does not read. ``retries``: further tries of an engine that gave no byte. ``on_failure``: ``text`` (a Notice,
    the turn goes on) or ``abort``. ``wording``: what the voice gets for a sentence.
    """

    first_audio: float = 10.0
    stall: float = 10.0
    max_sentence: float = 120.0
    on_failure: str = "text"
    wording: Wording = as_written
    prefetch: int = 1
    buffer_seconds: float = 30.0
    retries: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sentence that is to be said. ``said``: what the voice gets; ``progress`` is called at each piece of sound;
    ``due``: see ``urgency``.
    """

    sentence: Sentence
    said: str
    voice: Voice
    options: SpeechOptions
    progress: Callable[[], None]
    due: Callable[[], float]
    word_timings: bool = False


def said_by(engine: Speech, text: str, voice: Voice, wording: Wording) -> str:
    """What *engine* gets for *text*: words in the language of its voice, where it can tell."""
    reads_in: Callable[[str, Voice], str] | None = getattr(engine, "reads_in", None)
    return wording(text, voice.language, reads_in(text, voice) if reads_in else "")
