"""Cuts a sentence's sound for its way to the client."""

import struct
from collections.abc import Iterator

from pipeline.events import WordMark
from pipeline.pcm import SAMPLE_BYTES, whole

FIRST_SECONDS = 0.02
"""The sentence's first chunk leaves as soon as this much sound is there: less would cost messages and start no player
any sooner.
"""

CHUNK_SECONDS = 0.2
"""Chunks grow to this length. The cost of a message hardly depends on its size: few long chunks are cheap."""

FADE_SECONDS = 0.005
"""The end of the sound that is held back, to be faded out if the voice breaks off: sound that stops at a loud sample
clicks. A listener does not notice the delay.
"""

Cut = tuple[bytes, tuple[WordMark, ...]]
"""A chunk, and the words that begin in it."""


class Chunks:
    """Cuts a sentence's sound into whole samples and growing chunks.

    A chunk is at most as long as all before it together: a player that starts with the first one does not starve behind
    a voice that is barely faster than speech. Each word leaves with the chunk in which it begins, or, when it comes
    late, with the next one; no chunk waits for words.
    """

    def __init__(self, sample_rate: int) -> None:
        self._first = _bytes_of(FIRST_SECONDS * sample_rate)
        self._most = _bytes_of(CHUNK_SECONDS * sample_rate)
        self._kept = int(FADE_SECONDS * sample_rate) * SAMPLE_BYTES
        self._bytes_per_ms = sample_rate * SAMPLE_BYTES / 1000
        self._held = b""
        self._start = 0  # of the sound that has not left, within _held
        self._words: list[WordMark] = []
        self.given = 0
        """Bytes that left so far."""

    def mark(self, word: WordMark) -> None:
        """Take in *word*, in any order with the sound."""
        self._words.append(word)

    def add(self, piece: bytes) -> Iterator[Cut]:
        """Take *piece* in and yield the chunks that may leave now."""
        self._held = self._held[self._start :] + piece
        self._start = 0
        while size := self._size(len(self._held) - self._start):
            yield self._leave(size)

    def rest(self) -> list[Cut]:
        """Give the end of the sentence, whole samples only, and all words that are left, as one chunk or more. The last
        chunk may be empty.
        """
        *chunks, (pcm, words) = self._ending(self._held[self._start :])
        return [*chunks, (pcm, (*words, *self._words))]

    def faded(self) -> list[Cut]:
        """Give the end of a sentence that broke off: the sound that was held back, faded out."""
        faded = fade_out(self._held[self._start :], self._kept)
        return [(pcm, words) for pcm, words in self._ending(faded) if pcm]

    def _size(self, there: int) -> int:
        """Give the size of the next chunk when *there* bytes are held; 0 = none may leave yet."""
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
    """Give the whole samples of *pcm*, the last *size* bytes going down to nothing."""
    pcm = pcm[: whole(len(pcm))]
    count = min(len(pcm), size) // SAMPLE_BYTES
    start = len(pcm) - count * SAMPLE_BYTES
    tail = struct.unpack_from(f"<{count}h", pcm, start)
    faded = (int(sample * left / count) for sample, left in zip(tail, range(count - 1, -1, -1), strict=True))
    return pcm[:start] + struct.pack(f"<{count}h", *faded)


def _bytes_of(samples: float) -> int:
    return max(1, int(samples)) * SAMPLE_BYTES
