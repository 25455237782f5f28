"""Asks a server over gRPC, as any client does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

CONNECT_SECONDS = 5.0

OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # http_proxy of the environment is for the web, not for one's own machine
    ("grpc.max_receive_message_length", -1),
)


DECIDED = (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE)

DETAILS = "grpc-status-details-bin"


class CallFailed(Exception):
    """The call did not end well. The text is one line: gRPC status, reason if there is one, what the server says."""


async def answer(target: str, request: pb.StreamRequest) -> AsyncGenerator[pb.StreamResponse, None]:
    """The messages of one answer, as they come. Closing the generator cancels the call.

    *target* is ``HOST:PORT``. Raises CallFailed, after all messages, for every status but OK and for a server that
    cannot be reached.
    """
    async with _connected(target) as stub, _read(stub.StreamAudio(request)) as messages:
        async for message in messages:
            yield message


async def recital(target: str, request: pb.WelcomeRequest) -> AsyncGenerator[pb.WelcomeResponse, None]:
    """The sound of a given text; everything else is as with ``answer``."""
    async with _connected(target) as stub, _read(stub.GenerateWelcomeAudio(request)) as messages:
        async for message in messages:
            yield message


@asynccontextmanager
async def _connected(target: str) -> AsyncIterator[Any]:
    """The stub of a server that is there. One that is not is found out here, and not taken for a call that failed."""
    async with grpc.aio.insecure_channel(target, OPTIONS) as channel:
        if not await _is_ready(channel):
            raise CallFailed(f'UNAVAILABLE: no server answers at {target}; is "stentor serve" running there?')
        stub: Any = pb_grpc.StreamingServiceStub(channel)  # type: ignore[no-untyped-call]
        yield stub


async def _is_ready(channel: grpc.aio.Channel) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_SECONDS):
            while (state := channel.get_state(try_to_connect=True)) not in DECIDED:
                await channel.wait_for_state_change(state)
            return state is grpc.ChannelConnectivity.READY
    return False


def _read(call: Any) -> aclosing[AsyncGenerator[Any, None]]:
    return aclosing(_messages(call))


async def _messages(call: Any) -> AsyncGenerator[Any, None]:
    said = ""
    try:
        async for message in call:
            said = message.error_message or said
            yield message
    except grpc.aio.AioRpcError:
        pass
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
    finally:
        call.cancel()
    if said or await call.code() is not grpc.StatusCode.OK:
        raise CallFailed(await _line(call, said))


def _is_cancelled() -> bool:
    """Whether somebody cancelled us; grpc raises the same for a call that the server ended with CANCELLED."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _line(call: Any, said: str) -> str:
    """*said*, the last message, is preferred to the status' details: it may be in the user's language."""
    code = (await call.code()).name
    reason = await _reason(call)
    return f"{code} {reason}".rstrip() + f": {said or await call.details() or 'no details'}"


async def _reason(call: Any) -> str:
    info = ErrorInfo()
    for key, value in await call.trailing_metadata() or ():
        if key == DETAILS:
            with suppress(DecodeError):
                any(detail.Unpack(info) for detail in Status.FromString(value).details)
    return str(info.reason)
