"""Events to messages and back."""

import base64
import json
import time
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from app.service import wire
from pipeline.events import AudioChunk, Command, EndReason, ModelEnd, Notice, Sentence, Usage
from pipeline.interfaces import Screenshot, Turn
from protos import streaming_pb2 as pb

PNG = b"\x89PNG\r\n\x1a\n..."

FIGURES = {
    "sentences": 2,
    "commands": 1,
    "audio_samples": 44100,
    "first_text_ms": 1.5,
    "first_audio_ms": 2.5,
    "total_ms": 99.0,
}


def content(message: pb.StreamResponse) -> str | None:
    """Which content *message* has, after it went over the wire."""
    sent = pb.StreamResponse.FromString(message.SerializeToString())
    assert sent == message
    return sent.WhichOneof("content")


# Requests.


@pytest.mark.parametrize("message", [pb.StreamRequest, pb.WelcomeRequest, pb.InterruptRequest])
def test_undecodable_bytes(message: Any) -> None:
    """Bytes that are no such message are None: cut ones, wrong types, text that is not UTF-8."""
    decode = wire.decoder(message)
    assert decode(b"") == message()
    whole = message(session_id="session").SerializeToString()
    assert decode(whole) == message(session_id="session")
    for broken in (whole[:-1], b"\xff", b"\x0a\x05ab", whole.replace(b"session", b"sess\xff\xfen"), b"\x0f"):
        assert decode(broken) is None


def test_fields_of_tomorrow_are_skipped() -> None:
    """A message with a field that we don't know is decoded."""
    assert wire.decoder(pb.WelcomeRequest)(b"\xfa\x7f\x01x") is not None


def test_a_turn_is_the_request() -> None:
    """Everything of a request that the pipeline needs is in the turn."""
    request = pb.StreamRequest(
        prompt="p",
        session_id="s",
        hardware_id="mac",
        voice="v",
        language="ru",
        screenshot=base64.b64encode(PNG).decode(),
        screen_width=3,
        screen_height=4,
        word_timings=True,
        speaking_rate=1.5,
    )
    turn = wire.turn(request, "me", (), None)
    image = Screenshot(PNG, "image/png", 3, 4)
    assert turn == Turn("s", "p", "mac", "me", (), image, "v", "ru", True, None, 1.5)


