"""Reading a reply zone by zone: prose, and the objects in it."""

import re
from collections.abc import Callable

from pipeline.segmenter.zones.envelopes import ObjectReader, TextScanner
from pipeline.segmenter.zones.objects import ObjectScanner
from pipeline.segmenter.zones.pieces import Break, Piece

OPENING = re.compile(r"[{`]")
TICKS = re.compile(r"`+")
_BRACE = re.compile(r"\{\s{0,256}")
_MAX_TICKS = 16
_MAX_BRACE = 257
Zone = Callable[[str, int, list[Piece]], int]
"""Reads ``text`` from a position on, appends the pieces, gives the position behind what belongs to the zone."""


def object_at(text: str, pos: int) -> bool | None:
    """Whether the brace at *pos* opens an object: a quote or the closing brace is next. None = too early to tell."""
    found = _BRACE.match(text, pos)
    if found is None:
        return False
    end = found.end()
    if end < len(text):
        return text[end] in "\"'}"
    return None if end - pos < _MAX_BRACE else False


class Zones:
    """The zone that a reply is in, what was read too early to tell what it is, and the object that is open."""

    def __init__(self, *, max_json_chars: int, max_json_depth: int, envelope: bool = True) -> None:
        self._max_json_chars = max_json_chars
        self._max_json_depth = max_json_depth
        self._envelope = envelope  # nothing but white space so far
        self._last = ""  # the last character of prose
        self._held = ""  # read, but too early to tell what it is
        self._zone: Zone = self._prose
        self._after: Zone = self._prose  # the zone that the open object stands in
        self._object: ObjectReader | None = None

    def _read(self, text: str, out: list[Piece]) -> None:
        if self._held:
            text, self._held = self._held + text, ""
        pos = 0
        while pos < len(text):
            pos = self._zone(text, pos, out)
            if self._held and pos < len(text):
                text, self._held, pos = self._held + text[pos:], "", 0

    def _hold(self, text: str, pos: int) -> int:
        self._held = text[pos:]
        return len(text)

    def _say(self, piece: str, out: list[Piece]) -> None:
        if piece:
            out.append(piece)
            self._last = piece[-1]
            if self._envelope and not piece.isspace():
                self._envelope = False

    def _say_until(self, pattern: re.Pattern[str], text: str, pos: int, out: list[Piece]) -> tuple[int, str]:
        """Say what stands before *pattern*: where that is, and what it begins with; "" at the end of *text*."""
        found = pattern.search(text, pos)
        at = found.start() if found else len(text)
        self._say(text[pos:at], out)
        return at, text[at : at + 1]

    def _prose(self, text: str, pos: int, out: list[Piece]) -> int:
        at, char = self._say_until(OPENING, text, pos, out)
        if not char:
            return at
        return self._brace(text, at, out) if char == "{" else self._backticks(text, at, out)

    def _brace(self, text: str, pos: int, out: list[Piece]) -> int:
        is_object = object_at(text, pos)
        if is_object is None:
            return self._hold(text, pos)
        if not is_object:
            self._say("{", out)
            return pos + 1
        return self._open_object(text, pos, out)

    def _backticks(self, text: str, pos: int, out: list[Piece]) -> int:
        """What backticks in prose open is for a subclass to say."""
        raise NotImplementedError

    @staticmethod
    def _run(text: str, pos: int) -> str | None:
        """The backticks at *pos*; None = there may be more of them."""
        found = TICKS.match(text, pos)
        assert found is not None
        return None if found.end() == len(text) and len(found.group()) < _MAX_TICKS else found.group()

    def _open_object(self, text: str, pos: int, out: list[Piece]) -> int:
        out.append(Break())
        found = _BRACE.match(text, pos)
        assert found is not None
        scanned = ObjectScanner(
            quote="'" if text[found.end()] == "'" else '"',
            max_chars=self._max_json_chars,
            max_depth=self._max_json_depth,
        )
        self._object = ObjectReader(scanned, envelope=self._envelope, text_scanner=self._text_scanner)
        self._envelope = False
        self._after = self._zone
        self._zone = self._in_object
        return pos

    def _text_scanner(self) -> TextScanner:
        """What reads the text in an object."""
        raise NotImplementedError

    def _in_object(self, text: str, pos: int, out: list[Piece]) -> int:
        assert self._object is not None
        pos = self._object.feed(text, pos, out)
        if self._object.closed:
            self._held = self._object.behind
            self._object = None
            self._zone = self._after
        return pos
