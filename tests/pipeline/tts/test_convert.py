"""Conversion of streams: the same for any cut, the right length, the right pitch."""

import math
from array import array
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech
from pipeline.tts import convert
from pipeline.tts.convert import Converter, PcmFormat, Resampled
from pipeline.tts.custom import CustomSpeech
from tests.pipeline.tts.openai.hostile_speech import big_endian, float32, needs_soxr, said, stereo, tone
from tests.pipeline.tts.speaking import ANN, Able

ANY = Voice()
PCM = tone(3000)

LAYOUTS: dict[str, tuple[PcmFormat, Callable[[bytes], bytes]]] = {
    "as it is": (PcmFormat(24_000), bytes),
    "big endian": (PcmFormat(24_000, big_endian=True), big_endian),
    "stereo": (PcmFormat(24_000, 2), stereo),
    "stereo, big endian": (PcmFormat(24_000, 2, big_endian=True), lambda pcm: big_endian(stereo(pcm))),
}


def converted(source: PcmFormat, data: bytes, rate: int, cuts: list[int]) -> bytes:
    """Convert *data*, cut at *cuts*; each step gives whole samples."""
    work = Converter(source, rate)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parts = [work.feed(data[start:end]) for start, end in pairwise(edges)] + [work.flush()]
    assert all(len(part) % 2 == 0 for part in parts)
    return b"".join(parts)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(cuts=st.lists(st.integers(0, 12_000), max_size=12))
def test_layouts(layout: str, cuts: list[int]) -> None:
    """Byte order and channels are converted without a loss, wherever the stream is cut."""
    source, changed = LAYOUTS[layout]
    assert converted(source, changed(PCM), 24_000, cuts) == PCM


@given(cuts=st.lists(st.integers(0, 12_000), max_size=12))
def test_float(cuts: list[int]) -> None:
    """Float samples come out as the int16 that they were, give or take one."""
    found = array("h", converted(PcmFormat(24_000, encoding="float32"), float32(PCM), 24_000, cuts))
    assert len(found) == 3000
    assert max(abs(a - b) for a, b in zip(found, array("h", PCM), strict=True)) <= 1


def test_float_out_of_range() -> None:
    """Too loud samples are clipped, and NaN is silence: nothing wraps round into a crack."""
    data = array("f", [2.0, -2.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.0]).tobytes()
    found = list(array("h", converted(PcmFormat(8000, encoding="float32"), data, 8000, [])))
    assert found == [32767, -32767, 32767, -32767, 0, 32767, -32767, 0]


def test_loud_stereo_does_not_clip() -> None:
    """Two channels at their loudest make one at its loudest."""
    data = array("h", [32767, 32767, -32768, -32768]).tobytes()
    assert list(array("h", converted(PcmFormat(8000, 2), data, 8000, []))) == [32767, -32768]


def test_a_broken_end_is_dropped() -> None:
    """Half a sample, or one of two channels, is no sound."""
    assert converted(PcmFormat(8000), b"\1\2\3", 8000, []) == b"\1\2"
    assert converted(PcmFormat(8000, 2), bytes(7), 8000, []) == bytes(2)


@pytest.mark.parametrize("with_soxr", [pytest.param(True, marks=needs_soxr), False])
@pytest.mark.parametrize(("source", "rate"), [(24_000, 16_000), (22_050, 24_000), (16_000, 48_000), (44_100, 8000)])
def test_resampling(source: int, rate: int, with_soxr: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stays a second, and 440 Hz stay 440 Hz, with soxr and without."""
    if not with_soxr:
        monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None)
    found = array("h", converted(PcmFormat(source), tone(source, source), rate, list(range(0, 2 * source, 777))))
    assert len(found) == pytest.approx(rate, abs=1)
    assert sum(1 for before, after in pairwise(found) if before < 0 <= after) == pytest.approx(440, abs=3)


@needs_soxr
@given(cuts=st.lists(st.integers(0, 6000), max_size=12))
def test_resampling_wherever_it_is_cut(cuts: list[int]) -> None:
    """The samples depend on the stream and not on its cuts, but for soxr's dither of one step."""
    found, whole = (array("h", converted(PcmFormat(24_000), PCM, 16_000, each)) for each in (cuts, []))
    assert max(abs(a - b) for a, b in zip(found, whole, strict=True)) <= 2


@needs_soxr
def test_nothing_is_resampled_to_nothing() -> None:
    """An empty stream has an empty end."""
    work = Converter(PcmFormat(24_000), 16_000)
    assert work.feed(b"") + work.flush() == b""


def test_without_soxr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants another rate is told what to install; the same rate needs nothing."""
    monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"stentor\[resample\]"):
        resampled(ScriptedSpeech())
    assert Converter(PcmFormat(24_000), 24_000).feed(b"\1\2") == b"\1\2"


def resampled(speech: Any) -> Resampled:
    return Resampled(CustomSpeech(speech), 16_000)


@needs_soxr
async def test_a_voice_at_another_rate() -> None:
    """All sound has the rate that is told, the end too."""
    inner = ScriptedSpeech([tone(4000, 8000)[:4001], tone(4000, 8000)[4001:]], sample_rate=8000)
    speech = resampled(inner)
    assert speech.sample_rate == 16_000
    assert len(await said(speech)) == pytest.approx(2 * 8000, abs=4)
    assert inner.script.running == 0


@needs_soxr
async def test_marks_pass_in_their_places() -> None:
    """The sound is converted and the marks are not; the voice's other methods are still there."""
    marks = [WordMark(0, 5, 0.0), WordMark(6, 2, 900.0)]
    speech = resampled(Able(marks[0], tone(8000, 8000), marks[1], tone(8000, 8000), sample_rate=8000))
    found = [item async for item in speech.synthesize("Hello you", ANY, True)]
    assert [item for item in found if isinstance(item, WordMark)] == marks
    assert sum(len(item) for item in found if isinstance(item, bytes)) == pytest.approx(64_000, abs=4)
    assert await speech.voices() == [ANN]
    assert speech.marks_words
    assert not resampled(ScriptedSpeech()).marks_words


@needs_soxr
async def test_closing_reaches_the_voice() -> None:
    """Closing the converted sound closes the voice's."""
    inner = ScriptedSpeech([tone(8000, 8000)] * 9, sample_rate=8000)
    sound = resampled(inner).synthesize("Hello.", ANY)
    await anext(sound)
    assert inner.script.running == 1
    await sound.aclose()
    assert inner.script.running == 0


@needs_soxr
async def test_a_voice_without_aclose() -> None:
    """A custom voice may give any async iterator."""

    class Bare:
        sample_rate = 8000

        def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
            self.left = [tone(8000, 8000)]
            return self

        def __aiter__(self) -> "Bare":
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    assert len(await said(resampled(Bare()))) == pytest.approx(32_000, abs=4)
