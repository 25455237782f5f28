"""Turns requests into turns and events into messages. Only this module knows how the protocol's fields are filled."""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError, Message

from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence, command_json
from pipeline.interfaces import Message as Utterance
from pipeline.interfaces import Screenshot, Turn
from pipeline.memory.answer import Heard
from pipeline.pcm import SAMPLE_BYTES
from pipeline.text import mend
from protos import streaming_pb2 as pb

SERVICE = "streaming.StreamingService"
STREAM_AUDIO = f"/{SERVICE}/StreamAudio"
INTERRUPT_SESSION = f"/{SERVICE}/InterruptSession"
GENERATE_WELCOME_AUDIO = f"/{SERVICE}/GenerateWelcomeAudio"

WORKING = "WORKING"
"""The reason of the warning that the model is slow."""

END_PUNCTUATION = ".,;:!?…。，、；：！？｡؟،؛।"
"""The marks at the end of a prompt that do not tell two prompts apart."""

SLOWEST, FASTEST = 0.5, 4.0
"""The range of ``speaking_rate``."""

IMAGE_TYPES = {
    re.compile(rb"\x89PNG\r\n\x1a\n"): "image/png",
    re.compile(rb"\xff\xd8\xff"): "image/jpeg",
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL): "image/webp",
}
"""The formats that a screenshot may have, by how their data begins."""


def decoder(message: type[Message]) -> Callable[[bytes], Message | None]:
    """Make a deserializer that returns None for bytes that are no such message: the validation link refuses them.

    grpc itself would answer UNKNOWN, with internal text.
    """

    def decode(data: bytes) -> Message | None:
        try:
            return message.FromString(data)
        except DecodeError:
            return None

    return decode


def stamp(message: Message, number: int, session_id: str) -> None:
    """Write the number (from 1) and the session into *message*, where its type has fields for them."""
    if isinstance(message, pb.StreamResponse):
        message.sequence = number
        if session_id:
            message.session_id = session_id


def is_early(request: Any) -> bool:
    """Tell whether a request is early input of a turn that is still being spoken or typed."""
    return getattr(request, "phase", None) == pb.REQUEST_PHASE_COLLECT


def core(prompt: str) -> str:
    """Return *prompt* up to white space and end punctuation, which a recogniser changes until the last moment."""
    return " ".join(prompt.split()).rstrip(END_PUNCTUATION + " ")


def has_text_or_sound(message: Any) -> bool:
    """Tell whether the message rate counts *message*."""
    return bool(getattr(message, "text_chunk", "") or message.audio_chunk.audio_data) and not is_own_sound(message)


def is_own_sound(message: Any) -> bool:
    """Tell whether *message* is sound of the server's own: of no sentence, and no part of the answer."""
    if not isinstance(message, pb.StreamResponse) or message.sentence_index:
        return False
    warning: Any = message.warning
    return bool(message.audio_chunk.audio_data) or bool(warning.reason == WORKING)


def rate_of(message: Any) -> int:
    """Return the Hz of the sound in *message*; 0 = it has none."""
    chunk = getattr(message, "audio_chunk", None)
    return int(chunk.sample_rate) if chunk is not None else 0


def error_message(text: str, sound: AudioChunk | None = None) -> pb.StreamResponse:
    """Make the last message of a failed stream, with the *sound* of its text."""
    message = pb.StreamResponse(error_message=text)
    if sound is not None:
        message.error_audio.MergeFrom(pb.AudioChunk(**audio(sound)))
    return message


ERROR_MESSAGE: Mapping[str, Callable[[str], Message]] = {
    STREAM_AUDIO: error_message,
    GENERATE_WELCOME_AUDIO: lambda text: pb.WelcomeResponse(error_message=text),
}


def turn(
    request: pb.StreamRequest, identity: str, history: tuple[Utterance, ...], time_remaining: float | None
) -> Turn:
    """Make the turn of a request that is valid. *time_remaining*: seconds to the client's deadline, None = none."""
    deadline = None if time_remaining is None else time.monotonic() + time_remaining
    return Turn(
        session_id=request.session_id,
        hardware_id=request.hardware_id,
        identity=identity,
        prompt=request.prompt,
        history=history,
        screenshot=screenshot(request),
        voice=request.voice,
        language=request.language,
        word_timings=request.word_timings,
        speaking_rate=speaking_rate(request),
        deadline=deadline,
    )


