"""A client of the desktop assistant that Stentor replaces: it knows only the messages of then. Run by
test_old_client.py.

Prints one JSON line: the kinds, text, samples and commands that it saw.
"""

import asyncio
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STRING, INT32, BYTES, MESSAGE, ENUM = 9, 5, 12, 11, 14
OPTIONAL, REPEATED = 1, 3

MESSAGES = {
    "StreamRequest": [
        ("prompt", 1, STRING),
        ("screenshot", 2, STRING),
        ("screen_width", 3, INT32),
        ("screen_height", 4, INT32),
        ("hardware_id", 5, STRING),
        ("session_id", 6, STRING),
        ("phase", 7, INT32),
        ("chunk_seq", 8, INT32),
        ("chunk_text", 9, STRING),
    ],
    "AudioChunk": [
        ("audio_data", 1, BYTES),
        ("dtype", 2, STRING),
        ("shape", 3, INT32),
        ("sample_rate", 4, INT32),
        ("channels", 5, INT32),
    ],
    "ActionMessage": [("action_json", 1, STRING), ("session_id", 2, STRING), ("feature_id", 3, STRING)],
    "StreamResponse": [
        ("text_chunk", 1, STRING),
        ("audio_chunk", 2, "AudioChunk"),
        ("end_message", 3, STRING),
        ("error_message", 4, STRING),
        ("action_message", 5, "ActionMessage"),
    ],
}


def old_messages() -> dict[str, type]:
    file = descriptor_pb2.FileDescriptorProto(name="old.proto", package="streaming", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        if name == "StreamResponse":
            message.oneof_decl.add(name="content")
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, label=OPTIONAL)
            if isinstance(kind, str):
                field.type, field.type_name = MESSAGE, f".streaming.{kind}"
            else:
                field.type = kind
            if field_name == "shape":
                field.label = REPEATED
            if name == "StreamResponse":
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"streaming.{name}")) for name in MESSAGES}


async def main(address: str, prompt: str) -> None:
    messages = old_messages()
    seen: dict[str, list] = {"kinds": [], "text": [], "samples": [], "commands": []}
    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_stream(
            "/streaming.StreamingService/StreamAudio",
            request_serializer=messages["StreamRequest"].SerializeToString,
            response_deserializer=messages["StreamResponse"].FromString,
        )
        async for message in call(messages["StreamRequest"](prompt=prompt, hardware_id="old", session_id="old-1")):
            kind = message.WhichOneof("content")
            seen["kinds"].append(kind)
            if kind == "text_chunk":
                seen["text"].append(message.text_chunk)
            elif kind == "audio_chunk":
                assert message.audio_chunk.dtype == "int16"
                assert list(message.audio_chunk.shape) == [len(message.audio_chunk.audio_data) // 2]
                seen["samples"].append(message.audio_chunk.shape[0])
            elif kind == "action_message":
                seen["commands"].append(message.action_message.action_json)
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
