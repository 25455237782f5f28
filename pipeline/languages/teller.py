"""In which language a reply is written, by its words and letters so far."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.languages.script import script
from pipeline.languages.tables import BY_SCRIPT, CYRILLIC, LATIN, table

_CANDIDATES = {"latin": LATIN, "cyrillic": CYRILLIC}
_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_](?=[\s'’])|¿|¡")
"""A letter before a mark is none: the z of z. B. is not Polish."""
_MOST_PIECES = 300
_ENOUGH = 16
"""Words and letters that settle a language, if no other has more than half as many."""


def _owners(section: Literal["words", "letters"]) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for language in (*LATIN, *CYRILLIC):
        for word in getattr(table(language), section):
            owners[word] = (*owners.get(word, ()), language)
    return owners


_WORDS = _owners("words")
_LETTERS = _owners("letters")
_NOTHING_SAID = dict.fromkeys((*LATIN, *CYRILLIC), 0)


def candidates(script_name: str) -> Sequence[str]:
    """All languages here that are written in the script; English stands for any that is unknown."""
    return _CANDIDATES.get(script_name) or (BY_SCRIPT.get(script_name, "en"),)


class LanguageTeller:
    """Tells from the words so far in which language a reply is written.

    It is told often and asked seldom, so it only keeps what it is told, until somebody asks.
    """

    __slots__ = ("_counts", "_read", "_settled", "_unread")

    def __init__(self) -> None:
        self._counts = _NOTHING_SAID.copy()
        self._unread: list[tuple[str, str]] = []  # text, and a letter whose script was asked for behind it
        self._read = 0  # characters of the open sentence
        self._settled: dict[str, Sequence[str]] = {}

    def read(self, text: str, end: int, letter: str = "") -> None:
        """Take *text*, the open sentence, up to *end* into account; a word may not be cut.

        *letter*: the same as to ask for the ``languages`` of its script now, when the answer does not matter.
        """
        if len(self._unread) < _MOST_PIECES:
            self._unread.append((text[self._read : end], letter))
        self.skip(end)

    def skip(self, end: int) -> None:
        """Take what stands before *end* in the open sentence into account no more."""
        self._read = max(self._read, end)

    def end(self, text: str, end: int) -> None:
        """The same, and the sentence ends there; another one is read from its beginning."""
        self.read(text, end)
        self._read = 0

    def languages(self, script_name: str) -> Sequence[str]:
        """The likeliest languages in the script: one, or all for which as much speaks, English and Russian first."""
        if self._unread and script_name in _CANDIDATES:
            self._catch_up()
        return self._likeliest(script_name)

    def _catch_up(self) -> None:
        for text, letter in self._unread:
            self._count(text)
            if letter and max(self._counts.values()) >= _ENOUGH:
                self._likeliest(script(letter))
        self._unread.clear()

    def _likeliest(self, script_name: str) -> Sequence[str]:
        """By the counts; a script is settled when it is asked for and one language is far ahead."""
        if script_name in self._settled:
            return self._settled[script_name]
        if script_name not in _CANDIDATES:
            return candidates(script_name)
        counts = [self._counts[language] for language in _CANDIDATES[script_name]]
        best = max(counts)
        likeliest = [language for language in _CANDIDATES[script_name] if self._counts[language] == best]
        if best >= _ENOUGH and sorted(counts)[-2] <= best // 2:
            self._settled[script_name] = likeliest
        return likeliest

    def _count(self, text: str) -> None:
        counts = self._counts
        for word in _WORD.findall(text.replace("İ", "ı").lower()):  # else that letter would become two
            if owners := _WORDS.get(word):
                for owner in owners:
                    counts[owner] += 1
            elif not word.isascii():
                for letter in set(word):
                    for owner in _LETTERS.get(letter, ()):
                        counts[owner] += 1
