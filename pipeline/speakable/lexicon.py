"""An operator's own words: what is said for a word or phrase, by language.

A word is found as a whole. While a sentence is rewritten, letters that no language uses stand for what is said, so that
no rule changes it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Words = Mapping[str, Mapping[str, str]]
"""language -> word or phrase -> what is said"""

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")
_IN_NUMBER = re.compile(r"\d[.,:]\d")
_EDGE = "\u02ac"
"""A letter for a sound that no language has. Letters that phoneticians use, between two of them, are a number."""
_FIRST, _DIGITS = 0x250, 80
_HIDDEN = re.compile(f"{_EDGE}([{chr(_FIRST)}-{chr(_FIRST + _DIGITS - 1)}]+){_EDGE}")


@dataclass(frozen=True, slots=True)
class _Entry:
    pattern: re.Pattern[str]
    said: str


class Lexicon:
    """The words of one language. Looking a text over takes as long as the text is, however many words there are."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._by_token: dict[str, list[_Entry]] = {}
        for key in sorted(words, key=len, reverse=True):
            entry = _Entry(_pattern(key), words[key])
            for form in {unicodedata.normalize(each, key) for each in ("NFC", "NFD")}:
                self._by_token.setdefault(_first_token(form), []).append(entry)

    def replaced(self, text: str) -> str:
        """Return *text* with what is said for each of its words that is known."""
        return self._rewritten(text, lambda entry: entry.said)

    def hidden(self, text: str, kept: list[str]) -> str:
        """Return *text* with a stand-in for each of its words that is known; what is said for it is added to *kept*."""

        def hide(entry: _Entry) -> str:
            kept.append(entry.said)
            return _EDGE + _numeral(len(kept) - 1) + _EDGE

        return self._rewritten(text, hide)

    def _rewritten(self, text: str, say: Callable[[_Entry], str]) -> str:
        pieces, done = [], 0
        for token in _TOKEN.finditer(text):
            start = token.start()
            entries = self._by_token.get(token[0].lower()) if start >= done else None
            if entries and (match := _longest(entries, text, start)):
                entry, end = match
                pieces += [text[done:start], say(entry)]
                done = end
        return "".join(pieces) + text[done:]


def shown(text: str, kept: Sequence[str]) -> str:
    """Return *text* with each stand-in replaced by what is said."""

    def show(m: re.Match[str]) -> str:
        number = 0
        for digit in m[1]:
            number = number * _DIGITS + ord(digit) - _FIRST
        return kept[number] if number < len(kept) else m[0]

    return _HIDDEN.sub(show, text) if kept else text


def _longest(entries: Sequence[_Entry], text: str, start: int) -> tuple[_Entry, int] | None:
    if not _begins(text, start):
        return None
    for entry in entries:
        match = entry.pattern.match(text, start)
        if match and _ends(text, match.end()):
            return entry, match.end()
    return None


def _pattern(key: str) -> re.Pattern[str]:
    """Return the pattern of a key: its letters composed or not, in any case unless it has a capital."""
    words = (_either_form(word) for word in key.split())
    return re.compile(r"\s+".join(words), 0 if any(map(str.isupper, key)) else re.IGNORECASE)


def _either_form(word: str) -> str:
    composed, apart = (re.escape(unicodedata.normalize(form, word)) for form in ("NFC", "NFD"))
    return composed if composed == apart else f"(?:{composed}|{apart})"


def _first_token(key: str) -> str:
    token = _TOKEN.search(key)
    assert token is not None, "the settings let no key through that has no sign"
    return token[0].lower()


def _begins(text: str, at: int) -> bool:
    """Whether a word begins here. The 5 of 1.5 is no word, nor is the b of a_b."""
    if at == 0 or not text[at].isalnum():
        return True
    return not _goes_on(text[at - 1]) and not (at > 1 and _IN_NUMBER.match(text, at - 2))


def _ends(text: str, at: int) -> bool:
    if not (text[at - 1].isalnum() or _is_mark(text[at - 1])):
        return True  # "Dr." and "C++" end with their sign
    return not _goes_on(text[at : at + 1]) and not _IN_NUMBER.match(text, at - 1)


def _goes_on(sign: str) -> bool:
    return sign != "" and (sign.isalnum() or sign == "_" or _is_mark(sign))


def _is_mark(sign: str) -> bool:
    return sign != "" and unicodedata.category(sign).startswith("M")


def _numeral(number: int) -> str:
    digits = chr(_FIRST + number % _DIGITS)
    while number := number // _DIGITS:
        digits = chr(_FIRST + number % _DIGITS) + digits
    return digits
