"""The voice of a server that may send anything, over real sockets."""

import asyncio
import re
import struct
import traceback
from array import array
from contextlib import aclosing

import pytest

from pipeline.interfaces import Voice
from pipeline.tts.convert import TABLES
from pipeline.tts.engines import Hz, unknown_voice
from pipeline.tts.errors import (
    NotPcm,
    SpeechBusy,
    SpeechEngineError,
    SpeechRejected,
    SpeechStalled,
    SpeechUnavailable,
    TextRejected,
)
from pipeline.tts.openai.engine import OpenAISpeech
from tests.fakes import still, until
from tests.pipeline.llm.openai.hostile_server import CUT, HANG, RESET, HostileServer, Reply, Step
from tests.pipeline.tts.engines import openai
from tests.pipeline.tts.openai.hostile_speech import (
    ANY,
    KEY,
    big_endian,
    chunk,
    float32,
    form,
    pieces,
    said,
    sound,
    speaking,
    stereo,
    tone,
    wav,
)

PCM = tone(2400)
SECRET = b'{"error": {"message": "sk-very-secret said: my private words"}}'
SUBFORMAT = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"


async def gone(server: HostileServer) -> None:
    """Every connection is closed."""
    await until(lambda: not server.tasks)


async def test_what_is_asked() -> None:
    """One POST with the text, the voice, the key of the environment and PCM as the format."""
    async with speaking(sound([PCM])) as (speech, server):
        await said(speech, "Привет.")
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v1/audio/speech")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {"model": "m", "input": "Привет.", "voice": "ann", "response_format": "pcm"}


async def test_loads_the_resampler_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the middle of an answer, where the loop would stand still for it."""
    pytest.importorskip("soxr")
    loaded: list[str] = []
    monkeypatch.setattr("pipeline.tts.convert.importlib.import_module", loaded.append)
    await openai({}).start()
    assert loaded == ["soxr"]


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine is not asked through a company's proxy, which would get the key."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with speaking(sound([PCM])) as (speech, _):
        assert await said(speech) == PCM


async def test_a_proxy() -> None:
    """The proxy of the settings gets the request for the speech server."""
    async with speaking(sound([PCM])) as (_, server):
        proxy = f"http://127.0.0.1:{server.port}"
        async with speaking(base_url="http://nowhere.invalid/v1", proxy=proxy) as (speech, _):
            assert await said(speech) == PCM
        assert server.asked[0].path == "http://nowhere.invalid/v1/audio/speech"


async def test_extra_body_wins() -> None:
    """The settings' ``extra_body`` is put over the request."""
    async with speaking(sound([PCM]), extra_body={"speed": 1.5, "response_format": "wav"}) as (speech, server):
        await said(speech)
    assert server.asked[0].body["speed"] == 1.5
    assert server.asked[0].body["response_format"] == "wav"


async def test_speaking_rate() -> None:
    """The server is asked for the speed of the request, times that of the settings; at 1 for none."""
    async with speaking(sound([PCM]), sound([PCM]), sound([PCM]), extra_body={"speed": 1.5}) as (speech, server):
        for rate in (2.0, 1.0):
            async with aclosing(speech.synthesize("Hello.", Voice(speaking_rate=rate))) as pieces:
                assert [piece async for piece in pieces]
    assert [asked.body["speed"] for asked in server.asked] == [3.0, 1.5]


async def test_without_a_key() -> None:
    """No variable, no Authorization: local servers want none."""
    async with speaking(sound([PCM]), environment={}) as (speech, server):
        assert await said(speech) == PCM
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("key", ["ключ", "two\nlines", "nul\0"])
async def test_a_key_that_cannot_be_sent(key: str) -> None:
    """A key that cannot be sent is refused by the name of its variable, without its value, and nothing is asked."""
    async with speaking(sound([PCM]), environment={"OPENAI_API_KEY": key}) as (speech, server):
        with pytest.raises(SpeechRejected, match="OPENAI_API_KEY") as caught:
            await said(speech)
    assert key not in str(caught.value)
    assert not server.asked


