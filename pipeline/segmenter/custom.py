"""The adapter for a custom segmenter: adds ``release``, and tells what is wrong with what it gives."""

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.errors import WrongStage, wrong
from pipeline.events import JsonBlock, Segment, Sentence
from pipeline.interfaces import Segmenter

RULE = "give an iterable of Sentence and JsonBlock"


class CustomSegmenter:
    """A ``ReleasingSegmenter`` around *segmenter*, for one turn. Raises WrongStage.

    Without ``release`` the sentences wait until the next text ends them.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter: Any = segmenter
        self._releases = hasattr(segmenter, "release")
        self._fed = False
        self._gave = False

    def feed(self, text: str) -> Iterator[Segment]:
        """See Segmenter."""
        self._fed = self._fed or any(map(str.isalnum, text))
        yield from self._checked("feed", self._segmenter.feed(text))

    def flush(self) -> Iterator[Segment]:
        """See Segmenter. Words of which nothing came out are a fault."""
        yield from self._checked("flush", self._segmenter.flush())
        if self._fed and not self._gave:
            raise WrongStage("pipeline.segmenter: feed and flush gave nothing of the model's text")

    def release(self) -> Iterator[Segment]:
        """See ReleasingSegmenter."""
        if self._releases:
            yield from self._checked("release", self._segmenter.release())

    def doubtful(self) -> tuple[Segment, ...]:
        """See ReleasingSegmenter. A custom segmenter knows no doubt."""
        return ()

    def breath(self) -> tuple[Segment, ...]:
        """See ReleasingSegmenter. A custom segmenter gives whole sentences only."""
        return ()

    def clause(self) -> tuple[Segment, ...]:
        """See ReleasingSegmenter. A custom segmenter gives whole sentences only."""
        return ()

    def _checked(self, method: str, segments: Iterable[object]) -> Iterator[Segment]:
        name = f"pipeline.segmenter: {method}"
        if isinstance(segments, str) or not isinstance(segments, Iterable):
            raise wrong(name, RULE, segments)
        for segment in segments:
            if not isinstance(segment, Sentence | JsonBlock):
                raise wrong(name, RULE, segment)
            text = segment.text if isinstance(segment, Sentence) else segment.raw
            if not isinstance(text, str):
                raise wrong(name, f"give a {type(segment).__name__} of a str", text)
            self._gave = self._gave or isinstance(segment, JsonBlock) or bool(text.strip())
            yield segment