def speaking_rate(request: pb.StreamRequest | None) -> float:
    """Return how fast the sound of a request is said; 1.0 where it does not tell, or tells what cannot be."""
    asked = request.speaking_rate if request is not None and request.HasField("speaking_rate") else 1.0
    return asked if SLOWEST <= asked <= FASTEST else 1.0


def heard(request: Any) -> Heard:
    """Return how much of the previous answer the listener of a valid request heard."""
    return Heard(request.heard.sentence_index, request.heard.offset_ms)


def screenshot(request: pb.StreamRequest) -> Screenshot | None:
    """Decode the image that the request carries. Raise ValueError if it is no base64, or no PNG, JPEG or WebP."""
    if not request.screenshot:
        return None
    try:
        data = base64.b64decode(request.screenshot, validate=True)
    except ValueError:  # binascii.Error, and another for what is not ASCII
        raise ValueError("not valid base64") from None
    for magic, mime_type in IMAGE_TYPES.items():
        if magic.match(data):
            return Screenshot(data, mime_type, request.screen_width, request.screen_height)
    raise ValueError("neither WebP, PNG nor JPEG")


def text_message(sentence: Sentence) -> pb.StreamResponse:
    """Make the message of a sentence as it is written."""
    return pb.StreamResponse(text_chunk=mend(sentence.text), sentence_index=sentence.index, final=sentence.final)


def audio(chunk: AudioChunk, word_timings: bool = False) -> dict[str, Any]:
    """Return the fields of a pb.AudioChunk: PCM, and all that a player must know; with *word_timings* also the words.

    A dict, because a message would be copied into the message around it.
    """
    samples = len(chunk.pcm) // SAMPLE_BYTES
    fields = {
        "audio_data": chunk.pcm,
        "dtype": "int16",
        "shape": (samples,),
        "sample_rate": chunk.sample_rate,
        "channels": 1,
    }
    if word_timings and chunk.words:
        fields["words"] = [
            {"text_offset": word.offset, "text_length": word.length, "offset_ms": word.ms} for word in chunk.words
        ]
    return fields


def audio_message(chunk: AudioChunk, word_timings: bool = False) -> pb.StreamResponse:
    """Make the message of a piece of sound. Without data it only tells that the sentence is over."""
    return pb.StreamResponse(audio_chunk=audio(chunk, word_timings), sentence_index=chunk.sentence, final=chunk.final)


def welcome_metadata(method: str, sample_rate: int) -> pb.WelcomeResponse:
    """Make the message that tells who speaks, and at how many Hz. The duration is not known yet."""
    metadata = pb.WelcomeMetadata(method=method, sample_rate=sample_rate, channels=1, dtype="int16")
    return pb.WelcomeResponse(metadata=metadata)


def command_message(command: Command, session_id: str, sentence: int) -> pb.StreamResponse:
    """Make the message of a command that stands behind sentence number *sentence*."""
    raw = command_json(command)
    action = pb.ActionMessage(action_json=raw, session_id=session_id, command=mend(command.name))
    action.args.update(json.loads(raw)["args"])
    return pb.StreamResponse(action_message=action, sentence_index=sentence)


def carry(message: Any, notice: Notice) -> None:
    """Let *message* carry the warning of something that the listener should know and that does not end the stream."""
    warning = message.warning
    warning.reason, warning.message, warning.sentence_index = notice.reason, mend(notice.text), notice.sentence


def accepted() -> pb.StreamResponse:
    """Make the one message that answers early input."""
    return pb.StreamResponse(end_message="COLLECT_ACCEPTED", end=pb.EndInfo(reason=pb.END_REASON_COMPLETE))


def end_message(end: ModelEnd, figures: Mapping[str, float]) -> pb.StreamResponse:
    """Make the last message of a stream that went well. *figures* are the counts and times of EndInfo."""
    info = pb.EndInfo(
        reason=f"END_REASON_{end.reason}",
        input_tokens=end.usage.input_tokens,
        output_tokens=end.usage.output_tokens,
        **figures,  # type: ignore[arg-type]
    )
    return pb.StreamResponse(end_message="done", end=info)
