"""How engines are asked, and what one sentence asks of them."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.events import Sentence
from pipeline.interfaces import Voice
from pipeline.tts.engines import Due, Engine

Wording = Callable[[str, str, str], str]
"""``wording(text, language, voice_language)`` gives the words to say for *text*; a pure function. ``language``: of the
request; ``voice_language``: of the voice that reads the text; empty = not known.
"""


def as_written(text: str, _language: str, _voice_language: str) -> str:
    """Give the voice the sentence itself."""
    return text.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechOptions:
    """How every engine is asked.

    ``first_audio_timeout_seconds`` and ``stall_timeout_seconds``: how long one try may take to its first and to each
    further piece of sound, counted only while the engine is really asked.
    ``max_sentence_seconds``: the longest sound of one sentence.
    ``prefetch``: sentences that are synthesised ahead of the one being sent.
    ``buffer_seconds``: how much sound of each of them may wait for a client that does not read.
    ``retries``: further tries of an engine that gave no byte.
    ``on_failure``: ``text`` (a Notice, the turn goes on) or ``abort``.
    ``wording``: makes the words that the voice says.
    """

    first_audio_timeout_seconds: float
    stall_timeout_seconds: float
    max_sentence_seconds: float
    prefetch: int
    buffer_seconds: float
    retries: int
    on_failure: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sentence that is to be said.

    ``said``: the words that the voice gets.
    ``progress``: is called at each piece of sound.
    ``rate``: is given the Hz of the sound that comes, and tells those of the answer: one answer has one rate.
    """

    sentence: Sentence
    said: str
    voice: Voice
    options: SpeechOptions
    progress: Callable[[], None]
    due: Due
    word_timings: bool
    rate: Callable[[int], int]


def words_for(engine: Engine, text: str, voice: Voice, wording: Wording) -> str:
    """Give the words that *engine* says for *text*, in the language of its voice where it can tell."""
    return wording(text, voice.language, engine.reads_in(text, voice))
