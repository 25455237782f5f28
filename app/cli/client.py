"""Asks a server over gRPC, as any client does."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from interceptors.base import is_cancelled
from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

CONNECT_SECONDS = 5.0

OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # http_proxy of the environment is for the web, not for this machine
    ("grpc.max_receive_message_length", -1),
)

DECIDED = (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE)

TLS = (b"\x16\x03", b"\x15\x03")
"""How a TLS server begins its answer: with its hello, or with an alert."""

DETAILS = "grpc-status-details-bin"


class CallFailed(Exception):
    """The call failed. The text is one line: the gRPC status, the reason if there is one, and the server's words."""


def answer(target: str, request: pb.StreamRequest) -> AsyncGenerator[pb.StreamResponse, None]:
    """Yield the messages of one answer as they come. Closing the generator cancels the call.

    *target* is ``HOST:PORT``. Raise CallFailed, after all messages, for every status but OK, and for a server that
    cannot be reached.
    """
    return _messages(target, "StreamAudio", request)


def recital(target: str, request: pb.WelcomeRequest) -> AsyncGenerator[pb.WelcomeResponse, None]:
    """Yield the messages that speak a given text, as ``answer`` does."""
    return _messages(target, "GenerateWelcomeAudio", request)


@asynccontextmanager
async def _connected(target: str) -> AsyncIterator[Any]:
    """Connect first, so that a server that is not there is not taken for a call that failed."""
    async with grpc.aio.insecure_channel(target, OPTIONS) as channel:
        if not await _is_ready(channel):
            raise CallFailed(f"UNAVAILABLE: {await _who_answers(target)}")
        stub: Any = pb_grpc.StreamingServiceStub(channel)  # type: ignore[no-untyped-call]
        yield stub


async def _is_ready(channel: grpc.aio.Channel) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            while (state := channel.get_state(try_to_connect=True)) not in DECIDED:
                await channel.wait_for_state_change(state)
            return state is grpc.ChannelConnectivity.READY
    return False


async def _who_answers(target: str) -> str:
    """Tell what is at *target*, where no gRPC server without TLS is."""
    host, _, port = target.rpartition(":")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError):
        return f'no server answers at {target}; is "stentor serve" running there?'
    begin = b""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(CONNECT_SECONDS):
            writer.write(_client_hello())
            begin = await reader.readexactly(2)
    writer.close()
    if begin in TLS:
        return f"a server with TLS answers at {target}, which is asked without TLS here"
    return f"what answers at {target} is no gRPC server"


def _client_hello() -> bytes:
    """Make the first message of a TLS client."""
    answer, question = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(answer, question, server_hostname="localhost").do_handshake()
    return question.read()


async def _messages(target: str, method: str, request: Any) -> AsyncGenerator[Any, None]:
    last_words = ""
    async with _connected(target) as stub:
        call = getattr(stub, method)(request)
        try:
            async for message in call:
                last_words = message.error_message or last_words
                yield message
        except grpc.aio.AioRpcError:
            pass
        except asyncio.CancelledError:
            if is_cancelled():  # else the server has ended the call
                raise
        finally:
            call.cancel()
        if last_words or await call.code() is not grpc.StatusCode.OK:
            raise CallFailed(await _line(call, last_words, getattr(request, "speak_errors", False)))


async def _line(call: Any, last_words: str, with_details: bool) -> str:
    """Prefer *last_words*, the error message, to the status' details: they may be in the user's language. Words that
    are for a listener leave out what an expert wants to know: *with_details* adds it.
    """
    code = (await call.code()).name
    reason = await _reason(call)
    details = await call.details()
    more = f" ({details})" if with_details and last_words and details not in ("", last_words) else ""
    return f"{code} {reason}".rstrip() + f": {last_words or details or 'no details'}{more}"


async def _reason(call: Any) -> str:
    info = ErrorInfo()
    for key, value in await call.trailing_metadata() or ():
        if key == DETAILS:
            with suppress(DecodeError):
                for detail in Status.FromString(value).details:
                    if detail.Unpack(info):
                        break
    return str(info.reason)
