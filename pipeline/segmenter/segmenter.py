"""The built-in segmenter: zones, then sentences."""

from collections.abc import Iterable

from pipeline.events import JsonBlock, Segment, Sentence
from pipeline.segmenter.sentences.boundaries import Boundaries
from pipeline.segmenter.zones.cursor import Piece
from pipeline.segmenter.zones.reader import ZoneReader
from pipeline.text import SurrogateJoiner

_BLOCK = 4096
"""Characters handled at once: bounds what is copied when a long text comes in one piece."""


class RulesSegmenter:
    """Cuts one reply into sentences and JSON objects while it is written. One object for each turn.

    The texts of the sentences, joined, are the prose of the reply; each has the white space that stood before it, the
    last one also what stood behind it (and is blank if nothing else was left). Indexes count from 1. JSON, fences
    around it and the skeleton of an envelope are in no sentence. An object that was given up leaves as a JsonBlock
    with ``refused``: ``truncated``, ``too_deep``, ``too_long``, ``invalid_json`` (its last brace is missing
    and prose follows), or ``invalid_envelope`` for one written in the text of an envelope. Without ``release`` the
    segments are the same however the reply is cut for ``feed``. No lone surrogate leaves: U+FFFD stands for it.
    """

    def __init__(self, *, max_segment_chars: int = 400, max_json_chars: int = 65536, max_json_depth: int = 32) -> None:
        self._joiner = SurrogateJoiner()
        self._reader = ZoneReader(max_json_chars=max_json_chars, max_json_depth=max_json_depth)
        self._boundaries = Boundaries(max_chars=max_segment_chars)
        self._index = 0

    def feed(self, text: str) -> list[Segment]:
        """What *text* completes."""
        if len(text) > _BLOCK:
            return [segment for at in range(0, len(text), _BLOCK) for segment in self.feed(text[at : at + _BLOCK])]
        return self._segments(self._reader.feed(self._joiner.feed(text)))

    def flush(self) -> list[Segment]:
        """All that is left; the segmenter is not used any more."""
        rest = self._segments([*self._reader.feed(self._joiner.flush()), *self._reader.flush()])
        return rest + self._number(self._boundaries.flush())

    def release(self) -> list[Segment]:
        """What is a finished sentence already, for when nothing comes for a while."""
        return self._number(self._boundaries.release())

    def _segments(self, pieces: Iterable[Piece]) -> list[Segment]:
        out: list[Segment] = []
        for piece in pieces:
            if isinstance(piece, str):
                out += self._number(self._boundaries.feed(piece))
                continue
            out += self._number(self._boundaries.interrupt())
            if isinstance(piece, JsonBlock):
                out.append(piece)
        return out

    def _number(self, texts: Iterable[str]) -> list[Segment]:
        out: list[Segment] = []
        for text in texts:
            self._index += 1
            out.append(Sentence(self._index, text))
        return out
