"""Tell the language of a reply by its words and letters so far."""

import re
from collections.abc import Mapping, Sequence

from pipeline.languages.script import script
from pipeline.languages.tables import BY_SCRIPT, TABLES

_RIVALS = {name: languages for name, languages in BY_SCRIPT.items() if len(languages) > 1}
"""The scripts with several languages: there the words decide."""
_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_](?=[\s'’])|¿|¡")
"""A single letter counts only before white space or an apostrophe: the z of z. B. is not Polish."""
_MOST_PIECES = 300
_ENOUGH = 16
"""Words and letters that settle a language, if no other has more than half as many."""


def _owners(words: Mapping[str, frozenset[str]]) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for language, known in words.items():
        for word in known:
            owners[word] = (*owners.get(word, ()), language)
    return owners


_WORDS = _owners({language: table.words for language, table in TABLES.items()})
_LETTERS = _owners({language: table.letters for language, table in TABLES.items()})


def candidates(script_name: str) -> Sequence[str]:
    """Return all languages here that are written in the script; English for a script without any."""
    return BY_SCRIPT.get(script_name) or ("en",)


class LanguageTeller:
    """Tells the language of one reply. Counting words is deferred until a language is asked for."""

    __slots__ = ("_counts", "_read", "_settled", "_unread")

    def __init__(self) -> None:
        self._counts = dict.fromkeys(TABLES, 0)
        self._unread: list[tuple[str, str]] = []  # text, and a letter whose script is asked for behind that text
        self._read = 0  # characters of the open sentence
        self._settled: dict[str, Sequence[str]] = {}

    def read(self, text: str, end: int, letter: str = "") -> None:
        """Take the open sentence *text* into account up to *end*, where no word may be cut.

        A *letter* asks for the ``languages`` of its script at this point, where the answer does not matter.
        """
        if len(self._unread) < _MOST_PIECES:
            self._unread.append((text[self._read : end], letter))
        self.skip(end)

    def skip(self, end: int) -> None:
        """Leave the open sentence out of account up to *end*."""
        self._read = max(self._read, end)

    def end(self, text: str, end: int) -> None:
        """Take the sentence *text* into account up to its *end*; the next text is another sentence."""
        self.read(text, end)
        self._read = 0

    def languages(self, script_name: str) -> Sequence[str]:
        """Return the likeliest languages in the script: one, or all that are as likely, English and Russian first."""
        if self._unread and script_name in _RIVALS:
            self._catch_up()
        return self._likeliest(script_name)

    def _catch_up(self) -> None:
        for text, letter in self._unread:
            self._count(text)
            if letter and max(self._counts.values()) >= _ENOUGH:
                self._likeliest(script(letter))
        self._unread.clear()

    def _likeliest(self, script_name: str) -> Sequence[str]:
        """Go by the counts. The first question after one language has come far ahead settles its script."""
        if script_name in self._settled:
            return self._settled[script_name]
        if script_name not in _RIVALS:
            return candidates(script_name)
        counts = [self._counts[language] for language in _RIVALS[script_name]]
        best = max(counts)
        likeliest = [language for language in _RIVALS[script_name] if self._counts[language] == best]
        if best >= _ENOUGH and sorted(counts)[-2] <= best // 2:
            self._settled[script_name] = likeliest
        return likeliest

    def _count(self, text: str) -> None:
        counts = self._counts
        for word in _WORD.findall(text.replace("İ", "ı").lower()):  # lower() would make two characters of that letter
            if owners := _WORDS.get(word):
                for owner in owners:
                    counts[owner] += 1
            elif not word.isascii():
                for letter in set(word):
                    for owner in _LETTERS.get(letter, ()):
                        counts[owner] += 1
