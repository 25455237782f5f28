"""Finds where in the phonemes of a text each of its words begins. Pure: no I/O, no voice.

A voice's phonemes are no list of its words: some are said as one ("of the"), numbers as several, and spaces only tell
where espeak thinks that a word ends. So each word is compared with how it is said alone.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

SURE = 0.7
"""How much of the phonemes must be those of the words alone, 0 to 1; below it no word has a place."""

_STRESS = "ˈˌ"
_LETTERS = ("Ll", "Lu", "Lo", "Nd")


class Begin(NamedTuple):
    """A word, ``offset`` and ``length`` in the text, begins with phoneme number ``phoneme`` of ``sentence``, from 0."""

    offset: int
    length: int
    sentence: int
    phoneme: int


class _Sound(NamedTuple):
    """A phoneme that can be heard alone. ``first``: there is a space, or nothing, before it."""

    letter: str
    sentence: int
    phoneme: int
    first: bool


class _Word(NamedTuple):
    """A word whose sounds alone are numbers *begin* to *end* of those of all words."""

    offset: int
    length: int
    begin: int
    end: int


def begins(
    words: Iterable[tuple[int, int]], alone: Iterable[Sequence[str]], sentences: Sequence[Sequence[str]]
) -> Iterator[Begin]:
    """Yield where the *words* of a text, each with begin and end in it, begin in the phonemes of its *sentences*.

    *alone*: the phonemes of each word, said alone. Begins grow; a word whose place is in doubt has none.
    """
    said = _sounds(sentences)
    known: list[_Word] = []
    letters: list[str] = []
    for (start, end), phonemes in zip(words, alone, strict=True):
        sounds = _sounds([phonemes])
        known.append(_Word(start, end - start, len(letters), len(letters) + len(sounds)))
        letters += [sound.letter for sound in sounds]
    matcher = SequenceMatcher(None, letters, [sound.letter for sound in said], autojunk=False)
    if matcher.ratio() < SURE:
        return
    pairs = {a + step: b + step for a, b, size in matcher.get_matching_blocks() for step in range(size)}
    for word, at in _placed(known, pairs, [sound.first for sound in said]):
        yield Begin(word.offset, word.length, said[at].sentence, said[at].phoneme)


def _placed(words: Iterable[_Word], pairs: dict[int, int], firsts: list[bool]) -> Iterator[tuple[_Word, int]]:
    """Yield the words with the number of the sound with which each begins."""
    end, doubtful = 0, list[_Word]()
    for word in words:
        places = [pairs[number] for number in range(word.begin, word.end) if number in pairs]
        if not places or 2 * len(places) < word.end - word.begin:
            doubtful.append(word)
            continue
        at = places[0]
        while word.begin not in pairs and at > end and not firsts[at]:
            at -= 1
        yield from _between(doubtful, firsts, end, at)
        yield word, at
        end, doubtful = places[-1] + 1, []
    yield from _between(doubtful, firsts, end, len(firsts))


def _between(words: list[_Word], firsts: list[bool], begin: int, end: int) -> Iterable[tuple[_Word, int]]:
    """Place words that are said quite differently alone ("a"), where just as many are said between two known ones."""
    places = [at for at in range(begin, end) if firsts[at]]
    return zip(words, places, strict=True) if len(words) == len(places) else ()


def _sounds(sentences: Sequence[Sequence[str]]) -> list[_Sound]:
    sounds: list[_Sound] = []
    for sentence, phonemes in enumerate(sentences):
        first = True
        for number, phoneme in enumerate(phonemes):
            if unicodedata.category(phoneme[0]) in _LETTERS:
                stressed = number > 0 and phonemes[number - 1] in _STRESS
                sounds.append(_Sound(phoneme, sentence, number - stressed, first))
                first = False
            first = first or phoneme == " "
    return sounds
