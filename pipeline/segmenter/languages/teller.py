"""In which language a reply is written, by its words and letters so far."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pipeline.segmenter.languages.tables import BY_SCRIPT, CYRILLIC, LATIN, table

_CANDIDATES = {"latin": LATIN, "cyrillic": CYRILLIC}
_WORD = re.compile(r"[^\W\d_]+|¿|¡")
_MOST_PIECES = 300
_ENOUGH = 16
"""Words and letters that settle a language, if no other has more than half as many."""


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


def _owners(section: Literal["words", "letters"]) -> Mapping[str, tuple[str, ...]]:
    owners: dict[str, tuple[str, ...]] = {}
    for language in (*LATIN, *CYRILLIC):
        for word in getattr(table(language), section):
            owners[word] = (*owners.get(word, ()), language)
    return owners


_WORDS = _owners("words")
_LETTERS = _owners("letters")


class LanguageTeller:
    """Tells from the words so far in which language a reply is written."""

    __slots__ = ("_counts", "_pieces", "_settled", "_unread")

    def __init__(self) -> None:
        self._counts = dict.fromkeys((*LATIN, *CYRILLIC), 0)
        self._unread: list[tuple[str, str]] = []  # text, or a script that was asked for; most replies need no answer
        self._pieces = 0
        self._settled: dict[str, Sequence[str]] = {}

    def read(self, text: str) -> None:
        """Take more of the reply into account; a word may not be cut."""
        if self._pieces < _MOST_PIECES:
            self._pieces += 1
            self._unread.append((text, ""))

    def note(self, script_name: str) -> None:
        """The same as to ask for ``languages`` now, when the answer does not matter."""
        if self._pieces < _MOST_PIECES:
            self._unread.append(("", script_name))
        else:
            self.languages(script_name)

    def languages(self, script_name: str) -> Sequence[str]:
        """The likeliest languages in the script: one, or all for which as much speaks, English and Russian first."""
        if self._unread and script_name in _CANDIDATES:
            self._catch_up()
        return self._likeliest(script_name)

    def _catch_up(self) -> None:
        for text, script_name in self._unread:
            if script_name:
                self._likeliest(script_name)
            else:
                self._count(text)
        self._unread.clear()

    def _likeliest(self, script_name: str) -> Sequence[str]:
        """By the counts; a script is settled when it is asked for and one language is far ahead."""
        if script_name in self._settled:
            return self._settled[script_name]
        candidates = _CANDIDATES.get(script_name)
        if candidates is None:
            return (BY_SCRIPT.get(script_name, "en"),)
        counts = [self._counts[language] for language in candidates]
        best = max(counts)
        likeliest = [language for language, count in zip(candidates, counts, strict=True) if count == best]
        if best >= _ENOUGH and sorted(counts)[-2] <= best // 2:
            self._settled[script_name] = likeliest
        return likeliest

    def _count(self, text: str) -> None:
        counts = self._counts
        for word in _WORD.findall(text.lower()):
            if owners := _WORDS.get(word):
                for owner in owners:
                    counts[owner] += 1
            elif not word.isascii():
                for letter in set(word):
                    for owner in _LETTERS.get(letter, ()):
                        counts[owner] += 1
