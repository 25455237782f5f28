"""Speaks the text in an object of the reply: of an envelope at once, of a later object when it has closed."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pipeline.events import JsonBlock
from pipeline.segmenter.zones.cursor import Break, Piece
from pipeline.segmenter.zones.objects import ObjectScanner


class TextReader(Protocol):
    """Reads the zones of a text that stands in an object."""

    def feed(self, text: str) -> list[Piece]: ...

    def flush(self) -> list[Piece]: ...


class ObjectReader:
    """Reads one object: gives prose for its ``text`` if that may be spoken, then the object itself.

    With *envelope*, the text is spoken while the object is open. Otherwise it is spoken when the object closes, and
    only if the object has a ``session_id`` or no command: beside a command, ``text`` may be a misplaced argument.
    """

    def __init__(self, scanner: ObjectScanner, *, envelope: bool, text_reader: Callable[[], TextReader]) -> None:
        self._object = scanner
        self._envelope = envelope
        self._text_reader = text_reader
        self._text: TextReader | None = None  # most objects have no text
        self._late: list[str] = []

    @property
    def closed(self) -> bool:
        """Whether the object has ended."""
        return self._object.closed

    @property
    def behind(self) -> str:
        """White space behind an object without its last brace. It belongs to the text that comes next."""
        if not self._object.broken or self._object.refused:
            return ""
        raw = self._object.raw
        return raw[len(raw.rstrip()) :]

    def feed(self, text: str, pos: int, out: list[Piece]) -> int:
        """Read *text* from *pos* on. Return the position behind the part that belongs to the object."""
        was_refused = self._object.refused
        pos = self._object.feed(text, pos)
        if was_refused:
            return pos
        if self._object.words or self._object.text_ended:
            self._hear(out)
        if self._object.refused:
            self._give_up(self._object.refused, out)
        elif self._object.closed:
            self._close(out)
        return pos

    def cut(self, out: list[Piece]) -> None:
        """Refuse the object, because the reply ends in it. Words that were spoken stay spoken."""
        if not self._object.refused:
            self._give_up("truncated", out)

    def _hear(self, out: list[Piece]) -> None:
        if not self._envelope:
            self._late.append(self._object.words)
            return
        self._speak(self._object.words, out)
        if self._object.text_ended:
            self._end_text(out)

    def _speak(self, words: str, out: list[Piece]) -> None:
        if self._text is None:
            self._text = self._text_reader()
        _say(self._text.feed(words), out)

    def _close(self, out: list[Piece]) -> None:
        if self._late and (self._object.session or not self._object.command):
            self._speak("".join(self._late), out)
            self._end_text(out)
        if self._object.broken:
            out.append(JsonBlock(self._object.raw.rstrip(), "invalid_json"))
        else:
            out.append(JsonBlock(self._object.raw))

    def _give_up(self, reason: str, out: list[Piece]) -> None:
        if self._envelope and not self._object.has_spoken:
            self._end_text(out)
        out.append(JsonBlock(self._object.raw, reason))

    def _end_text(self, out: list[Piece]) -> None:
        if self._text is not None:
            _say(self._text.flush(), out)
        out.append(Break())


def _say(pieces: Iterable[Piece], out: list[Piece]) -> None:
    """Give the pieces of a text. An object in it is neither spoken nor a command."""
    out += [JsonBlock(piece.raw, "invalid_envelope") if isinstance(piece, JsonBlock) else piece for piece in pieces]
