"""The rules of every request field."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from app.service import wire
from app.service.requests import rules
from app.settings.tables import Limits
from interceptors.errors import Rejected
from interceptors.testing import FakeContext
from protos import streaming_pb2 as pb

LIMITS = Limits(max_prompt_chars=20, max_screenshot_bytes=100)
FILLED = pb.StreamRequest(prompt="from before")


def fill(request: pb.StreamRequest, _context: Any) -> None:
    if request.session_id == "collected":
        request.prompt = request.prompt or FILLED.prompt


CHECK = rules(LIMITS, 200_000, fill)

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
WEBP = b"RIFF\x10\0\0\0WEBP"


def image(data: bytes) -> str:
    return base64.b64encode(data).decode()


def stream(**fields: Any) -> pb.StreamRequest:
    return pb.StreamRequest(**{"prompt": "hello", "session_id": "s", **fields})


def collect(**fields: Any) -> pb.StreamRequest:
    return stream(phase=pb.REQUEST_PHASE_COLLECT, **fields)


def welcome(**fields: Any) -> pb.WelcomeRequest:
    return pb.WelcomeRequest(**{"session_id": "s", **fields})


METHOD_OF = {
    pb.StreamRequest: wire.STREAM_AUDIO,
    pb.WelcomeRequest: wire.GENERATE_WELCOME_AUDIO,
    pb.InterruptRequest: wire.INTERRUPT_SESSION,
}


def check(request: Any, identity: str = "") -> None:
    CHECK[METHOD_OF[type(request)]](request, FakeContext(identity=identity))


def test_every_method_has_rules() -> None:
    """No method goes unchecked."""
    service = pb.DESCRIPTOR.services_by_name["StreamingService"]
    assert set(CHECK) == {f"/{service.full_name}/{method.name}" for method in service.methods}


GOOD = {
    "least": stream(),
    "COMMIT": stream(phase=pb.REQUEST_PHASE_COMMIT),
    "the longest prompt": stream(prompt="ж" * 20),
    "session": stream(session_id="Aa0._:@-" * 16),
    "hardware_id": stream(hardware_id="мой mac" + "x" * 121),
    "voice and language": stream(voice="ru+f3", language="zh-Hant-TW"),
    "the longest language": stream(language="x" * 35),
    "png": stream(screenshot=image(PNG), screen_width=0, screen_height=2**31 - 1),
    "jpeg": stream(screenshot=image(JPEG)),
    "webp": stream(screenshot=image(WEBP)),
    "the largest screenshot": stream(screenshot=image(PNG.ljust(100, b"x"))),
    "a prompt that was collected": stream(prompt="", session_id="collected"),
    "chunk": collect(prompt="", chunk_seq=2**31 - 1, chunk_text="x" * 20),
    "chunk in the prompt": collect(prompt="x"),
    "chunk without text": collect(prompt="", screenshot=image(PNG)),
    "empty chunk": collect(prompt=""),
    "old fields": stream(chunk_seq=-1, chunk_text=""),
    "welcome": welcome(),
    "welcome text": welcome(text="x" * 20, voice="v", language="en"),
    "blank welcome": welcome(text=" "),
    "interrupt a device": pb.InterruptRequest(hardware_id="mac"),
    "interrupt a session": pb.InterruptRequest(session_id="s"),
    "interrupt both": pb.InterruptRequest(hardware_id="mac", session_id="s"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_requests(name: str) -> None:
    """What keeps to the rules passes."""
    check(GOOD[name])


# The field that is named, or all that is told.
BAD: dict[str, tuple[Any, str]] = {
    "empty prompt": (stream(prompt=""), "prompt"),
    "blank prompt": (stream(prompt=" \n\t\u3000"), "prompt"),
    "long prompt": (stream(prompt="x" * 21), "prompt"),
    "chunk with a long prompt": (collect(prompt="x" * 21), "prompt"),
    "long chunk": (collect(chunk_text="x" * 21), "chunk_text"),
    "negative chunk": (collect(chunk_seq=-1), "chunk_seq"),
    "chunk without session": (collect(session_id=""), "session_id"),
    "chunk with a bad device": (collect(hardware_id="\n"), "hardware_id"),
    "chunk with a bad language": (collect(language="en_US"), "language"),
    "chunk with a bad image": (collect(screenshot="***"), "screenshot: not valid base64"),
    "unknown phase": (stream(phase=9), "phase"),
    "negative phase": (stream(phase=-1), "phase"),
    "no session": (stream(session_id=""), "session_id"),
    "long session": (stream(session_id="x" * 129), "session_id"),
    "session with a space": (stream(session_id="a b"), "session_id"),
    "session with a line break": (stream(session_id="a\n"), "session_id"),
    "session with a letter": (stream(session_id="ж"), "session_id"),
    "session with a slash": (stream(session_id="a/b"), "session_id"),
    "long hardware_id": (stream(hardware_id="x" * 129), "hardware_id"),
    "hardware_id with a control": (stream(hardware_id="a\x1b[31m"), "hardware_id"),
    "hardware_id with a line break": (stream(hardware_id="a\n"), "hardware_id"),
    "long voice": (stream(voice="x" * 129), "voice"),
    "voice with a NUL": (stream(voice="a\0"), "voice"),
    "long language": (stream(language="x" * 36), "language"),
    "language with an underscore": (stream(language="en_US"), "language"),
    "language with a line break": (stream(language="en\n"), "language"),
    "language in other letters": (stream(language="рус"), "language"),
    "bad base64": (stream(screenshot="***"), "screenshot: not valid base64"),
    "base64 with spaces": (stream(screenshot=image(PNG) + "\n"), "screenshot: not valid base64"),
    "base64 without its end": (stream(screenshot=image(PNG)[:-1]), "screenshot: not valid base64"),
    "base64 in other letters": (stream(screenshot="ж"), "screenshot: not valid base64"),
    "empty image": (stream(screenshot="===="), "screenshot"),
    "no image": (stream(screenshot=image(b"text")), "screenshot: neither WebP, PNG nor JPEG"),
    "a gif": (stream(screenshot=image(b"GIF89a")), "screenshot: neither WebP, PNG nor JPEG"),
    "a wav": (stream(screenshot=image(b"RIFF\x10\0\0\0WAVEfmt ")), "screenshot: neither WebP, PNG nor JPEG"),
    "large screenshot": (stream(screenshot=image(PNG.ljust(101, b"x"))), "screenshot"),
    "huge screenshot": (stream(screenshot="A" * 100_000), "screenshot"),
    "negative width": (stream(screen_width=-1), "screen_width, screen_height"),
    "negative height": (stream(screen_height=-1), "screen_width, screen_height"),
    "long welcome": (welcome(text="x" * 21), "text"),
    "welcome without session": (welcome(session_id=""), "session_id"),
    "welcome with a bad session": (welcome(session_id="a b"), "session_id"),
    "welcome with a bad voice": (welcome(voice="\n"), "voice"),
    "welcome with a bad language": (welcome(language="e n"), "language"),
    "interrupt nothing": (pb.InterruptRequest(), "hardware_id"),
    "interrupt a bad device": (pb.InterruptRequest(hardware_id="x" * 129), "hardware_id"),
    "interrupt a bad session": (pb.InterruptRequest(hardware_id="mac", session_id="a b"), "session_id"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests(name: str) -> None:
    """What breaks a rule is INVALID_REQUEST; the field and the rule are named, the value is not repeated."""
    request, expected = BAD[name]
    field, _, rule = expected.partition(": ")
    with pytest.raises(Rejected) as refused:
        check(request)
    error = refused.value
    assert (error.reason, error.metadata, error.retry_after) == ("INVALID_REQUEST", {"field": field}, None)
    assert error.text.startswith(f"{field}: ")
    assert rule in ("", error.text.removeprefix(f"{field}: "))
    assert error.text.isascii()
    assert error.text.isprintable()
    assert len(error.text) <= 200
    value = str(getattr(request, field, ""))
    assert len(value) < 3 or value not in error.text


def test_a_large_screenshot_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long by its base64 already costs nothing."""
    decode: Callable[..., bytes] = pytest.fail
    monkeypatch.setattr(base64, "b64decode", decode)
    with pytest.raises(Rejected, match="at most 100 bytes"):
        check(stream(screenshot="A" * 100_000))


def test_no_screenshots_at_all() -> None:
    """A limit of 0 bytes refuses every screenshot, and no request without one."""
    check_none = rules(Limits(max_screenshot_bytes=0), 1000, fill)[wire.STREAM_AUDIO]
    check_none(stream(), FakeContext())
    with pytest.raises(Rejected, match="at most 0 bytes"):
        check_none(stream(screenshot=image(PNG)), FakeContext())


def test_an_interruption_needs_a_name() -> None:
    """Without auth an interruption names a device, a session or both; an identity has streams without naming them."""
    for names in ({"hardware_id": "mac"}, {"session_id": "s"}):
        check(pb.InterruptRequest(**names))
    with pytest.raises(Rejected, match="hardware_id: must not be empty unless session_id is given"):
        check(pb.InterruptRequest())
    check(pb.InterruptRequest(), identity="mac-1")
