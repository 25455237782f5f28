"""Tracers that put themselves around the server do no harm."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.serving import serving


class Tracer(grpc.aio.ServerInterceptor):
    """Takes every handler for an async generator, as the widespread ones do."""

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None or not handler.response_streaming:
            return handler

        async def traced(request: Any, context: Any) -> AsyncIterator[Any]:
            async for response in handler.unary_stream(request, context):
                yield response

        return grpc.unary_stream_rpc_method_handler(traced, handler.request_deserializer, handler.response_serializer)


async def test_a_tracer_around_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is the same under a tracer that has replaced ``grpc.aio.server``."""
    original = grpc.aio.server

    def server(*arguments: Any, interceptors: Any = (), **named: Any) -> Any:
        return original(*arguments, interceptors=[Tracer(), *interceptors], **named)

    monkeypatch.setattr(grpc.aio, "server", server)
    async with serving(tmp_path) as service:
        answer = await service.ask("One. ", {"tool": "open_app"}, "Two.")
        failed = await service.ask({"raise": "ValueError"})
        interrupted = await service.interrupt("nobody")
    assert answer.code is grpc.StatusCode.OK
    assert "".join(answer.texts) == "One. Two."
    assert failed.reason == "INTERNAL"
    assert not interrupted.success
