"""A sentence's sound, cut for its way to the client."""

import struct
from collections.abc import Iterator

from pipeline.events import WordMark
from pipeline.pcm import SAMPLE_BYTES, whole

FIRST_SECONDS = 0.02
"""A sentence's first chunk leaves as soon as this much of it is there: less would cost messages and start no player
any sooner.
"""

CHUNK_SECONDS = 0.2
"""Chunks grow to this. The cost of a message hardly depends on its size, so long chunks are cheap and short ones are
not.
"""

FADE_SECONDS = 0.005
"""So much is always held back, to be faded out if the voice breaks off: sound that stops at a loud sample clicks. A
listener does not notice the delay.
"""

Cut = tuple[bytes, tuple[WordMark, ...]]
"""A chunk, and the words that begin in it."""


class Chunks:
    """Cuts a sentence's sound into whole samples and growing chunks.

    A chunk is at most as long as all before it together, so that a player which starts with the first one does not
    starve behind a voice that is barely faster than speech. Each word is told with the chunk in which it begins, or
    the next one that leaves; none waits for words.
    """

    def __init__(self, sample_rate: int) -> None:
        self._first = _bytes_of(FIRST_SECONDS * sample_rate)
        self._most = _bytes_of(CHUNK_SECONDS * sample_rate)
        self._kept = int(FADE_SECONDS * sample_rate) * SAMPLE_BYTES
        self._bytes_per_ms = sample_rate * SAMPLE_BYTES / 1000
        self._held = b""
        self._start = 0  # of what is held, within _held
        self._words: list[WordMark] = []
        self.given = 0
        """Bytes that left so far."""

    def mark(self, word: WordMark) -> None:
        """Take in when a word begins."""
        self._words.append(word)

    def add(self, piece: bytes) -> Iterator[Cut]:
        """Take *piece* in; give what may leave now."""
        self._held = self._held[self._start :] + piece
        self._start = 0
        while size := self._size(len(self._held) - self._start):
            yield self._leave(size)

    def rest(self) -> list[Cut]:
        """The end of the sentence, whole samples only, and all words that are left: one chunk or more, the last may be
        empty.
        """
        *chunks, (pcm, words) = self._ending(self._held[self._start :])
        return [*chunks, (pcm, (*words, *self._words))]

    def faded(self) -> list[Cut]:
        """The end of a sentence that broke off: what was held back, faded out."""
        return [chunk for chunk in self._ending(fade_out(self._held[self._start :], self._kept)) if chunk[0]]

    def _size(self, there: int) -> int:
        """How much of what is there may leave as one chunk; 0 = none yet."""
        if not self.given:
            return whole(min(there - self._kept, self._most)) if there >= self._first else 0
        size = min(self.given, self._most)
        return size if there >= size + self._kept else 0

    def _ending(self, pcm: bytes) -> Iterator[Cut]:
        self._held, self._start = pcm, 0
        left = whole(len(pcm))
        while left > (most := min(self.given, self._most) or left):
            yield self._leave(most)
            left -= most
        yield self._leave(left)

    def _leave(self, size: int) -> Cut:
        start = self._start
        self._start += size
        self.given += size
        return self._held[start : self._start], self._begun() if self._words else ()

    def _begun(self) -> tuple[WordMark, ...]:
        end = self.given / self._bytes_per_ms
        begun = tuple(word for word in self._words if word.ms < end)
        self._words = [word for word in self._words if word.ms >= end]
        return begun


def fade_out(pcm: bytes, size: int) -> bytes:
    """*pcm*, whole samples of it, with its last *size* bytes going down to nothing."""
    pcm = pcm[: whole(len(pcm))]
    count = min(len(pcm), size) // SAMPLE_BYTES
    start = len(pcm) - count * SAMPLE_BYTES
    tail = struct.unpack_from(f"<{count}h", pcm, start)
    faded = (int(sample * left / count) for sample, left in zip(tail, range(count - 1, -1, -1), strict=True))
    return pcm[:start] + struct.pack(f"<{count}h", *faded)


def _bytes_of(samples: float) -> int:
    return max(1, int(samples)) * SAMPLE_BYTES