def test_a_turns_deadline_is_a_point_in_time() -> None:
    """What is left of the client's time becomes a time of ``time.monotonic``."""
    before = time.monotonic()
    deadline = wire.turn(pb.StreamRequest(), "me", (), 5.0).deadline
    assert deadline is not None
    assert before + 5 <= deadline <= time.monotonic() + 5


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [(PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"), (b"", "")],
)
def test_screenshots(data: bytes, mime_type: str) -> None:
    """PNG, JPEG and WebP are known by how they begin. A request without a screenshot has none."""
    request = pb.StreamRequest(screenshot=base64.b64encode(data).decode())
    assert wire.screenshot(request) == (Screenshot(data, mime_type) if data else None)


def test_stamp() -> None:
    """Every message has its number; the session stands in the first alone. A type without such fields is left alone."""
    first, second = pb.StreamResponse(), pb.StreamResponse()
    wire.stamp(first, 1, "s")
    wire.stamp(second, 2, "")
    assert (first.sequence, first.session_id, second.sequence, second.session_id) == (1, "s", 2, "")
    welcome = pb.WelcomeResponse(end_message="x")
    wire.stamp(welcome, 1, "s")
    assert welcome == pb.WelcomeResponse(end_message="x")


def test_which_messages_the_rate_counts() -> None:
    """Text and sound are counted; end, error, warning, action and empty messages, and metadata, never are."""
    counted = [
        wire.text_message(Sentence(1, "x")),
        wire.audio_message(AudioChunk(1, b"\1\0", 8000)),
        pb.WelcomeResponse(audio_chunk=wire.audio(AudioChunk(1, b"\1\0", 8000))),
    ]
    free = [
        pb.StreamResponse(),
        wire.audio_message(AudioChunk(1, b"", 8000, final=True)),
        wire.command_message(Command("x", {}), "s", 0),
        wire.end_message(ModelEnd(), FIGURES),
        *(make("x") for make in wire.ERROR_MESSAGE.values()),
        pb.WelcomeResponse(),
        pb.WelcomeResponse(metadata=pb.WelcomeMetadata(method="x")),
        pb.WelcomeResponse(end_message="x"),
    ]
    assert [wire.has_text_or_sound(message) for message in counted] == [True] * len(counted)
    assert [wire.has_text_or_sound(message) for message in free] == [False] * len(free)


# Messages.


def test_a_sentence() -> None:
    """A sentence is a text_chunk as written, with its number; final only where there is no sound."""
    message = wire.text_message(Sentence(3, " Half \ud83e."))
    assert content(message) == "text_chunk"
    assert (message.text_chunk, message.sentence_index, message.final) == (" Half \ufffd.", 3, False)
    assert wire.text_message(Sentence(3, "x", final=True)).final


def test_sound() -> None:
    """Sound says all that a player must know."""
    message = wire.audio_message(AudioChunk(2, b"\1\0\2\0\3\0", 22050))
    assert content(message) == "audio_chunk"
    assert (message.sentence_index, message.final) == (2, False)
    audio = message.audio_chunk
    assert (audio.audio_data, audio.dtype, list(audio.shape)) == (b"\1\0\2\0\3\0", "int16", [3])
    assert (audio.sample_rate, audio.channels) == (22050, 1)


def test_the_end_of_a_sentences_sound() -> None:
    """A chunk without data still is an audio_chunk, with the rate, and carries the final mark."""
    message = wire.audio_message(AudioChunk(2, b"", 22050, final=True))
    assert content(message) == "audio_chunk"
    assert (message.final, message.audio_chunk.sample_rate, list(message.audio_chunk.shape)) == (True, 22050, [0])


@pytest.mark.parametrize(
    ("name", "args", "action_json"),
    [
        ("open_app", {"app_name": "Safari"}, '{"command":"open_app","args":{"app_name":"Safari"}}'),
        ("wait", {}, '{"command":"wait","args":{}}'),
        ("открой", {"имя": "Почта 🦊"}, '{"command":"открой","args":{"имя":"Почта 🦊"}}'),
        ("x", {"z": 1, "a": [None, True, 1.5, {}]}, '{"command":"x","args":{"z":1,"a":[null,true,1.5,{}]}}'),
        ("x", {"text": 'a"b\\c\n'}, '{"command":"x","args":{"text":"a\\"b\\\\c\\n"}}'),
        ("x", {"text": "half \ud83e"}, '{"command":"x","args":{"text":"half \ufffd"}}'),
        ("x", {"half \ud83e": 1}, '{"command":"x","args":{"half \ufffd":1}}'),
        ("a\ud83e", {}, '{"command":"a\ufffd","args":{}}'),
    ],
)
def test_a_command(name: str, args: dict[str, Any], action_json: str) -> None:
    """A command is its JSON, compact, in this order of keys, UTF-8 as it is; and the same as typed fields."""
    message = wire.command_message(Command(name, args), "s", 4)
    assert content(message) == "action_message"
    action = message.action_message
    assert (action.action_json, action.session_id, message.sentence_index) == (action_json, "s", 4)
    assert not action.HasField("feature_id")
    assert {"command": action.command, "args": MessageToDict(action.args)} == json.loads(action_json)


def test_a_number_beyond_a_doubles_precision() -> None:
    """The JSON has every digit; the typed field, a double, as many as it can."""
    action = wire.command_message(Command("x", {"big": 12345678901234567890}), "s", 0).action_message
    assert action.action_json == '{"command":"x","args":{"big":12345678901234567890}}'
    assert action.args["big"] == 12345678901234567890.0


@given(
    args=st.dictionaries(
        st.text(),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text()),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_any_arguments(args: dict[str, Any]) -> None:
    """JSON and typed fields say the same, for any arguments."""
    action = wire.command_message(Command("x", args), "s", 0).action_message
    assert json.loads(action.action_json) == {"command": "x", "args": args}
    assert list(json.loads(action.action_json)) == ["command", "args"]
    assert MessageToDict(action.args) == args


def test_the_deepest_arguments_can_be_read() -> None:
    """Arguments as deep as ``max_json_depth`` allows can be decoded: protobuf stops at 100 messages, one in another."""
    args: dict[str, Any] = {}
    for _ in range(30):
        args = {"a": args}
    assert content(wire.command_message(Command("x", args), "s", 0)) == "action_message"


@pytest.mark.parametrize("args", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}, {"x": b"bytes"}])
def test_arguments_that_are_no_json(args: dict[str, Any]) -> None:
    """What is no JSON is an error of ours, never a broken message."""
    with pytest.raises((TypeError, ValueError)):
        wire.command_message(Command("x", args), "s", 0)


def test_a_warning() -> None:
    """A warning tells its reason, its text and its sentence."""
    message = wire.text_message(Sentence(3, "x"))
    wire.carry(message, Notice("SPEECH_FAILED", "half \ud83e", 2, final=True))
    warning = message.warning
    assert content(message) == "text_chunk"
    assert (warning.reason, warning.message, warning.sentence_index) == ("SPEECH_FAILED", "half \ufffd", 2)


@pytest.mark.parametrize("reason", EndReason)
def test_the_end(reason: EndReason) -> None:
    """The last message says why the model stopped, and what the turn came to."""
    message = wire.end_message(ModelEnd(reason, Usage(7, 9)), FIGURES)
    assert content(message) == "end_message"
    assert message.end_message
    end = message.end
    assert end.reason == pb.EndReason.Value(f"END_REASON_{reason.name}")
    assert (end.input_tokens, end.output_tokens) == (7, 9)
    assert {name: getattr(end, name) for name in FIGURES} == FIGURES


def test_the_last_message_of_a_failure() -> None:
    """Both streaming methods have an error_message. InterruptSession has none: its status says it."""
    assert {method: make("what went wrong") for method, make in wire.ERROR_MESSAGE.items()} == {
        wire.STREAM_AUDIO: pb.StreamResponse(error_message="what went wrong"),
        wire.GENERATE_WELCOME_AUDIO: pb.WelcomeResponse(error_message="what went wrong"),
    }
