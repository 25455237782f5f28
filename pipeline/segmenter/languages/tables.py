"""What the sentence rules know of each language, from the tables beside this file (see README.md there), read once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.resources import files

LATIN = ("en", "de", "es", "fr", "it", "pt", "pl", "tr")
CYRILLIC = ("ru", "uk")
BY_SCRIPT = {"arabic": "ar", "devanagari": "hi", "hangul": "ko", "cjk": "ja"}
"""The language of a script that has only one here."""
_CHAINED = re.compile(r"(?:\S{1,4}\.\s*)+\S+")
_COUNT = re.compile(r".*\d|[IVXLCDMХ]+")
"""A number, or one in Roman letters (the Cyrillic Х among them)."""


class Kind(Enum):
    """What a table says of the dot behind a word."""

    NEVER = "never ends"
    CAPITAL = "ends before a capital"


@dataclass(frozen=True, slots=True)
class Table:
    """One language. ``kinds``: abbreviations without white space and their last dot (see ``key``)."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    chains: frozenset[str] = frozenset()
    """How dotted abbreviations go on: ``z.b`` in it says that a ``z.`` before a ``B`` does not end."""
    letter_ends_after: frozenset[str] = frozenset()
    ordinal_after: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    suffixes: Mapping[str, Kind] = field(init=False)
    last_words: frozenset[str] = field(init=False)
    """All words that ``kind`` may know, in small letters; most words are told by not being here."""

    def __post_init__(self) -> None:
        suffixes = {name[1:]: kind for name, kind in self.kinds.items() if name.startswith("-")}
        object.__setattr__(self, "suffixes", suffixes)
        object.__setattr__(self, "last_words", frozenset(_last_words(self.kinds)))

    def kind(self, word: str, before: str, following: str) -> Kind | None:
        """What is known of *word* (as written, no last dot) between the word *before* and the letter *following*."""
        small = word.lower()
        if small not in self.last_words:
            return self._ending(small) if self.suffixes else None
        kinds, pair = self.kinds, before.lower()
        dotted = pair + small if pair.endswith(".") else small
        if f"{dotted}.{following.lower()}" in self.chains:
            return Kind.NEVER
        if before:
            found = kinds.get(f"{pair} {small}") or (kinds.get("9 " + small) if _COUNT.fullmatch(before) else None)
            if found := found or (kinds.get(dotted) if dotted != small else None):
                return found
        if len(word) == 1 and word.isupper():
            return None  # an initial
        return kinds.get(word) or kinds.get(small) or (kinds.get(word.capitalize()) if word.isupper() else None)

    def _ending(self, word: str) -> Kind | None:
        """Entries with a hyphen first hold for the end of a word: -str. for Hauptstr."""
        return next((kind for ending, kind in self.suffixes.items() if word.endswith(ending)), None)


def key(entry: str) -> str:
    """An entry of a table as ``kind`` looks it up."""
    entry = entry.removesuffix(".")
    if _CHAINED.fullmatch(entry):
        return re.sub(r"\s", "", entry).lower()
    return entry.lower() if " " in entry else entry


def parse(text: str) -> Table:
    """A table from its file. ValueError names an unknown section or an entry outside of any."""
    sections: dict[str, list[str]] = {
        name: [] for name in (*(kind.value for kind in Kind), "letter ends after", "ordinal after", "words", "letters")
    }
    entries: list[str] | None = None
    for line in text.splitlines():
        line = line.partition("//")[0].strip()
        if line.startswith("["):
            if (name := line.strip("[]")) not in sections:
                raise ValueError(f"unknown section {line}")
            entries = sections[name]
        elif line:
            if entries is None:
                raise ValueError(f"{line!r} stands before any section")
            entries += [entry.strip() for entry in line.split(",") if entry.strip()]
    kinds = {key(entry): kind for kind in reversed(Kind) for entry in sections[kind.value]}
    return Table(
        kinds=kinds,
        chains=_chains(kinds),
        letter_ends_after=_small(sections["letter ends after"]),
        ordinal_after=_small(sections["ordinal after"]),
        words=_small(sections["words"]),
        letters=_small(sections["letters"]),
    )


def _last_words(kinds: Iterable[str]) -> Iterator[str]:
    """The words behind whose dots an abbreviation goes on or ends: z, z.b and b for z.b."""
    for name in kinds:
        small = name.lower()
        yield small.rpartition(" ")[2]
        parts = small.split(".")
        for at in range(1, len(parts)):
            yield ".".join(parts[:at])
            yield parts[at]
            yield parts[at - 1]


def _small(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _chains(kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(name[: at + 2] for name in kinds for at, char in enumerate(name[:-1]) if char == "." and at)


def _load(language: str) -> Table:
    return parse(files(__package__).joinpath(f"{language}.txt").read_text(encoding="utf-8"))


def _load_all() -> dict[str, Table]:
    """Every table, with what is common to its script."""
    tables = {language: _load(language) for language in (*LATIN, *CYRILLIC, *BY_SCRIPT.values())}
    common = _load("common")
    for language in LATIN:
        own = tables[language]
        kinds, chains = {**common.kinds, **own.kinds}, common.chains | own.chains
        tables[language] = replace(own, kinds=kinds, chains=chains)
    return tables


_NOTHING = Table()
_TABLES = _load_all()
_LAST_WORDS = frozenset(word for known in _TABLES.values() for word in known.last_words)
_ENDINGS = tuple(ending for known in _TABLES.values() for ending in known.suffixes)


def table(language: str) -> Table:
    """The table of *language* (with what is common to its script); an empty one if there is none."""
    return _TABLES.get(language, _NOTHING)


def in_some_table(word: str) -> bool:
    """Whether ``kind`` of any table may know *word*; for most words this spares asking in which language they are."""
    small = word.lower()
    return small in _LAST_WORDS or small.endswith(_ENDINGS)
