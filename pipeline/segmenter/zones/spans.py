"""Inline code: prose as written. A backtick not closed on its line opened none, so an object behind it waits."""

import re

from pipeline.segmenter.zones.pieces import Piece
from pipeline.segmenter.zones.zones import Zones, object_at

_SPAN = re.compile(r"[{`\n]")
_SPAN_END = re.compile(r"[`\n]")


class Spans(Zones):
    """The zones of inline code."""

    def __init__(self, *, max_json_chars: int, max_json_depth: int, envelope: bool = True) -> None:
        super().__init__(max_json_chars=max_json_chars, max_json_depth=max_json_depth, envelope=envelope)
        self._ticks = 0  # how many open it
        self._span: list[str] = []  # what waits, from an object in it on

    def _open_span(self, text: str, pos: int, ticks: str, out: list[Piece]) -> int:
        end = pos + len(ticks)
        if not (ticks == "`" and self._last.isalnum() and text[end].isalnum()):  # that one is an apostrophe
            self._ticks = len(ticks)
            self._zone = self._in_span
        self._say(ticks, out)
        return end

    def _in_span(self, text: str, pos: int, out: list[Piece]) -> int:
        at, char = self._say_until(_SPAN, text, pos, out)
        if not char:
            return at
        if char == "\n":
            self._zone = self._prose
            return at
        if char == "{":
            return self._brace_in_span(text, at, out)
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) == self._ticks or len(ticks) >= 3:
            self._zone = self._prose
            if len(ticks) >= 3:
                return at
        self._say(ticks, out)
        return at + len(ticks)

    def _brace_in_span(self, text: str, pos: int, out: list[Piece]) -> int:
        is_object = object_at(text, pos)
        if is_object is None:
            return self._hold(text, pos)
        if is_object:
            self._zone = self._held_span
            return pos
        self._say("{", out)
        return pos + 1

    def _held_span(self, text: str, pos: int, out: list[Piece]) -> int:
        """Inline code with an object in it, up to the backticks that prove it or the line's end that denies it."""
        found = _SPAN_END.search(text, pos)
        at = found.start() if found else len(text)
        self._span.append(text[pos:at])
        if found is None:
            return at
        if found.group() == "\n":
            self._resolve_stray(text[at], out)
            return at + 1
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            self._resolve_stray("", out)
            return at
        self._span.append(ticks)
        if len(ticks) == self._ticks:
            code, self._span = "".join(self._span), []
            self._zone = self._prose
            self._say(code, out)
        return at + len(ticks)

    def _resolve_stray(self, more: str, out: list[Piece]) -> None:
        """The backtick was none: read what waited behind it again, as prose."""
        code, self._span = "".join(self._span) + more, []
        held, self._held = self._held, ""
        self._zone = self._prose
        self._read(code + held, out)
