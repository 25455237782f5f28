"""The decoder of server-sent events: bytes in, data of events out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.llm.openai.sse import EventTooLong, SSEDecoder

FORMS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n\r\ndata: one\n\nevent: ping\n\nretry: 10\r\rid: 5\r\n\r\n"
    b"data:two\r\rdata: a\ndata: b\r\ndata:\rdata\n\n"
    + "data: три\u2028😀\u2029\x85\x0b\x0c\x1c\n\n".encode()
    + b"data:  indented\nevent: x\nid: 7\n\n\n\nunknown: y\ndata: last\r\n\r\n"
)
DATA = [b"one", b"two", b"a\nb\n\n", "три\u2028😀\u2029\x85\x0b\x0c\x1c".encode(), b" indented", b"last"]


def decoded(*chunks: bytes) -> list[bytes]:
    decoder = SSEDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)]


@pytest.mark.parametrize("end", FORMS.values(), ids=FORMS)
def test_every_form_of_line_end(end: bytes) -> None:
    """Lines end with LF, CR LF or CR."""
    assert decoded(b": hi" + end + b"data: a" + end + b"data: b" + end + end) == [b"a\nb"]


def test_fields_and_ends_in_any_mixture() -> None:
    """Comments, pings, lone fields, blank lines, a BOM and all line ends together give only the data."""
    assert decoded(STREAM) == DATA


def test_byte_for_byte() -> None:
    """A stream cut after every byte gives the same, each event with the byte that ends it."""
    assert decoded(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == DATA


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cut_of_a_known_stream(cuts: list[int]) -> None:
    """However the bytes are cut, the events are the same."""
    places = [0, *sorted(cuts), len(STREAM)]
    assert decoded(*(STREAM[a:b] for a, b in pairwise(places))) == DATA


PIECES = st.sampled_from(
    [b"data:", b"data: x", b"data", b"\n", b"\r", b"\r\n", b":", b"event: e", b"\xff", b" ", b"\n\n"]
)


@given(pieces=st.lists(PIECES, max_size=30), cuts=st.lists(st.integers(0, 120), max_size=8))
def test_any_cut_of_any_stream(pieces: list[bytes], cuts: list[int]) -> None:
    """The same for any bytes at all."""
    stream = b"".join(pieces)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert decoded(*(stream[a:b] for a, b in pairwise(places))) == decoded(stream)


def test_an_event_leaves_with_the_byte_that_ends_it() -> None:
    """Nothing waits for a following byte, also not after a CR that may be half of a CR LF."""
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [b"a"]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: b\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\r") == [b"b"]


def test_an_event_without_its_blank_line_is_none() -> None:
    """What the stream's end cuts off is discarded, as the specification says."""
    assert decoded(b"data: a\n\ndata: b\n") == [b"a"]


def test_a_line_of_a_megabyte() -> None:
    """A long line in small packets is taken, in time that grows with its length only."""
    value = b"x" * 1_000_000
    stream = b"data: " + value + b"\n\n"
    assert decoded(*(stream[at : at + 1000] for at in range(0, len(stream), 1000))) == [value]


@pytest.mark.parametrize(
    "stream", [b"data: " + b"x" * 200, b"data: x\n" * 80, b":" * 200], ids=["line", "lines", "comment"]
)
def test_a_bound_on_what_is_held(stream: bytes) -> None:
    """An event, or a line of anything, beyond the bound is an error before it fills the memory."""
    decoder = SSEDecoder(max_event_bytes=100)
    with pytest.raises(EventTooLong):
        [decoder.feed(stream[at : at + 10]) for at in range(0, len(stream), 10)]


def test_the_bound_is_for_one_event() -> None:
    """Many events that are each within the bound pass."""
    decoder = SSEDecoder(max_event_bytes=100)
    assert len([1 for _ in range(50) for _ in decoder.feed(b"data: " + b"x" * 80 + b"\n\n")]) == 50
    assert (
        len([1 for _ in range(50) for chunk in (b"da", b"ta: " + b"x" * 80, b"\n\n") for _ in decoder.feed(chunk)])
        == 50
    )


def test_junk_is_noticed() -> None:
    """A line that is no field is passed over, and remembered."""
    decoder = SSEDecoder()
    decoder.feed(b": ping\nretry: 1\n\n")
    assert not decoder.junk
    decoder.feed(b"<html>\n")
    assert decoder.junk
