"""Asks a server over gRPC, as any client does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

CONNECT_SECONDS = 5.0

OPTIONS = (
    ("grpc.enable_http_proxy", 0),  # http_proxy of the environment is for the web, not for one's own machine
    ("grpc.max_receive_message_length", -1),
)


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


class _connected:
    """A channel that is ready, as a stub; CallFailed at once if nobody is there, and not only when the call fails."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._channel = grpc.aio.insecure_channel(target, OPTIONS)

    async def __aenter__(self) -> Any:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                ready = await self._is_ready()
        except TimeoutError:
            ready = False
        except asyncio.CancelledError:
            await self._channel.close()
            raise
        if not ready:
            await self._channel.close()
            raise CallFailed(f'UNAVAILABLE: no server answers at {self._target}; is "stentor serve" running there?')
        return pb_grpc.StreamingServiceStub(self._channel)

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    async def _is_ready(self) -> bool:
        while True:
            state = self._channel.get_state(try_to_connect=True)
            if state in (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE):
                return state is grpc.ChannelConnectivity.READY
            await self._channel.wait_for_state_change(state)


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
    try:
        status = await rpc_status.aio.from_call(call)
    except (ValueError, DecodeError):  # a server that contradicts itself
        return ""
    info = ErrorInfo()
    return info.reason if status and any(detail.Unpack(info) for detail in status.details) else ""