async def test_the_voice_of_the_request() -> None:
    """A request's voice is asked for instead of the settings' one."""
    async with speaking(sound([PCM])) as (speech, server):
        await said(speech, voice=Voice("bob", "ru"))
    assert [asked.body["voice"] for asked in server.asked] == ["bob"]


@pytest.mark.parametrize(
    ("status", "content_type"),
    [*((status, "audio/pcm") for status in (400, 404, 422, 500)), (200, "application/json; charset=utf-8")],
)
async def test_a_voice_that_the_server_does_not_have(status: int, content_type: str) -> None:
    """The settings' voice says the sentence then, with a warning: a wrong name silences nobody."""
    async with speaking(sound([SECRET], content_type, status), sound([PCM])) as (speech, server):
        notice, *given = [piece async for piece in speech.synthesize("Hello.", Voice("nobody"))]
    assert (notice, b"".join(given)) == (unknown_voice(), PCM)
    assert [asked.body["voice"] for asked in server.asked] == ["nobody", "ann"]


async def test_a_lone_surrogate_in_the_text() -> None:
    """A text that UTF-8 cannot hold is asked for all the same."""
    async with speaking(sound([PCM])) as (speech, server):
        assert await said(speech, "a\ud800b") == PCM
    assert server.asked[0].body["input"] == "a?b"


LAYOUTS = {
    "bare": (PCM, "audio/pcm"),
    "no content type": (PCM, ""),
    "rate": (PCM, "audio/pcm;rate=24000"),
    "octets": (PCM, "application/octet-stream"),
    "L16": (big_endian(PCM), "audio/L16; rate=24000"),
    "L16 of two channels": (big_endian(stereo(PCM)), "audio/L16;rate=24000;channels=2"),
    "L16 that is none": (PCM, "audio/L16;codec=pcm;rate=24000"),
    "stereo": (stereo(PCM), "audio/pcm;rate=24000;channels=2"),
    "wav": (wav(PCM), "audio/wav"),
    "wav called pcm": (wav(PCM), "audio/pcm;rate=8000"),
    "wav called mpeg": (wav(PCM), "audio/mpeg"),
    "wav of unknown length": (wav(PCM, size=0xFFFF_FFFF), "audio/wav"),
    "wav of length 0": (wav(PCM, size=0), "audio/x-wav"),
    "wav of almost any length": (wav(PCM, size=0x7FFF_FFDB), "audio/wav"),
    "wav with other chunks": (wav(PCM, before=chunk(b"LIST", b"odd"), after=chunk(b"id3 ", b"tag")), "audio/wav"),
    "wav with an empty chunk": (wav(PCM, before=chunk(b"LIST", b"")), "audio/wav"),
    "stereo wav": (wav(stereo(PCM), form(channels=2)), "audio/wav"),
    "float wav": (wav(float32(PCM), form(tag=3, bits=32, extra=b"\0\0")), "audio/wav"),
    "extensible wav": (wav(PCM, form(tag=0xFFFE, extra=b"\x16\0\x10\0\0\0\0\0\x01\0" + SUBFORMAT)), "audio/wav"),
    "one wav after another": (wav(PCM[:2000]) + wav(PCM[2000:]), "audio/wav"),
    "half a sample between two": (wav(PCM[:2000], size=0) + b"\x01" + wav(PCM[2000:], size=0), "audio/wav"),
    "rf64": (b"RF64" + wav(PCM, size=0xFFFF_FFFF, before=chunk(b"ds64", bytes(28)))[4:], "audio/wav"),
    "wav that tells of its first piece only": (wav(PCM[:2000]) + PCM[2000:], "audio/wav"),
    "the end of a sample missing": (PCM + b"\x01", "audio/pcm"),
    "tiny": (PCM[:6], "audio/pcm"),
}


