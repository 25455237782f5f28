"""The zones of a reply: prose, JSON objects, the text of an envelope, fences, inline code.

Knows where prose is and where an object begins and ends; nothing of sentences, nothing of commands. Pure: text in,
pieces out, each character looked at once (a few dozen at a seam twice).
"""

from pipeline.events import JsonBlock
from pipeline.segmenter.zones.fences import Fences
from pipeline.segmenter.zones.pieces import Break, Piece
from pipeline.segmenter.zones.spans import Spans


class Scanner(Spans, Fences):
    """Cuts one reply into prose (``str``, in pieces of any size), ``Break`` and ``JsonBlock``.

    With *envelope*, an object that opens the reply has its ``text`` said while it is still open. The pieces' prose,
    joined, and their cuts do not depend on how the reply was cut for ``feed``.
    """

    def feed(self, text: str) -> list[Piece]:
        """What *text* makes certain."""
        out: list[Piece] = []
        self._read(text, out)
        return out

    def flush(self) -> list[Piece]:
        """What is left when nothing more comes; an object that is open is refused as ``truncated``."""
        out: list[Piece] = []
        if self._zone == self._held_span:
            self._resolve_stray("", out)
        held, self._held = self._held, ""
        if self._object is not None:
            self._object.cut(out)
        elif held.startswith("{") and self._zone != self._code:
            out += [Break(), JsonBlock(held, "truncated")]
        elif held.startswith("`") and (self._zone == self._in_fence or any(map(str.isalpha, held))):
            pass  # a fence that was just being closed, or one of json that was just being opened
        elif held and self._zone != self._fence_end:
            out.append(held)
        return out

    def _backticks(self, text: str, pos: int, out: list[Piece]) -> int:
        """A fence or inline code begins."""
        ticks = self._run(text, pos)
        if ticks is None:
            return self._hold(text, pos)
        if len(ticks) >= 3:
            return self._open_fence(text, pos, len(ticks), out)
        return self._open_span(text, pos, ticks, out)

    def _text_scanner(self) -> "Scanner":
        return Scanner(max_json_chars=self._max_json_chars, max_json_depth=self._max_json_depth, envelope=False)
