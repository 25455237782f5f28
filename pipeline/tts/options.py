"""How engines are asked, and what one sentence asks of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from pipeline.events import Sentence
from pipeline.interfaces import Voice
from pipeline.languages import is_letterless
from pipeline.tts.engines import Due, Engine

Words = Callable[[str, str], str]
"""``words(language, voice_language)`` gives what is said for a sentence; a pure function. ``language``: of the request,
else of what was said before; ``voice_language``: of the voice that reads the sentence; empty = not known.
"""


Saying = tuple[str, Words]
"""The language that a sentence has from those before it, "" where its letters tell it, and what is said for it."""


class Reading(Protocol):
    """Reads one answer out. What is said for a sentence may depend on those before it."""

    @property
    def unfinished(self) -> bool:
        """Whether ``end`` gives something to say."""

    def next(self, sentence: Sentence, waits: bool, /) -> Saying:
        """Take in the next sentence. *waits*: the listener has heard nothing for a while."""

    def end(self) -> Saying:
        """Return what is left to say when the answer is over."""


Wording = Callable[[str], Reading]
"""Begins to read the answer to a prompt."""


class EachAlone:
    """A Reading in which *words*, a function of text, language and voice language, says each sentence by itself."""

    unfinished = False

    def __init__(self, words: Callable[[str, str, str], str]) -> None:
        self._words = words

    def next(self, sentence: Sentence, _waits: bool) -> Saying:
        return "", partial(self._words, sentence.text)

    def end(self) -> Saying:
        return "", lambda *_: ""


def as_written(_prompt: str) -> Reading:
    """Give the voice the sentences themselves."""
    return EachAlone(lambda text, *_: text.strip())


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
    ``wording``: makes the words that the voice says for an answer.
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

    ``saying``: what its answer's Reading gave; ``asked``: the voice of the request.
    ``said``: the words for the first engine; ``voice``: how it is asked for them.
    ``progress``: is called at each piece of sound.
    ``rate``: is given the Hz of the sound that comes, and tells those of the answer: one answer has one rate.
    """

    sentence: Sentence
    saying: Saying
    asked: Voice
    said: str
    voice: Voice
    options: SpeechOptions
    progress: Callable[[], None]
    due: Due
    word_timings: bool
    rate: Callable[[int], int]


def words_for(engine: Engine, text: str, saying: Saying, asked: Voice) -> tuple[str, Voice]:
    """Give the words that *engine* says for *text*, in the language of its voice where it can tell, and the voice to
    ask it for.

    The language of what was said before counts where *asked* has none and the engine has a voice for such words. Words
    with letters get the voice that all such words get; only for others the voice is asked for in that language.
    """
    language, words = saying
    if language and not asked.language:
        told = replace(asked, language=language)
        said = words(language, engine.reads_in(text, told))
        voice = told if is_letterless(said) else asked
        if engine.fits(said, voice):
            return said, voice
    return words(asked.language, engine.reads_in(text, asked)), asked