@pytest.mark.parametrize("size", [1, 3, 1001, 10**6])
@pytest.mark.parametrize("layout", LAYOUTS)
async def test_layouts(layout: str, size: int) -> None:
    """Sound of any type and cut is given as mono int16 in whole samples."""
    body, content_type = LAYOUTS[layout]
    cut = [body[i : i + size] for i in range(0, len(body), size)]
    if size == 1:
        cut[100:] = [body[100:]]
    async with speaking(sound([part for part in cut if part], content_type)) as (speech, _):
        given = await said(speech)
    expected = PCM[: len(given)]
    assert len(given) == (6 if layout == "tiny" else len(PCM))
    if layout == "float wav":  # to and fro, at most one step is lost
        assert max(abs(a - b) for a, b in zip(_samples(given), _samples(expected), strict=True)) <= 1
    else:
        assert given == expected


def _samples(pcm: bytes) -> memoryview:
    return memoryview(pcm).cast("h")


@pytest.mark.parametrize(
    ("body", "content_type", "rate"),
    [
        (tone(8000, 16_000), "audio/pcm;rate=16000", 16_000),
        (tone(8000, 16_000), "audio/pcm; sample_rate=16000", 16_000),
        (tone(8000, 16_000), "audio/pcm; samplerate=16000", 16_000),
        (wav(tone(8000, 22_050), form(22_050)), "audio/wav", 22_050),
        (wav(stereo(tone(8000, 44_100)), form(44_100, 2), size=0), "audio/wav", 44_100),
    ],
)
async def test_another_rate(body: bytes, content_type: str, rate: int) -> None:
    """The rate that the reply tells is the rate of the sound, whose samples stay as they are."""
    async with speaking(sound([body[:999], body[999:]], content_type)) as (speech, _):
        first, *rest = [piece async for piece in speech.synthesize("Hello.", ANY)]
    assert first == Hz(rate)
    assert b"".join(rest) == tone(8000, rate)


@pytest.mark.parametrize("header", ["x_sample_rate", "x_audio_sample_rate"])
async def test_a_header_may_tell_the_rate(header: str) -> None:
    """The rate of bare PCM may stand in a header of its own; nonsense there counts as nothing."""
    for told, rate in (("16000", [Hz(16_000)]), ("0", []), ("fast", [])):
        async with speaking(sound([PCM], "audio/pcm", **{header: told}), sample_rate=24_000) as (speech, _):
            given = [piece async for piece in speech.synthesize("Hello.", ANY)]
        assert [piece for piece in given if isinstance(piece, Hz)] == rate


MADE_UP = {
    "2 billion": 2_000_000_000,
    "2^30": 1 << 30,
    "ffmpeg": 0xFFFF_FFFF,
    "signed": 0x7FFF_FFFF,
    "5 minutes": 14_400_000,
}
MADE_UP |= {"a page less": 0x7FFF_F000, "0": 0, "a third": 0x0FFF_FFFF}
BEHIND = {
    "nothing": b"",
    "tags": chunk(b"LIST", b"INFOISFT\x04\0\0\0Lavf"),
    "tags, credentials": chunk(b"LIST", b"INFO") + chunk(b"C2PA", b"\x12" * 1839),
    "an empty chunk": chunk(b"JUNK", b""),
    "half a chunk": chunk(b"id3 ", bytes(90))[:50],
    "the header again": bytes(4) + struct.pack("<I", len(PCM) + 36) + bytes(32) + struct.pack("<I", len(PCM)),
    "a longer header again": bytes(4) + struct.pack("<I", len(PCM) + 70) + bytes(66) + struct.pack("<I", len(PCM)),
    "another wav": wav(PCM[:480], size=0xFFFF_FFFF),
}


@pytest.mark.parametrize("cut", [1, 7, 10**6])
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("size", MADE_UP)
async def test_a_made_up_length(size: str, behind: str, cut: int) -> None:
    """A length that no sentence can have is none; the samples are all that comes, but for the chunks behind them."""
    body = wav(PCM, size=MADE_UP[size]) + BEHIND[behind]
    parts = [body[:40], *(body[at : at + cut] for at in range(40, 200, cut)), body[200 if cut < 160 else 40 + cut :]]
    if cut == 7:
        parts[-1:] = [body[201:-9], *(body[-9:][at : at + 1] for at in range(9))]
    async with speaking(sound([part for part in parts if part], "audio/wav")) as (speech, _):
        assert await said(speech) == PCM + (PCM[:480] if behind == "another wav" else b"")


