"""Look up abbreviations in all languages at once. Most words are no abbreviation in any, many are the same in all."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.languages.tables import Kind, Table

_COUNT = re.compile(r".*\d|[IVXLCDMХ]+(?:[–—-][IVXLCDMХ]+)?")
"""A number in digits, or a number or range in Roman numerals, which Russians also write with a Cyrillic Х."""


_CYRILLIC_INITIALS = re.compile(r"[А-ЯЁ]\.[А-ЯЁ]")
"""Н. Э. Бауман is a person, н. э. is an era."""


class Abbreviations:
    """The abbreviations of *tables*, by language."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._kinds: dict[str, dict[str, Kind]] = {}  # for each entry, its kind in each language
        self._chains: dict[str, dict[str, Kind]] = {}
        self._suffixes: dict[str, dict[str, Kind]] = {}
        self._words: dict[str, set[str]] = {}  # the languages that may know a word, in small letters
        for language, table in tables.items():
            for name, kind in table.kinds.items():
                self._kinds.setdefault(name, {})[language] = kind
                if name.startswith("-") and " " not in name:
                    self._suffixes.setdefault(name[1:], {})[language] = kind
            for chain in table.chains:
                self._chains.setdefault(chain, {})[language] = Kind.NEVER
            for word in _last_words(table.kinds):
                self._words.setdefault(word, set()).add(language)
        self._endings = tuple(self._suffixes)
        by_opener = {name.lower() for name, kinds in self._kinds.items() if _may_hang_on_opener(kinds, tables)}
        numbered = (name for name, kinds in self._kinds.items() if {Kind.NUMBERED, Kind.NEVER} & {*kinds.values()})
        self._numbered = {name.lower() for name in numbered if " " not in name and "-" not in name}
        self._by_opener = {name.rpartition(" ")[2] for name in by_opener}
        self._endings_by_opener = tuple(name[1:] for name in by_opener if name.startswith("-"))

    def may_know(self, word: str) -> bool:
        """Return whether *word* may be an abbreviation in any language."""
        small = word.lower()
        return small in self._words or small.endswith(self._endings)

    def may_take_number(self, word: str) -> bool:
        """Return whether a number behind *word* belongs to it in any language."""
        return word.lower() in self._numbered

    def may_end_before_opener(self, word: str) -> bool:
        """Return whether the kind of *word* may depend on the word behind it."""
        small = word.lower()
        return small in self._by_opener or small.endswith(self._endings_by_opener)

    def kinds(self, word: str, before: str, following: str) -> dict[str, Kind]:
        """Return the kind of *word* in each language that knows it, by tag.

        *word* is as written, without its last dot, between the word *before* and the letter *following*.
        """
        small = word.lower()
        kinds = self._by_suffix(small) if small.endswith(self._endings) else {}
        if small not in self._words:
            return kinds
        for entry in _entries(word, small, before):
            if known := self._kinds.get(entry):
                kinds |= known
        dotted = before.lower() + small if before.endswith(".") else small
        if chained := self._chains.get(f"{dotted}.{following.lower()}"):
            kinds |= chained
        return kinds

    def _by_suffix(self, small: str) -> dict[str, Kind]:
        """Return the kind that the end of a word has in the languages that do not know the word itself."""
        known = self._words.get(small, ())
        suffixes = (kinds for ending, kinds in self._suffixes.items() if small.endswith(ending))
        return {language: kind for kinds in suffixes for language, kind in kinds.items() if language not in known}


def _may_hang_on_opener(kinds: Mapping[str, Kind], tables: Mapping[str, Table]) -> bool:
    """Return whether an abbreviation may end before an opener: by its kind, or because only some languages know it."""
    scripts = {tables[language].script for language in kinds}
    known = all(language in kinds for language, table in tables.items() if table.script in scripts)
    return Kind.OPENER in kinds.values() or (Kind.NEVER in kinds.values() and not known)


def _entries(word: str, small: str, before: str) -> Iterator[str]:
    """Yield the entries that match *word* behind the word *before*; a later one overrules an earlier one."""
    is_initial = len(word) == 1 and word.isupper()
    if not is_initial:
        if not _is_acronym(word, before):
            if word.isupper():
                yield word.capitalize()
            yield small
        yield word
    if before:
        yield from _pairs(word, small, before, is_initial)


def _is_acronym(word: str, before: str) -> bool:
    """Return whether *word* is capitals among small letters: My type is AB."""
    return word.isupper() and word.isalpha() and before.isalpha() and not before.isupper()


def _pairs(word: str, small: str, before: str, is_initial: bool) -> Iterator[str]:
    pair = before.lower()
    if pair.endswith(".") and not _CYRILLIC_INITIALS.fullmatch(before + word):
        yield pair + small
    if is_initial:
        return
    if _COUNT.fullmatch(before):
        yield "9 " + small
    elif before[0].isupper():
        yield "aa " + small
    yield f"{pair} {small}"
    yield f"-{pair[-2:]} {small}"


def _last_words(entries: Iterable[str]) -> Iterator[str]:
    """Yield the words behind whose dots an abbreviation goes on or ends: z, z.b and b for z.b."""
    for name in entries:
        small = name.lower()
        yield small.rpartition(" ")[2]
        parts = small.split(".")
        for at in range(1, len(parts)):
            yield ".".join(parts[:at])
            yield parts[at]
            yield parts[at - 1]
