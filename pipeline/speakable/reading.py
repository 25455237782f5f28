"""Reads an answer out, sentence by sentence: knows what a sentence alone does not tell."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pipeline.events import Sentence
from pipeline.languages import is_letterless, told
from pipeline.speakable.blocks import CodeBlocks, Head, Part, Tail
from pipeline.speakable.language import Language
from pipeline.speakable.lexicon import Lexicon
from pipeline.speakable.markup.emphasis import NONE_OPEN, Opened, left_open
from pipeline.speakable.markup.sources import without_leading_sources
from pipeline.speakable.markup.tags import without_comments
from pipeline.speakable.speak import Emoji, code_of, language_of, speakable

Code = Literal["announce", "read", "skip"]

_ALERT = re.compile(r"\[![A-Z]{2,20}\]")
"""The kind of a quotation, which is said in the language of the answer."""
_BLANK_LINE = re.compile(r"\s*?\n[^\S\n]*\n")
"""Bold and italic text ends here, closed or not."""
_ENOUGH = 1000
"""So many characters of a prompt tell its language."""
_PAUSES = tuple(".,:;!?…—–»”)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """How answers are read.

    ``normalize``: as ``speakable`` says; without it sentences are said as written.
    ``code``: what is said for a block of code: that there is one, the code, or nothing.
    ``lexicons``: by base tag.
    """

    normalize: bool
    emoji: Emoji
    code: Code
    lexicons: Mapping[str, Lexicon]


Words = Callable[[str, str], str]
"""``words(language, voice_language)`` gives what a voice says; a pure function. ``language``: BCP-47, asked for or told
by what was said before; ``voice_language``: of the voice that reads; empty = not known.
"""


class Reading:
    """One answer that is read out. Its sentences are given to ``next``, in order."""

    def __init__(self, options: ReadingOptions, prompt: str = "") -> None:
        self._options = options
        self._language = told(prompt[:_ENOUGH]) or ""
        self._blocks = CodeBlocks()
        self._opened = NONE_OPEN
        self._in_comment = False
        self._begun = False

    @property
    def unfinished(self) -> bool:
        """Whether ``end`` gives something to say."""
        return self._options.code == "announce" and self._blocks.open

    def next(self, sentence: Sentence, waits: bool) -> tuple[str, Words]:
        """Return the language of the next sentence, and what is said for it.

        The language is "" where the letters of the sentence tell it, or where nothing does. *waits*: the listener has
        heard nothing for a while.
        """
        if self._options.code == "read":
            return self._said([sentence.text])
        if sentence.apart:
            return self._said([*self._blocks.end(), sentence.text])
        return self._said(self._blocks.parts(sentence.text, waits))

    def end(self) -> tuple[str, Words]:
        """Return, like ``next``, what is left to say when the answer is over."""
        return self._said(self._blocks.end())

    def _said(self, parts: list[Part]) -> tuple[str, Words]:
        parts = _joined(parts)
        if self._options.normalize:
            parts = [self._visible(part) if isinstance(part, str) else part for part in parts]
        prose = "\n".join(part for part in parts if isinstance(part, str))
        if self._begun and self._options.normalize and parts and isinstance(parts[0], str):
            parts[0] = without_leading_sources(parts[0])
        language = self._language if is_letterless(_ALERT.sub("", prose)) else ""
        opened = NONE_OPEN if _BLANK_LINE.match(prose) else self._opened
        self._opened = left_open(prose, opened)
        self._begun = self._begun or prose.strip() != ""
        if (its_own := told(prose)) is not None:
            self._language = its_own
        return language, partial(_words, self._options, parts, opened)

    def _visible(self, text: str) -> str:
        if not self._in_comment and "<!--" not in text:
            return text
        text, self._in_comment = without_comments(text, self._in_comment)
        return text


def _joined(parts: Sequence[Part]) -> list[Part]:
    """Return *parts* with the lines of prose that stand together as one."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += f"\n{part}"
        else:
            joined.append(part)
    return joined


def _words(options: ReadingOptions, parts: Sequence[Part], opened: Opened, language: str, voice: str) -> str:
    prose = "\n".join(part for part in parts if isinstance(part, str))
    spoken = language_of(language, prose, voice)
    said = ""
    for part in parts:
        if isinstance(part, str):
            piece = _prose(part, options, opened, language, voice)
        else:
            piece = _of_code(part, spoken) if options.code == "announce" else ""
        said += (", " if isinstance(part, Tail) and said and piece else _joint(said, piece)) + piece
    return said


def _prose(text: str, options: ReadingOptions, opened: Opened, language: str, voice: str) -> str:
    if options.normalize:
        return speakable(text, language, voice, emoji=options.emoji, opened=opened, lexicons=options.lexicons)
    lexicon = options.lexicons.get(code_of(language, text, voice))
    return lexicon.replaced(text.strip()) if lexicon else text.strip()


def _of_code(part: Part, language: Language) -> str:
    match part:
        case Head(name):
            return language.code_word(name)
        case Tail(lines):
            return language.lines(lines)
        case _:
            return ""


def _joint(said: str, piece: str) -> str:
    """Return what stands between two pieces: a voice must pause between prose and what is said of code."""
    if not said or not piece:
        return ""
    return " " if said.endswith(_PAUSES) else ". "
