"""The place in the text of a reply up to which it was read, and the pieces it was cut into."""

import re
from dataclasses import dataclass

from pipeline.events import JsonBlock

_TICKS = re.compile(r"`+")
_MOST_TICKS = 16
_OBJECT = re.compile(
    r"""\{\s{0,256}(?:"(?:[^"\\\n]|\\.){0,256}"\s{0,256}[^\s},\w]|'[^'{}\n]{0,256}'\s{0,256}:|\}"""
    r"""|command\s{0,256}:\s{0,256}["'])"""
)
_BEGUN_OBJECT = re.compile(
    r"""\{\s{0,256}(?:"(?:[^"\\\n]|\\.){0,256}(?:\\|"\s{0,256})?|'[^'{}\n]{0,256}(?:'\s{0,256})?"""
    r"""|c(?:o(?:m(?:m(?:a(?:n(?:d(?:\s{0,256}(?::\s{0,256})?)?)?)?)?)?)?)?)?\Z"""
)
"""What opens an object, and the beginning of that. ``command`` without quotes is a slip: such an object is refused, not
read aloud.
"""


@dataclass(frozen=True, slots=True)
class Break:
    """The prose before this does not go on in the prose after it."""


Piece = str | Break | JsonBlock
"""``str`` is prose, in pieces of any size."""


class Cursor:
    """The text that is not read yet is ``text`` from ``pos`` on; ``out`` holds the pieces so far.

    ``last``: the last character of prose; ``blank``: all prose was white space.
    """

    def __init__(self) -> None:
        self.text = ""
        self.pos = 0
        self.out: list[Piece] = []
        self.last = ""
        self.blank = True

    @property
    def next(self) -> str:
        """The next character, "" at the end of the text."""
        return self.text[self.pos : self.pos + 1]

    def unread(self, text: str) -> None:
        """Put *text* before the text that comes next."""
        self.text = text + self.text[self.pos :]
        self.pos = 0

    def take(self) -> list[Piece]:
        """Return the pieces so far and forget the text that was read."""
        self.text = self.text[self.pos :]
        self.pos = 0
        out, self.out = self.out, []
        return out

    def say(self, chars: int) -> None:
        """Give the next *chars* characters as prose."""
        if chars:
            piece = self.text[self.pos : self.pos + chars]
            self.pos += chars
            self.out.append(piece)
            self.last = piece[-1]
            self.blank = self.blank and piece.isspace()

    def say_until(self, pattern: re.Pattern[str]) -> str:
        """Give the text up to *pattern* as prose. Return the character that stands there, "" at the end of the text."""
        match = pattern.search(self.text, self.pos)
        if match is None:
            self.say(len(self.text) - self.pos)
            return ""
        self.say(match.start() - self.pos)
        return match.group()

    def count_ticks(self) -> int:
        """Count the backticks that come next; 0 while there may be more of them."""
        match = _TICKS.match(self.text, self.pos)
        if match is None or (match.end() == len(self.text) and match.end() - self.pos < _MOST_TICKS):
            return 0
        return match.end() - self.pos

    def opens_object(self, ahead: int = 0) -> str | None:
        """Return the quote or closing brace that shows that a brace *ahead* opens an object.

        "" = no object opens there, but prose, such as ``{"word"}``; None = too early to tell.
        """
        at = self.pos + ahead
        if _OBJECT.match(self.text, at):
            return self.text[at + 1 :].lstrip()[0]
        return None if _BEGUN_OBJECT.match(self.text, at) else ""