async def test_sound_that_looks_like_a_chunk() -> None:
    """Samples that happen to read LIST are samples, when no credible size follows."""
    loud = PCM + b"LIST\x40\x3f\x20\x11" + PCM
    async with speaking(sound([wav(loud, size=0)], "audio/wav")) as (speech, _):
        assert await said(speech) == loud


async def test_a_missing_pad() -> None:
    """A chunk of odd length whose pad byte the server forgot takes nothing from the next one."""
    body = wav(b"", form(bits=8), size=999) + bytes(range(100, 120)) * 49 + bytes(19) + chunk(b"LIST", b"INFO")
    async with speaking(sound([body], "audio/wav")) as (speech, _):
        assert len(await said(speech)) == 2 * 999


def _coded(encoding: str) -> bytes:
    """PCM in another encoding, made by the standard library."""
    audioop = pytest.importorskip("audioop")
    match encoding:
        case "uint8":
            return audioop.bias(audioop.lin2lin(PCM, 2, 1), 1, 128)
        case "int24" | "int32":
            return audioop.lin2lin(PCM, 2, int(encoding[3:]) // 8)
        case "float64":
            return array("d", (sample / 32767 for sample in _samples(PCM))).tobytes()
        case _:
            return getattr(audioop, f"lin2{encoding}")(PCM, 2)


@pytest.mark.parametrize(
    ("encoding", "tag", "bits", "step"),
    [
        ("uint8", 1, 8, 256),
        ("int24", 1, 24, 1),
        ("int24", 1, 20, 1),
        ("int32", 1, 32, 1),
        ("float64", 3, 64, 2),
        ("alaw", 6, 8, 1024),
        ("ulaw", 7, 8, 1024),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [None, 0])
async def test_encodings(encoding: str, tag: int, bits: int, step: int, channels: int, size: int | None) -> None:
    """Samples of every usual encoding are converted, as exactly as they are told."""
    coded, width = _coded(encoding), -(-bits // 8)
    body = b"".join(channels * coded[at : at + width] for at in range(0, len(coded), width))
    wave = wav(body, form(channels=channels, tag=tag, bits=bits), size=size)
    async with speaking(sound([wave[:777], wave[777:]], "audio/wav")) as (speech, _):
        given = _samples(await said(speech))
    assert len(given) == len(PCM) // 2
    assert max(abs(a - b) for a, b in zip(given, _samples(PCM), strict=True)) < step


@pytest.mark.parametrize(
    ("content_type", "encoding", "rate"),
    [
        ("audio/basic", "ulaw", 8000),
        ("audio/PCMA;rate=16000", "alaw", 16_000),
        ("audio/pcm;rate=16000;codec=pcm_s24le", "int24", 16_000),
        ("audio/x-raw;format=S32LE", "int32", 24_000),
        ("audio/pcm;bits=8;rate=8000", "uint8", 8000),
        ("audio/pcm;bits=16", "int16", 24_000),
        ("audio/pcm;encoding=mulaw;rate=8000", "ulaw", 8000),
    ],
)
async def test_encodings_of_bare_pcm(content_type: str, encoding: str, rate: int) -> None:
    """The Content-Type may tell of other samples than int16."""
    coded = PCM if encoding == "int16" else _coded(encoding)
    async with speaking(sound([coded], content_type), sample_rate=24_000) as (speech, _):
        given = [piece async for piece in speech.synthesize("Hello.", ANY)]
    assert [piece for piece in given if isinstance(piece, Hz)] == ([] if rate == 24_000 else [Hz(rate)])
    samples = _samples(b"".join(piece for piece in given if isinstance(piece, bytes)))
    assert max(abs(a - b) for a, b in zip(samples, _samples(PCM), strict=True)) < 1024


@pytest.mark.parametrize(("code", "encoding"), [("alaw", "alaw"), ("ulaw", "ulaw")])
def test_telephone_codes(code: str, encoding: str) -> None:
    """Both tables of G.711 are those of the standard library."""
    audioop = pytest.importorskip("audioop")
    expected = array("h", getattr(audioop, f"{code}2lin")(bytes(range(256)), 2))
    assert TABLES[encoding] == list(expected)


async def test_sound_comes_as_it_is_sent() -> None:
    """Nothing is held back for a bigger block: the first sound is there while the server still works."""
    async with speaking(sound([PCM[:480], HANG])) as (speech, _), aclosing(speech.synthesize("Hi.", ANY)) as given:
        assert await anext(given) == PCM[:480]


MP3 = b"\xff\xfb\x90\x64" + bytes(400)

NOT_PCM = {
    "mp3 by its name": (MP3, "audio/mpeg"),
    "pcm called mp3": (PCM, "audio/mpeg"),
    "mp3 called pcm": (MP3, "audio/pcm"),
    "mp3 with a tag": (b"ID3\x04" + bytes(400), "audio/pcm"),
    "ogg": (b"OggS\0\x02" + bytes(400), "application/octet-stream"),
    "flac": (b"fLaC\0\0\0\x22" + bytes(400), "audio/pcm"),
    "aac": (b"\xff\xf1\x50\x80" + bytes(400), ""),
    "webm": (b"\x1aE\xdf\xa3" + bytes(400), "audio/pcm"),
    "json": (SECRET, "application/json"),
    "json called pcm": (SECRET, "audio/pcm"),
    "html": (b"<!DOCTYPE html><p>my private words", "text/html; charset=utf-8"),
    "html called octets": (b"<html><body>my private words", "application/octet-stream"),
    "a word": (b"error", "audio/pcm"),
    "json in russian": ('{"error": "Ошибка: my private words"}'.encode(), "audio/pcm"),
    "text in russian": ("Внутренняя ошибка: my private words".encode(), ""),
    "html behind a mark": ("\ufeff<p>Ошибка: my private words".encode(), "application/octet-stream"),
    "no type at all": (PCM, "nonsense"),
    "no riff": (PCM, "audio/wav"),
    "a riff of pictures": (b"RIFF\x10\0\0\0AVI " + bytes(40), "audio/wav"),
    "wav of 48 bits": (wav(bytes(300), form(bits=48)), "audio/wav"),
    "wav of adpcm": (wav(bytes(300), form(tag=17, bits=4)), "audio/wav"),
    "big-endian wav": (b"RIFX" + wav(PCM)[4:], "audio/pcm"),
    "aiff": (b"FORM\0\0\1\0AIFF" + PCM, ""),
    "au": (b".snd\0\0\0\x18" + PCM, "application/octet-stream"),
    "wav of 100 channels": (wav(bytes(400), form(channels=100)), "audio/wav"),
    "wav of rate 0": (wav(bytes(400), form(rate=0)), "audio/wav"),
    "wav without a format": (b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"data", PCM), "audio/wav"),
    "wav with a huge format": (b"RIFF\xff\xff\xff\xffWAVE" + chunk(b"fmt ", b"x" * 90, 2**31), "audio/wav"),
    "wav that changes": (wav(PCM) + wav(PCM, form(rate=8000)), "audio/wav"),
    "nothing": (b"", "audio/pcm"),
    "half a sample": (b"\x01", "audio/pcm"),
    "a wav of nothing": (wav(b""), "audio/wav"),
}


@pytest.mark.parametrize("what", NOT_PCM)
async def test_what_is_no_sound(what: str) -> None:
    """Noise never reaches a listener's ears: a reply that is no PCM is an error, which holds nothing of the reply."""
    body, content_type = NOT_PCM[what]
    async with speaking(sound([body] if body else [], content_type)) as (speech, _):
        with pytest.raises(NotPcm) as caught:
            await said(speech)
    _safe(caught.value)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("mp3 called pcm", "sent MP3 where PCM was asked for"),
        ("json", "sent application/json where"),
        ("json called pcm", "sent text where"),
        ("no type at all", "sent text/plain"),
        ("wav of adpcm", "format 17 with 4 bits"),
        ("big-endian wav", "big-endian WAV"),
        ("wav of rate 0", "0 Hz"),
        ("wav of 100 channels", "100 channels"),
        ("nothing", "no sound"),
    ],
)
async def test_the_error_names_the_format(what: str, told: str) -> None:
    """An operator reads what came instead of sound."""
    body, content_type = NOT_PCM[what]
    async with speaking(sound([body] if body else [], content_type)) as (speech, _):
        with pytest.raises(NotPcm, match=re.escape(told)):
            await said(speech)


