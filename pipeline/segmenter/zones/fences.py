"""Fenced code: no text at all if it holds objects, prose as written if it holds something else."""

import re

from pipeline.segmenter.zones.pieces import Piece
from pipeline.segmenter.zones.zones import OPENING, TICKS, Zones, object_at

_FENCE = re.compile(r"`+(?P<space>[^\S\n]{0,8})(?P<label>[\w+#-]{0,32})[\s\[]{0,256}")
_BETWEEN = re.compile(r"[\s,\[\]]*")
_MAX_HEAD = 300


class Fences(Zones):
    """The zones of a fence."""

    def _open_fence(self, text: str, pos: int, ticks: int, out: list[Piece]) -> int:
        """Three backticks or more: one that begins with an object, bare or marked json, is no text at all."""
        head = _FENCE.match(text, pos)
        assert head is not None
        label, end = head.group("label").lower(), head.end()
        undecided = end == len(text) and end - pos < _MAX_HEAD
        if label in ("", "json"):
            is_object = None if undecided else object_at(text, end)
        else:
            is_object = None if undecided and head.end("label") == end else False
        if is_object is None:
            return self._hold(text, pos)
        if is_object:
            self._zone = self._in_fence
            return end
        if label not in ("", "json") and not head.group("space") and text[head.end("label")].isspace():
            self._zone = self._code
        else:
            self._zone = self._prose if self._zone == self._fence_text else self._fence_text
        self._say(text[pos : pos + ticks], out)
        return pos + ticks

    def _fence_text(self, text: str, pos: int, out: list[Piece]) -> int:
        """A bare or json fence with more in it: prose with objects, so that no slip in the fences hides a command."""
        at, char = self._say_until(OPENING, text, pos, out)
        if not char:
            return at
        if char == "{":
            return self._brace(text, at, out)
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            return self._open_fence(text, at, len(ticks), out)
        self._say(ticks, out)
        return at + len(ticks)

    def _in_fence(self, text: str, pos: int, out: list[Piece]) -> int:
        """Between the objects of a fence."""
        between = _BETWEEN.match(text, pos)
        at = between.end() if between else pos
        if at == len(text):
            return at
        if text[at] == "{":
            is_object = object_at(text, at)
            if is_object is None:
                return self._hold(text, at)
            if is_object:
                return self._open_object(text, at, out)
        elif text[at] == "`":
            ticks = self._run(text, at)
            if ticks is None:
                return self._hold(text, at)
            if len(ticks) >= 3:
                self._zone = self._fence_end
                return at + len(ticks)
        self._zone = self._fence_text
        return at

    def _fence_end(self, text: str, pos: int, out: list[Piece]) -> int:
        """One line break after the closing backticks belongs to them."""
        del out
        if text[pos] == "\r" and pos + 1 == len(text):
            return self._hold(text, pos)
        self._zone = self._prose
        if text.startswith("\r\n", pos):
            return pos + 2
        return pos + (text[pos] == "\n")

    def _code(self, text: str, pos: int, out: list[Piece]) -> int:
        """A fence of something else: prose as written, up to its end."""
        at, char = self._say_until(TICKS, text, pos, out)
        if not char:
            return at
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            self._zone = self._prose
        self._say(ticks, out)
        return at + len(ticks)
