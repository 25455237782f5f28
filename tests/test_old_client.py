"""Clients that exist already are served as before.

The client here is one of the desktop assistant that Stentor replaces: it knows only the messages of then.
"""

import json
import re
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.serving import serving

MESSAGES = {
    "StreamRequest": """
        string prompt = 1; string screenshot = 2; int32 screen_width = 3; int32 screen_height = 4;
        string hardware_id = 5; string session_id = 6; int32 phase = 7; int32 chunk_seq = 8; string chunk_text = 9;
    """,
    "AudioChunk": """
        bytes audio_data = 1; string dtype = 2; repeated int32 shape = 3; int32 sample_rate = 4; int32 channels = 5;
    """,
    "ActionMessage": "string action_json = 1; string session_id = 2; string feature_id = 3;",
    "StreamResponse": """
        string text_chunk = 1; AudioChunk audio_chunk = 2; string end_message = 3; string error_message = 4;
        ActionMessage action_message = 5;
    """,
}
"""All fields of a StreamResponse are in one oneof."""
OPTIONAL, REPEATED = 1, 3
MESSAGE = 11
KINDS = {"string": 9, "int32": 5, "bytes": 12}


def old_messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="old.proto", package="streaming", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for repeated, kind, field_name, number in re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", fields):
            field = message.field.add(name=field_name, number=int(number), label=REPEATED if repeated else OPTIONAL)
            field.type = KINDS.get(kind, MESSAGE)
            if field.type == MESSAGE:
                field.type_name = f".streaming.{kind}"
            if name == "StreamResponse":
                field.oneof_index = 0
    file.message_type[-1].oneof_decl.add(name="content")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"streaming.{name}")) for name in MESSAGES}


async def test_old_client(tmp_path: Path) -> None:
    """A client that knows only the old fields gets text, sound and command, and never a message with nothing in it."""
    commands = '{"command": "open_app", "args": {}} {"command": 7} '
    script = ["Opening Safari. ", commands, "This will FAIL. Done now."]
    messages = old_messages()
    request = messages["StreamRequest"](prompt=json.dumps(script), hardware_id="old", session_id="old-1")
    async with serving(tmp_path) as service, grpc.aio.insecure_channel(service.server.address) as channel:
        call = channel.unary_stream(
            "/streaming.StreamingService/StreamAudio",
            request_serializer=messages["StreamRequest"].SerializeToString,
            response_deserializer=messages["StreamResponse"].FromString,
        )
        answer = [message async for message in call(request)]
    text = "".join(message.text_chunk for message in answer)
    assert text.split() == ["Opening", "Safari.", "This", "will", "FAIL.", "Done", "now."]
    kinds = [message.WhichOneof("content") for message in answer]
    chunks = [message.audio_chunk for message in answer if message.HasField("audio_chunk")]
    told = [message.action_message.action_json for message in answer if message.HasField("action_message")]
    assert told == ['{"command":"open_app","args":{}}']
    assert all(chunk.dtype == "int16" and list(chunk.shape) == [len(chunk.audio_data) // 2] for chunk in chunks)
    assert sum(chunk.shape[0] for chunk in chunks) == (len("Opening Safari.") + len("Done now.")) * 160
    assert kinds[-1] == "end_message"
    assert None not in kinds  # the warnings ride: a refused command, a sentence without sound