async def test_compressed_unasked() -> None:
    """A body under a Content-Encoding is not taken for samples."""
    async with speaking(sound([PCM], content_encoding="gzip")) as (speech, server):
        with pytest.raises(NotPcm):
            await said(speech)
    assert server.asked[0].headers["accept-encoding"] == "identity"


STATUSES = {
    SpeechRejected: (302, 401, 403, 404),
    TextRejected: (400, 413, 422),
    SpeechBusy: (402, 429),
    SpeechUnavailable: (408, 500, 503),
}


@pytest.mark.parametrize(("status", "kind"), [(status, kind) for kind in STATUSES for status in STATUSES[kind]])
async def test_statuses(status: int, kind: type[SpeechEngineError]) -> None:
    """Each status is an error of its class, asked for once, with nothing of the body; redirects are not followed."""
    refusal = sound([SECRET], "application/json", status, location="http://127.0.0.1:1/")
    async with speaking(refusal) as (speech, server):
        with pytest.raises(SpeechEngineError, match=str(status)) as caught:
            await said(speech)
    assert type(caught.value) is kind
    assert len(server.asked) == 1
    _safe(caught.value)


@pytest.mark.parametrize(("told", "seconds"), [("7", 7.0), ("nonsense", None)])
async def test_retry_after(told: str, seconds: float | None) -> None:
    """The error holds the seconds that a busy server asks to wait."""
    async with speaking(sound([], status=429, retry_after=told)) as (speech, _):
        with pytest.raises(SpeechBusy) as caught:
            await said(speech)
    assert caught.value.retry_after == seconds


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\n\r\n"

