"""Builds the server, listens, and drains."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from app import signals
from app.auth import build as auth
from app.container import Container
from app.service import wire
from app.service.listening import bind, make_server
from app.service.servicer import StreamingServicer
from app.settings.stages import DemoModelSettings, OpenAIModelSettings, PiperSettings
from app.settings.tables import STAGES, Settings
from app.stages.lifetime import lent, started
from interceptors.in_flight import InFlightInterceptor
from protos import streaming_pb2 as pb

# Seconds beyond the grace. The process ends within five.
STATUS_SECONDS = 3.5
"""Until then stages close, and calls take their last messages and statuses."""

FORCE_SECONDS = 4.5
"""Then the process ends, whatever still runs."""

STOP_SECONDS = 0.5
"""For the last bytes of calls that are over, and then for what a stage left behind."""

log = structlog.get_logger(scope="server")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens on ``address``, ``HOST:PORT`` with the real port also where the settings say 0."""

    address: str
    container: Container


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """Run a server that listens inside the block, and drains when the block is left.

    SettingsError for a stage that cannot be built, PortTaken for an address that cannot be had; nothing listens then.
    """
    container, calls = Container(settings=settings), InFlightInterceptor()
    async with (
        started({key: getattr(container, key) for key in STAGES}),
        lent(container.own_sound(), container.stand_in()),
        auth.started(container.authenticator()),
    ):
        server = make_server(settings, [calls, *container.chain()])
        health_servicer = _add_services(server, container.servicer(), reflects=settings.server.reflection)
        address = bind(server, settings.server)
        await server.start()
        for service in ("", wire.SERVICE):
            await health_servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
        try:
            with container.watchdog():
                yield Running(address, container)
        finally:
            clock = asyncio.get_running_loop().time
            until = clock() + settings.server.grace_seconds + STATUS_SECONDS
            await health_servicer.enter_graceful_shutdown()
            log.info("draining", decision="drain", streams=len(container.streams()))
            await asyncio.gather(container.streams().drain(settings.server.grace_seconds), container.guesses().aclose())
            await calls.ended(until - clock())
            await server.stop(STOP_SECONDS)


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT, then drain; a second signal ends the process at once.

    *announce* gets ``HOST:PORT``. A signal that comes before that ends the start.
    """
    stop = asyncio.Event()
    starting = asyncio.current_task()

    def on_stop() -> None:
        stop.set()
        if starting is not None:
            starting.cancel()

    try:
        with signals.handled(on_stop, settings.server.grace_seconds + FORCE_SECONDS):
            async with running(settings) as server:
                starting = None
                log.info("listening", decision="serve", address=server.address)
                for warning in warnings_at_start(settings):
                    log.warning(warning, decision="go on")
                # What is here now stays. A full collection looks at all of it, for some 20 ms in which no stream moves.
                gc.collect()
                gc.freeze()
                announce(server.address)
                pipeline, words = settings.pipeline, server.container.own_words()
                errors, working = pipeline.speak_errors != "never", pipeline.working.after_seconds > 0
                preparing = asyncio.create_task(words.prepare(errors=errors, working=working))
                await stop.wait()
                preparing.cancel()
    except asyncio.CancelledError:
        if starting is None or not stop.is_set():
            raise


def end_soon() -> None:
    """Make sure that the process ends, when all is closed: by itself now, or by force in a moment.

    asyncio and Python wait for every task and thread that a stage left behind, however long.
    """

    def end() -> None:
        log.warning("a stage did not stop", decision="abandon")
        os._exit(0)

    timer = threading.Timer(STOP_SECONDS, end)
    timer.daemon = True
    timer.start()


def warnings_at_start(settings: Settings) -> Iterator[str]:
    """Tell what an operator should know although nothing keeps the server from working."""
    table: Any = settings.pipeline.llm
    while table is not None:
        if isinstance(table, DemoModelSettings):
            yield "no language model is connected: the demo answers by rules"
        elif isinstance(table, OpenAIModelSettings) and not table.api_key_command and _is_unset(table.api_key_env):
            yield f"${table.api_key_env} is not set: the model {table.model} is asked without a key"
        table = getattr(table, "fallback", None)
    tts = settings.pipeline.tts
    if isinstance(tts, PiperSettings):
        others = "goes to the fallback" if tts.fallback else "is read with their sounds"
        yield f"the piper voice speaks {', '.join(tts.voices)} only: text of other languages {others}"


def _is_unset(variable: str) -> bool:
    return bool(variable) and not os.environ.get(variable, "").strip()


def _add_services(server: grpc.aio.Server, servicer: StreamingServicer, *, reflects: bool) -> Any:
    handlers = {
        "StreamAudio": grpc.unary_stream_rpc_method_handler(
            servicer.StreamAudio, wire.decoder(pb.StreamRequest), pb.StreamResponse.SerializeToString
        ),
        "InterruptSession": grpc.unary_unary_rpc_method_handler(
            servicer.InterruptSession, wire.decoder(pb.InterruptRequest), pb.InterruptResponse.SerializeToString
        ),
        "GenerateWelcomeAudio": grpc.unary_stream_rpc_method_handler(
            servicer.GenerateWelcomeAudio, wire.decoder(pb.WelcomeRequest), pb.WelcomeResponse.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(wire.SERVICE, handlers),))
    health_servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs don't know it
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if reflects:
        reflection.enable_server_reflection((wire.SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return health_servicer
