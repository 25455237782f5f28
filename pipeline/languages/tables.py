"""The tables of the sentence rules: one text file for each language, read once (README.md describes their format)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.resources import files

from pipeline.languages.script import SCRIPTS

_SECTIONS = (
    *("script", "openers", "goes on before", "letter ends after", "joins letters"),
    *("ordinal after", "day after", "years", "words", "letters"),
)
"""The sections of a table beside those of abbreviations."""
_CHAINED = re.compile(r"(?:\S{1,4}\.\s*)+\S+")
_FIRST = ("en", "ru")
"""The languages that are preferred while several of a script are as likely."""


class Kind(Enum):
    """What a table says of the dot behind a word."""

    NEVER = "never ends"
    OPENER = "ends before an opener"
    NUMBERED = "goes on before a number"
    CAPITAL = "ends before a capital"


@dataclass(frozen=True, slots=True)
class Table:
    """What is known of one language. Words are in small letters unless noted otherwise."""

    script: str = ""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """Abbreviations, as ``key`` writes them. A hyphen in front marks the end of a word: -str for Hauptstr."""
    chains: frozenset[str] = frozenset()
    """How dotted abbreviations go on: ``z.b`` says that a ``z.`` before a ``B`` ends no sentence."""
    openers: frozenset[str] = frozenset()
    goes_on_before: frozenset[str] = frozenset()
    """As written."""
    letter_ends_after: frozenset[str] = frozenset()
    joins_letters: frozenset[str] = frozenset()
    ordinal_after: frozenset[str] = frozenset()
    day_after: frozenset[str] = frozenset()
    years: frozenset[str] = frozenset()
    """Without their last dot, ``squeezed``."""
    words: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()


def squeezed(text: str) -> str:
    """Return *text* in small letters, without white space."""
    return re.sub(r"\s", "", text).lower()


def key(entry: str) -> str:
    """Return the abbreviation *entry* as a key of ``Table.kinds``: no last dot, no white space between dots."""
    entry = entry.removesuffix(".")
    if _CHAINED.fullmatch(entry):
        return squeezed(entry)
    return entry.lower() if " " in entry else entry


def parse(text: str) -> Table:
    """Return the table that a file holds. ValueError names an unknown section or script, or an entry of no section."""
    sections = _sections(text)
    script = "".join(sections["script"])
    if script not in SCRIPTS | {""}:
        raise ValueError(f"unknown script {script!r}; known: {', '.join(sorted(SCRIPTS))}")
    kinds = {key(entry): kind for kind in reversed(Kind) for entry in sections[kind.value]}
    return Table(
        script=script,
        kinds=kinds,
        chains=_chains(kinds),
        openers=_small(sections["openers"]),
        goes_on_before=frozenset(sections["goes on before"]),
        letter_ends_after=_small(sections["letter ends after"]),
        joins_letters=_small(sections["joins letters"]),
        ordinal_after=_small(sections["ordinal after"]),
        day_after=_small(sections["day after"]),
        years=frozenset(squeezed(entry.removesuffix(".")) for entry in sections["years"]),
        words=_small(sections["words"]),
        letters=_small(sections["letters"]),
    )


def _sections(text: str) -> dict[str, list[str]]:
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
    return sections


def _small(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _chains(kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(name[: at + 2] for name in kinds for at, char in enumerate(name[:-1]) if char == "." and at)


def _load() -> dict[str, Table]:
    """Read every file: ``latin.txt`` holds for all languages in Latin script, ``en.txt`` for English."""
    names = (file.name for file in files(__package__).iterdir())
    stems = sorted(name.removesuffix(".txt") for name in names if name.endswith(".txt"))
    read = {stem: parse((files(__package__) / f"{stem}.txt").read_text("utf-8")) for stem in stems}
    languages = sorted(read.keys() - SCRIPTS, key=lambda language: (language not in _FIRST, language))
    return {language: _joined(read[language], read.get(read[language].script, Table())) for language in languages}


def _joined(own: Table, common: Table) -> Table:
    return replace(own, kinds={**common.kinds, **own.kinds}, chains=common.chains | own.chains)


_NOTHING = Table()
TABLES: Mapping[str, Table] = _load()
"""The table of each language, English and Russian first."""
BY_SCRIPT: Mapping[str, tuple[str, ...]] = {
    script: tuple(language for language, table in TABLES.items() if table.script == script) for script in SCRIPTS
}


def table(language: str) -> Table:
    """Return the table of *language*, with the common one of its script; an empty table if the language has none."""
    return TABLES.get(language, _NOTHING)
