"""The abbreviations of all languages at once: most words are none in any, and of many all languages say the same."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.languages.tables import Kind, Table

_COUNT = re.compile(r".*\d|[IVXLCDMХ]+(?:[–—-][IVXLCDMХ]+)?")
"""A number, or one in Roman letters (the Cyrillic Х among them), or a range."""


class Abbreviations:
    """Looks up words in the tables, given by language."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._kinds: dict[str, dict[str, Kind]] = {}  # for each entry what the languages say of it
        self._chains: dict[str, dict[str, Kind]] = {}
        self._suffixes: dict[str, dict[str, Kind]] = {}
        self._words: dict[str, set[str]] = {}  # the languages that may know a word, in small letters
        for language, known in tables.items():
            for name, kind in known.kinds.items():
                self._kinds.setdefault(name, {})[language] = kind
                if name.startswith("-"):
                    self._suffixes.setdefault(name[1:], {})[language] = kind
            for chain in known.chains:
                self._chains.setdefault(chain, {})[language] = Kind.NEVER
            for word in _last_words(known.kinds):
                self._words.setdefault(word, set()).add(language)
        self._endings = tuple(self._suffixes)
        by_opener = {name.lower() for name, kinds in self._kinds.items() if Kind.OPENER in kinds.values()}
        self._by_opener = {name.rpartition(" ")[2] for name in by_opener}
        self._endings_by_opener = tuple(name[1:] for name in by_opener if name.startswith("-"))

    def may_know(self, word: str) -> bool:
        """Whether any table may say something of *word*."""
        small = word.lower()
        return small in self._words or small.endswith(self._endings)

    def may_end_before_opener(self, word: str) -> bool:
        """Whether it may take the word behind *word* to tell what a table says of it."""
        small = word.lower()
        return small in self._by_opener or small.endswith(self._endings_by_opener)

    def kinds(self, word: str, before: str, following: str) -> dict[str, Kind]:
        """What each language that knows *word* (as written, no last dot) says of it, by its tag.

        The word stands between the word *before* and the letter *following*.
        """
        small = word.lower()
        found = self._by_suffix(small) if small.endswith(self._endings) else {}
        if small not in self._words:
            return found
        for entry in _entries(word, small, before):
            if known := self._kinds.get(entry):
                found |= known
        dotted = before.lower() + small if before.endswith(".") else small
        if chained := self._chains.get(f"{dotted}.{following.lower()}"):
            found |= chained
        return found

    def _by_suffix(self, small: str) -> dict[str, Kind]:
        """What holds for the end of a word that is not in the table itself."""
        known = self._words.get(small, ())
        suffixes = (kinds for ending, kinds in self._suffixes.items() if small.endswith(ending))
        return {language: kind for kinds in suffixes for language, kind in kinds.items() if language not in known}


def _entries(word: str, small: str, before: str) -> Iterator[str]:
    """The entries that hold for *word* behind the word *before*; what a later one says counts more."""
    if len(word) > 1 or not word.isupper():  # else it is an initial
        if word.isupper():
            yield word.capitalize()
        yield small
        yield word
    if before:
        pair = before.lower()
        if pair.endswith("."):
            yield pair + small
        if _COUNT.fullmatch(before):
            yield "9 " + small
        elif before[0].isupper():
            yield "aa " + small
        yield f"{pair} {small}"


def _last_words(entries: Iterable[str]) -> Iterator[str]:
    """The words behind whose dots an abbreviation goes on or ends: z, z.b and b for z.b."""
    for name in entries:
        small = name.lower()
        yield small.rpartition(" ")[2]
        parts = small.split(".")
        for at in range(1, len(parts)):
            yield ".".join(parts[:at])
            yield parts[at]
            yield parts[at - 1]
