"""What the sentence rules know of each language, from the tables beside this file (see README.md there), read once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.resources import files

LATIN = ("en", "de", "es", "fr", "it", "pt", "pl", "tr")
CYRILLIC = ("ru", "uk")
BY_SCRIPT = {"arabic": "ar", "devanagari": "hi", "hangul": "ko", "cjk": "ja"}
"""The language of a script that has only one here."""
_SECTIONS = (
    *("openers", "goes on before", "letter ends after", "joins letters"),
    *("ordinal after", "years", "words", "letters"),
)
"""Of a table, beside those of abbreviations."""
_CHAINED = re.compile(r"(?:\S{1,4}\.\s*)+\S+")


class Kind(Enum):
    """What a table says of the dot behind a word."""

    NEVER = "never ends"
    OPENER = "ends before an opener"
    CAPITAL = "ends before a capital"


@dataclass(frozen=True, slots=True)
class Table:
    """One language. ``kinds``: abbreviations without white space and their last dot (see ``key``).

    Entries of it with a hyphen first hold for the end of a word: -str for Hauptstr.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    chains: frozenset[str] = frozenset()
    """How dotted abbreviations go on: ``z.b`` in it says that a ``z.`` before a ``B`` does not end."""
    openers: frozenset[str] = frozenset()
    goes_on_before: frozenset[str] = frozenset()
    """As written."""
    letter_ends_after: frozenset[str] = frozenset()
    joins_letters: frozenset[str] = frozenset()
    ordinal_after: frozenset[str] = frozenset()
    years: frozenset[str] = frozenset()
    """Without their last dot, ``squeezed``."""
    words: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()


def squeezed(text: str) -> str:
    """In small letters, without white space."""
    return re.sub(r"\s", "", text).lower()


def key(entry: str) -> str:
    """An entry of a table as ``kind`` looks it up."""
    entry = entry.removesuffix(".")
    if _CHAINED.fullmatch(entry):
        return squeezed(entry)
    return entry.lower() if " " in entry else entry


def parse(text: str) -> Table:
    """A table from its file. ValueError names an unknown section or an entry outside of any."""
    sections: dict[str, list[str]] = {name: [] for name in (*(kind.value for kind in Kind), *_SECTIONS)}
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
        openers=_small(sections["openers"]),
        goes_on_before=frozenset(sections["goes on before"]),
        letter_ends_after=_small(sections["letter ends after"]),
        joins_letters=_small(sections["joins letters"]),
        ordinal_after=_small(sections["ordinal after"]),
        years=frozenset(squeezed(entry.removesuffix(".")) for entry in sections["years"]),
        words=_small(sections["words"]),
        letters=_small(sections["letters"]),
    )


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
TABLES: Mapping[str, Table] = _load_all()


def table(language: str) -> Table:
    """The table of *language* (with what is common to its script); an empty one if there is none."""
    return TABLES.get(language, _NOTHING)
