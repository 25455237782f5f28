"""What the sentence rules know of each language, read once from the tables beside this file (see README.md there)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from importlib.resources import files

LATIN = ("en", "de", "es", "fr", "it", "pt", "pl", "tr")
CYRILLIC = ("ru", "uk")
_CANDIDATES = {"latin": LATIN, "cyrillic": CYRILLIC}
_BY_SCRIPT = {"arabic": "ar", "devanagari": "hi", "hangul": "ko", "cjk": "ja"}
_CHAINED = re.compile(r"(?:\S{1,4}\.\s*)+\S+")
_WORD = re.compile(r"[^\W\d_]+|¿|¡")
_COUNT = re.compile(r".*\d|[IVXLCDMХ]+")
"""A number, or one in Roman letters (the Cyrillic Х among them)."""
_MOST_PIECES = 300
_ENOUGH = 16
"""Words and letters that settle a language, if no other has more than half as many."""


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
        self._unread: list[str] = []  # most replies are settled before most of them is read
        self._pieces = 0
        self._settled: dict[str, Sequence[str]] = {}

    def read(self, text: str) -> None:
        """Take more of the reply into account; a word may not be cut."""
        if self._pieces < _MOST_PIECES:
            self._pieces += 1
            self._unread.append(text)

    def languages(self, script_name: str) -> Sequence[str]:
        """The likeliest languages in the script: one, or all for which as much speaks, English and Russian first."""
        if script_name in self._settled:
            return self._settled[script_name]
        candidates = _CANDIDATES.get(script_name)
        if candidates is None:
            return (_BY_SCRIPT.get(script_name, "en"),)
        if self._unread:
            self._count(" ".join(self._unread))
            self._unread.clear()
        counts = [self._counts[language] for language in candidates]
        best = max(counts)
        likeliest = [language for language, count in zip(candidates, counts, strict=True) if count == best]
        if best >= _ENOUGH and sorted(counts)[-2] <= best // 2:
            self._settled[script_name] = likeliest
        return likeliest

    def _count(self, text: str) -> None:
        words, letters = _owners("words"), _owners("letters")
        for word in _WORD.findall(text.lower()):
            known = words.get(word)
            if known:
                self._counts.update(known)
            elif not word.isascii():
                self._counts.update(owner for letter in set(word) for owner in letters.get(letter, ()))