BREAKS = {
    "chunked": (sound([PCM, CUT]), len(PCM)),
    "content length": (sound([PCM], framing="close", content_length="9999"), len(PCM)),
    "before anything": (Reply([CUT], framing="raw"), 0),
    "in the head": (Reply([HEAD[:20]], framing="raw"), 0),
    "no http": (Reply([b"SSH-2.0-my private words\r\n\r\n"], framing="raw"), 0),
    "a bad chunk": (Reply([HEAD[:-2] + b"transfer-encoding: chunked\r\n\r\nzz\r\n"], framing="raw"), 0),
    "a wav whose end nobody tells": (sound([wav(PCM, size=9999)], "audio/wav", framing="close"), len(PCM)),
    "a wav that ends too soon": (sound([wav(PCM, size=9999)], "audio/wav"), len(PCM)),
}


@pytest.mark.parametrize("where", BREAKS)
async def test_broken_off(where: str) -> None:
    """A sentence that was cut is never taken for a whole one; the sound before the cut was given."""
    reply, length = BREAKS[where]
    async with speaking(reply) as (speech, _):
        given, error = await _failing(speech)
    assert type(error) is SpeechUnavailable
    assert given == PCM[:length]
    _safe(error)


async def test_reset() -> None:
    """A connection that is torn down is an error too, whatever of its bytes still came."""
    async with speaking(sound([PCM, RESET])) as (speech, _):
        given, error = await _failing(speech)
    assert type(error) is SpeechUnavailable
    assert PCM.startswith(given)


