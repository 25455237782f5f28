"""Chunks: whole samples, at once and then growing, with a few milliseconds held back to be faded out."""

import struct
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.events import WordMark
from pipeline.testing import sound
from pipeline.tts.chunks import Chunks, fade_out
from tests.pipeline.tts.speaking import FADE, RATE

FIRST = 40
"""Bytes of the 20 ms that a sentence's first chunk needs, at RATE."""

MOST = 400
"""Bytes of the 200 ms that chunks grow to."""


RATES = st.sampled_from([1, 50, 250, 1000, 8000])


def cut(pieces: Iterable[bytes], rate: int = RATE, *, broken: bool = False) -> list[bytes]:
    """The chunks of a sentence that comes in *pieces*."""
    chunks = Chunks(rate)
    given = [chunk for piece in pieces for chunk, _ in chunks.add(piece)]
    return given + [chunk for chunk, _ in (chunks.faded() if broken else chunks.rest())]


def sizes(*pieces: int) -> list[int]:
    return [len(chunk) for chunk in cut([bytes(size) for size in pieces])]


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(st.binary(max_size=700), max_size=30), rate=RATES)
def test_chunks_are_the_pieces(pieces: list[bytes], rate: int) -> None:
    """All chunks together are the pieces together, less half a sample at most; each is of whole samples and, but for
    the last, not empty; each is at most as long as all before it together, up to 200 ms.
    """
    chunks = cut(pieces, rate)
    whole = b"".join(pieces)
    assert b"".join(chunks) == whole[: len(whole) - len(whole) % 2]
    assert all(len(chunk) % 2 == 0 for chunk in chunks)
    assert all(chunks[:-1])
    most = max(2, int(0.2 * rate) * 2)
    assert all(len(chunk) <= most for chunk in chunks)
    given = 0
    for number, chunk in enumerate(chunks):
        assert not number or len(chunk) <= given
        given += len(chunk)


@settings(max_examples=50, deadline=None)
@given(cuts=st.lists(st.integers(1, 300), max_size=20))
def test_chunks_do_not_wait(cuts: list[int]) -> None:
    """No more is held back than the next chunk and the fade need."""
    chunks = Chunks(RATE)
    got = given = 0
    for size in cuts:
        got += size
        given += sum(len(chunk) for chunk, _ in chunks.add(bytes(size)))
        assert got - given < (min(given, MOST) + FADE if given else FIRST)


def test_the_first_chunk_leaves_at_once() -> None:
    """The first chunk leaves as soon as 20 ms are there, with all the sound but 5 ms, up to 200 ms."""
    assert sizes(39) == [38]
    assert sizes(39, 1) == [30, 10]
    assert sizes(401)[0] == 390
    assert sizes(1001)[0] == 400
    assert sizes(101) == [90, 10]


def test_chunks_grow_to_200_ms() -> None:
    """From an engine that gives small pieces, chunks double until they have 200 ms."""
    assert sizes(*[2] * 1000) == [30, 30, 60, 120, 240, 400, 400, 400, 320]


def test_an_engine_of_200_ms_pieces_costs_no_more_messages() -> None:
    """The sound that was held back leaves with the end of the sentence, not in one more message."""
    assert len(sizes(*[MOST] * 10)) == 11


def test_odd_pieces_give_whole_samples() -> None:
    """Half a sample at the end of a piece waits for its other half; at the end of the sentence it is dropped."""
    data = sound(300) + b"\x7f"
    chunks = cut([data[start : start + 7] for start in range(0, len(data), 7)])
    assert b"".join(chunks) == sound(300)
    assert all(len(chunk) % 2 == 0 for chunk in chunks)


# Breaking off.


def samples(pcm: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(pcm) // 2}h", pcm))


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(st.binary(min_size=1, max_size=700), max_size=20), rate=RATES)
def test_what_breaks_off_fades(pieces: list[bytes], rate: int) -> None:
    """After a failure all the sound leaves, nothing twice and no half sample; its last 5 ms go down to nothing."""
    whole = b"".join(pieces)
    whole = whole[: len(whole) - len(whole) % 2]
    chunks = cut(pieces, rate, broken=True)
    got = b"".join(chunks)
    fade = min(int(0.005 * rate) * 2, len(whole))
    assert len(got) == len(whole)
    assert got[: len(got) - fade] == whole[: len(whole) - fade]
    assert all(chunks)
    assert not fade or samples(got)[-1] == 0
    assert all(abs(now) <= abs(before) for now, before in zip(samples(got), samples(whole), strict=True))


def test_fade_out() -> None:
    """The ramp is straight and ends at nothing; half a sample is dropped."""
    loud = struct.pack("<6h", *[-1000] * 6)
    assert samples(fade_out(loud + b"\1", 8)) == [-1000, -1000, -750, -500, -250, 0]
    assert samples(fade_out(loud, 100)) == [-833, -666, -500, -333, -166, 0]
    assert fade_out(b"\1", 8) == b""
    assert fade_out(loud, 0) == loud


# Words.


def told(chunks: Chunks, *pieces: int) -> list[list[int]]:
    """The offsets of the words that each chunk tells."""
    cuts = [chunk for size in pieces for chunk in chunks.add(bytes(size))]
    return [[word.offset for word in words] for _, words in [*cuts, *chunks.rest()]]


def words(*times: float) -> Chunks:
    """Chunks that know of words at *times*."""
    chunks = Chunks(RATE)
    for offset, ms in enumerate(times):
        chunks.mark(WordMark(offset, 1, ms))
    return chunks


def test_a_word_leaves_with_its_sound() -> None:
    """A word is told with the chunk in which it begins."""
    assert told(words(0, 14.9, 15, 29.9, 30), *[2] * 40) == [[0, 1], [2, 3], [4]]


def test_words_in_any_order() -> None:
    """Words need not come in order."""
    assert told(words(16, 0), *[2] * 40) == [[1], [0], []]


def test_a_late_word_leaves_with_the_next_chunk() -> None:
    """A word that is known only after its sound has left is told with the next chunk; one that would begin after the
    end, with the last.
    """
    chunks = words()
    assert [len(chunk) for chunk, _ in chunks.add(bytes(40))] == [30]
    chunks.mark(WordMark(1, 1, 0))
    chunks.mark(WordMark(2, 1, 5000))
    assert told(chunks, 40) == [[1], [2]]


def test_words_that_were_not_said_are_not_told() -> None:
    """When the sentence breaks off, the words behind that are dropped."""
    chunks = words(0, 16, 100)
    list(chunks.add(bytes(40)))
    assert [[word.offset for word in told] for _, told in chunks.faded()] == [[1]]
