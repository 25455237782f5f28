"""The built-in segmenter: zones, then sentences."""

from collections.abc import Iterable

from pipeline.events import JsonBlock, Segment, Sentence
from pipeline.segmenter.sentences.boundaries import Boundaries
from pipeline.segmenter.sentences.marks import CLOSING, TELLING, ZONES
from pipeline.segmenter.zones.pieces import Piece
from pipeline.segmenter.zones.scanner import Scanner
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

    __slots__ = ("_boundaries", "_caps", "_index", "_passed", "_plain", "_quiet", "_room", "_telling", "_zoned")

    def __init__(self, *, max_segment_chars: int = 400, max_json_chars: int = 65536, max_json_depth: int = 32) -> None:
        self._caps = (max_json_chars, max_json_depth)
        self._zoned: tuple[SurrogateJoiner, Scanner] | None = None  # made for the first brace: most replies have none
        self._boundaries = Boundaries(max_chars=max_segment_chars)
        self._index = 0
        self._passed = ""  # the last of the prose that passed by the scanner
        self._plain = True  # prose, with nothing held: text without a sign of a zone may pass by the scanner
        self._quiet = ""  # text that completes nothing, not looked at yet
        self._telling = TELLING.search  # finds what may complete something
        self._room = max_segment_chars  # how much may be quiet; 0 while something waits for what follows

    def feed(self, text: str) -> Iterable[Segment]:
        """What *text* completes."""
        quiet = self._quiet + text
        if len(quiet) <= self._room:
            telling = self._telling(text)
            if telling is None or telling.lastindex:  # the usual case
                self._quiet = quiet
                if telling:
                    self._room = 0
                return ()
        if len(text) > _BLOCK:
            return [segment for at in range(0, len(text), _BLOCK) for segment in self.feed(text[at : at + _BLOCK])]
        if self._plain and not ZONES.search(text):
            return self._prose(text)
        return self._zones(text)

    def flush(self) -> Iterable[Segment]:
        """All that is left; the segmenter is not used any more."""
        out: list[Segment] = []
        if self._zoned and not self._plain:
            joiner, scanner = self._zoned
            out = [*self._zones(""), *self._zones(joiner.flush()), *self._segments(scanner.flush())]
        quiet, self._quiet = self._quiet, ""
        return out + self._number(self._boundaries.flush(quiet))

    def release(self) -> Iterable[Segment]:
        """What is a finished sentence already, for when nothing comes for a while."""
        done = [*self._prose("")] if self._plain and self._quiet else []
        return [*done, *self._number(self._boundaries.release())]

    def _prose(self, text: str) -> Iterable[Segment]:
        """What *text*, nothing but prose, completes behind the quiet text."""
        self._passed = text or self._quiet
        sentences = self._boundaries.feed(text, self._quiet)
        self._quiet = ""
        self._room = self._boundaries.room
        return self._number(sentences) if sentences else ()

    def _zones(self, text: str) -> list[Segment]:
        """What *text* completes in whatever zone it is."""
        out: list[Segment] = []
        if self._plain:
            out += self._prose("") if self._quiet else ()
        else:
            text, self._quiet = self._quiet + text, ""
        if self._zoned is None:
            chars, depth = self._caps
            scanner = Scanner(max_json_chars=chars, max_json_depth=depth, envelope=self._boundaries.blank)
            self._zoned = SurrogateJoiner(), scanner
        joiner, scanner = self._zoned
        out += self._segments(scanner.feed(joiner.feed(text), self._passed))
        self._passed = ""
        self._watch(joiner, scanner)
        return out

    def _watch(self, joiner: SurrogateJoiner, scanner: Scanner) -> None:
        """Choose what is looked for in the text that comes next."""
        self._plain = scanner.plain and not joiner.waiting
        self._telling = TELLING.search if self._plain else CLOSING.search
        room = self._boundaries.room if self._plain else min(scanner.room, _BLOCK)
        self._room = 0 if joiner.waiting else room

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