@pytest.mark.parametrize("steps", [[HANG], [PCM, HANG]], ids=["before", "in the middle"])
async def test_stalled(steps: list[bytes | Step]) -> None:
    """A server that goes silent is an error after the time of the settings, and is left."""
    async with speaking(sound(steps), stall_timeout_seconds=1.0) as (speech, server):
        given, error = await _failing(speech)
        await gone(server)
    assert type(error) is SpeechStalled
    assert given == b"".join(step for step in steps if isinstance(step, bytes))


async def test_an_endless_refusal() -> None:
    """The body of an error is not waited for, and the connection is closed."""
    async with speaking(sound([SECRET, HANG], status=503)) as (speech, server):
        _, error = await _failing(speech)
        await gone(server)
    assert type(error) is SpeechUnavailable


async def test_nobody_there() -> None:
    """A port that nobody listens at is an error at once."""
    async with speaking(sound([PCM])) as (speech, server):
        pass
    speech = openai({}, base_url=server.url)
    _, error = await _failing(speech)
    await speech.aclose()
    assert type(error) is SpeechUnavailable


async def _failing(speech: OpenAISpeech) -> tuple[bytes, SpeechEngineError]:
    given = b""
    try:
        async with aclosing(speech.synthesize("Hello.", ANY)) as sounds:
            async for piece in sounds:
                given += piece
    except SpeechEngineError as error:
        return given, error
    pytest.fail("the sentence ended well")


def _safe(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error.__dict__)
    assert KEY not in shown
    assert "private words" not in shown


async def test_the_key_is_not_shown() -> None:
    """The key is not in the engine's ``repr``."""
    async with speaking(sound([PCM])) as (speech, _):
        await said(speech)
        assert KEY not in repr(speech)


@pytest.mark.parametrize(
    "reply", [Reply([HANG], framing="raw"), sound([HANG]), sound([PCM, HANG])], ids=["head", "body", "later"]
)
async def test_cancelled_while_a_read_waits(reply: Reply) -> None:
    """Cancelling the reader closes the connection, wherever it waits."""
    async with speaking(reply) as (speech, server):
        task = asyncio.create_task(said(speech))
        await server.hanging.wait()
        await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone(server)


async def test_closed_between_two_reads() -> None:
    """Closing the generator between two reads closes the connection."""
    async with speaking(sound([PCM, HANG])) as (speech, server):
        given = speech.synthesize("Hello.", ANY)
        assert await anext(given) == PCM
        await given.aclose()
        await gone(server)


async def test_a_slow_reader_slows_the_server() -> None:
    """Nothing is read ahead of the reader: the server cannot send more than the sockets hold."""
    count, size = 400, 65536
    async with speaking(sound([bytes(size)] * count)) as (speech, server):
        async with aclosing(speech.synthesize("Hello.", ANY)) as given:
            assert await anext(given)
            await still(lambda: server.sent)
            assert server.sent < count * size / 2
        await gone(server)


async def test_one_client() -> None:
    """Sentences one after another share a connection, those at once don't wait for each other, and aclose ends all."""
    async with speaking(sound([PCM])) as (speech, server):
        for _ in range(3):
            assert await said(speech) == PCM
        assert server.connections == 1
        assert await asyncio.gather(*(said(speech) for _ in range(8))) == [PCM] * 8
        assert server.connections <= 9
        await speech.aclose()
        await gone(server)
        assert await said(speech) == PCM  # whoever still speaks while the server stops is not failed


async def test_a_failure_leaves_the_next_sentence_alone() -> None:
    """After a sentence that was cut the next one is whole."""
    async with speaking(sound([PCM, CUT]), sound([PCM])) as (speech, _):
        await _failing(speech)
        assert await pieces(speech)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("base_url", url) for url in ("localhost:8880/v1", "ftp://x/", "http://")),
        ("proxy", "https://127.0.0.1:1"),
        *(("extra_body", {"speed": speed}) for speed in (float("nan"), object())),
    ],
)
def test_wrong_settings(key: str, value: object) -> None:
    """Options that cannot work are refused at the start, under their key."""
    with pytest.raises(ValueError, match=f"^{key}: "):
        openai({}, **{key: value})
