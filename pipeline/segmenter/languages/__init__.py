"""What the sentence rules know of each language, read once from the tables beside this file (their form: README.md there)."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from importlib.resources import files

LATIN = ("en", "de", "es", "fr", "it", "pt", "pl", "tr")
CYRILLIC = ("ru", "uk")
_BY_SCRIPT = {"arabic": "ar", "devanagari": "hi", "hangul": "ko", "cjk": "ja"}
_CHAINED = re.compile(r"(?:\S{1,4}\.\s*)+\S+")
_WORD = re.compile(r"[^\W\d_]+|¿|¡")
_COUNT = re.compile(r".*\d|[IVXLCDMХ]+")
"""A number, or one in Roman letters (the Cyrillic Х among them)."""
_ENOUGH = 200
"""Known words after which the language is settled."""


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

    def kind(self, word: str, before: str, following: str) -> Kind | None:
        """What is known of *word* (as written, without its last dot) behind the word *before*, *following* being the next letter."""
        kinds, small, pair = self.kinds, word.lower(), before.lower()
        dotted = pair + small if pair.endswith(".") else small
        if f"{dotted}.{following.lower()}" in self.chains:
            return Kind.NEVER
        if before:
            found = kinds.get(f"{pair} {small}") or (kinds.get("9 " + small) if _COUNT.fullmatch(before) else None)
            if found := found or (kinds.get(dotted) if dotted != small else None):
                return found
        if len(word) == 1 and word.isupper():
            return None  # an initial
        return kinds.get(small) or kinds.get(word.capitalize() if word.isupper() else word) or self._ending(small)

    def _ending(self, word: str) -> Kind | None:
        """Entries with a hyphen first hold for the end of a word: -str. for Hauptstr."""
        return next((kind for n in (2, 3, 4) if len(word) > n and (kind := self.kinds.get("-" + word[-n:]))), None)


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


def _small(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _chains(kinds: Iterable[str]) -> frozenset[str]:
    return frozenset(name[: at + 2] for name in kinds for at, char in enumerate(name[:-1]) if char == "." and at)


@cache
def table(language: str) -> Table:
    """The table of *language* (with what is common to its script); an empty one if there is none."""
    file = files(__package__) / f"{language}.txt"
    own = parse(file.read_text(encoding="utf-8")) if file.is_file() else Table()
    if language not in LATIN:
        return own
    common = table("common")
    return replace(own, kinds={**common.kinds, **own.kinds}, chains=common.chains | own.chains)


@cache
def _owners(section: str) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for language in (*LATIN, *CYRILLIC):
        for word in getattr(table(language), section):
            owners[word] = (*owners.get(word, ()), language)
    return owners


def script(char: str) -> str:
    """The script of a letter, by the name that the rules use."""
    code = ord(char)
    if code < 0x370:
        return "latin"
    if 0x400 <= code < 0x530:
        return "cyrillic"
    if 0x590 <= code < 0x8A0 or 0xFB50 <= code < 0xFE00 or 0xFE70 <= code < 0xFF00:
        return "arabic"
    if 0x900 <= code < 0x980:
        return "devanagari"
    if 0xAC00 <= code < 0xD7B0 or 0x1100 <= code < 0x1200:
        return "hangul"
    if 0x2E80 <= code < 0xA000 or 0xF900 <= code < 0xFB00 or 0xFF66 <= code < 0xFFA0 or 0x20000 <= code < 0x32000:
        return "cjk"
    return "latin" if 0x1E00 <= code < 0x2000 else "other"


class LanguageTeller:
    """Tells from the words so far in which language a reply is written."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._words = 0

    def read(self, text: str) -> None:
        """Take more of the reply into account; a word may not be cut."""
        if self._words >= _ENOUGH:
            return
        words, letters = _owners("words"), _owners("letters")
        for word in _WORD.findall(text.lower()):
            known = words.get(word)
            if known:
                self._words += 1
                self._counts.update(known)
            elif not word.isascii():
                self._counts.update(owner for letter in set(word) for owner in letters.get(letter, ()))

    def languages(self, script_name: str) -> Sequence[str]:
        """The likeliest languages written in the script: one, or all for which as much speaks, English and Russian first."""
        candidates = LATIN if script_name == "latin" else CYRILLIC if script_name == "cyrillic" else ()
        if not candidates:
            return (_BY_SCRIPT.get(script_name, "en"),)
        counts = [self._counts[language] for language in candidates]
        best = max(counts)
        return [language for language, count in zip(candidates, counts, strict=True) if count == best]
