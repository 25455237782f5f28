"""The built-in segmenter: zones, then sentences."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.events import JsonBlock, Segment, Sentence
from pipeline.segmenter.sentences.boundaries import Boundaries
from pipeline.segmenter.zones.cursor import Piece
from pipeline.segmenter.zones.reader import ZoneReader
from pipeline.text import SurrogateJoiner

_BLOCK = 4096
"""Characters handled at once: bounds what is copied when a long text comes in one piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesOptions:
    """The longest sentence, and the longest and deepest JSON object."""

    max_segment_chars: int
    max_json_chars: int
    max_json_depth: int


class RulesSegmenter:
    """Cuts one reply into sentences and JSON objects while it is written. One object for each turn.

    The texts of the sentences, joined, are the prose of the reply. Each has the white space that stood before it, the
    last one also the white space behind it; it is blank if nothing else was left. JSON, fences around it and the
    skeleton of an envelope are in no sentence. An object that was given up leaves as a JsonBlock with ``refused``:
    ``truncated``, ``too_deep``, ``too_long``, ``invalid_json`` (prose follows in place of its last brace), or
    ``invalid_envelope`` for one written in the text of an envelope. Unless some are released early the segments
    are the same however the reply is cut for ``feed``. No lone surrogate leaves: U+FFFD stands for it.
    """

    def __init__(self, options: RulesOptions) -> None:
        self._joiner = SurrogateJoiner()
        self._reader = ZoneReader(max_json_chars=options.max_json_chars, max_json_depth=options.max_json_depth)
        self._boundaries = Boundaries(max_chars=options.max_segment_chars)

    def feed(self, text: str) -> list[Segment]:
        """Return the segments that *text* completes."""
        if len(text) > _BLOCK:
            return [segment for at in range(0, len(text), _BLOCK) for segment in self.feed(text[at : at + _BLOCK])]
        return self._segments(self._reader.feed(self._joiner.feed(text)))

    def flush(self) -> list[Segment]:
        """Return all that is left. The segmenter is not used any more."""
        rest = self._segments([*self._reader.feed(self._joiner.flush()), *self._reader.flush()])
        return rest + _sentences(self._boundaries.flush())

    def release(self) -> list[Segment]:
        """Return what is a finished sentence already, for when nothing comes for a while."""
        return _sentences(self._boundaries.release())

    def doubtful(self) -> list[Segment]:
        """Return what may be a finished sentence, as far as can be told, for when nothing comes for longer: plan B."""
        return _sentences(self._boundaries.release(doubtful=True))

    def breath(self) -> list[Segment]:
        """Return the beginning of the open sentence, up to where a speaker would breathe, for an early first sound."""
        return _sentences(self._boundaries.breath())

    def clause(self) -> list[Segment]:
        """Return what can be said of the open sentence, for when it is written too slowly."""
        return _sentences(self._boundaries.clause())

    def _segments(self, pieces: Iterable[Piece]) -> list[Segment]:
        out: list[Segment] = []
        for piece in pieces:
            if isinstance(piece, str):
                out += _sentences(self._boundaries.feed(piece))
                continue
            out += _sentences(self._boundaries.interrupt())
            if isinstance(piece, JsonBlock):
                out.append(piece)
        return out


def _sentences(texts: Iterable[str]) -> list[Segment]:
    return [Sentence(0, text) for text in texts]  # the stage numbers them
