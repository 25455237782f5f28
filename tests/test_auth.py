"""The whole server with callers that it knows, and with everybody else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from rich.console import Console

from app import logs
from app.cli.asking import own_server
from app.cli.checking import check
from app.settings.load import load
from protos import streaming_pb2 as pb
from tests.credentials import AUDIENCE, ISSUER, Metadata, bearing, ec, key_set, rsa, token, wrong_headers, wrong_tokens
from tests.fakes import until
from tests.processes import free_port
from tests.serving import Service, read, serving, write_settings

DENIED = grpc.StatusCode.UNAUTHENTICATED


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


TOKENS = f"""
[auth]
kind = "token"
tokens = [
    {{ identity = "anna", sha256 = "{hashed("one")}" }},
    {{ identity = "boris", sha256 = "{hashed("two")}" }},
]
"""
JWT = f"""
[auth]
kind = "jwt"
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
jwks_file = "keys.json"
"""
ANNA, BORIS, STRANGER = bearing("one"), bearing("two"), bearing("three")


@asynccontextmanager
async def guarded(folder: Path, auth: str = TOKENS, **parts: Any) -> AsyncIterator[Service]:
    """The scripted server, with auth."""
    (folder / "keys.json").write_bytes(key_set(rsa(), rsa("second"), ec()))
    text = write_settings(folder, **parts).read_text()
    async with serving(folder, text=text + auth) as service:
        yield service


@pytest.mark.parametrize("kind", ["token", "jwt"])
async def test_every_wrong_credential(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """UNAUTHENTICATED in the same words for all of them; the model is never called, and the next good one is answered.
    No part of a credential is in the log, at the level DEBUG.
    """
    logs.configure("json", "DEBUG")
    good = "one" * 20 if kind == "token" else token()
    auth = TOKENS.replace(hashed("one"), hashed(good)) if kind == "token" else JWT
    wrong = {**dict(wrong_headers(good)), **{name: bearing(text) for name, text in wrong_tokens()}}
    async with guarded(tmp_path, auth) as service:
        answers = {name: await service.ask("Hi.", metadata=metadata) for name, metadata in wrong.items()}
        model_calls = len(service.diary.entries)
        after = await service.ask("Hi.", metadata=bearing(good))
        assert (service.streams, service.leases) == (0, 0)
    assert len(wrong) >= 60
    assert {name: answer.code for name, answer in answers.items() if answer.code is not DENIED} == {}
    ends = {(answer.reason, answer.error, answer.details, answer.pushback) for answer in answers.values()}
    assert ends == {("UNAUTHENTICATED", "a valid credential is needed", "a valid credential is needed", -1)}
    assert {tuple(answer.kinds) for answer in answers.values()} == {("error_message",)}
    assert all(not answer.info for answer in answers.values())
    assert (model_calls, after.texts) == (0, ["Hi."])
    log = capsys.readouterr().err
    lines = [json.loads(line) for line in log.splitlines()]
    assert sum(line["event"] == "refused" and "credential" in line["ctx"] for line in lines) == len(wrong)
    assert [piece for piece in pieces(good, wrong) if piece in log] == []


def pieces(good: str, wrong: dict[str, Metadata]) -> set[str]:
    """Every credential and every long part of one, as text."""
    sent = {str(value) for metadata in wrong.values() for _, value in metadata} | {good}
    return {piece for value in sent for piece in value.replace(" ", ".").split(".") if len(piece) >= 16}


async def test_every_method_asks(tmp_path: Path) -> None:
    """Who is not known can neither interrupt nor hear the welcome nor send early input."""
    async with guarded(tmp_path) as service:
        running = await service.begun("A start. ", {"hang": True}, hardware_id="mac", session_id="s", metadata=ANNA)
        for metadata in ((), STRANGER):
            request = pb.InterruptRequest(hardware_id="mac", session_id="s")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await service.stub.InterruptSession(request, metadata=metadata)
            assert refused.value.code() is DENIED
            welcome = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="Hi."), metadata=metadata))
            assert (welcome.code, welcome.reason, welcome.kinds) == (DENIED, "UNAUTHENTICATED", ["error_message"])
            early = await service.ask(
                phase=pb.REQUEST_PHASE_COLLECT, chunk_text="x", hardware_id="mac", metadata=metadata
            )
            assert early.code is DENIED
        assert service.streams == 1
        assert len(service.server.container.early_input()) == 0
        said = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="Hi."), metadata=BORIS))
        assert said.code is grpc.StatusCode.OK
        running.cancel()
        await until(lambda: service.streams == 0)


async def test_refusals_as_trailers(tmp_path: Path) -> None:
    """A client that asks for trailers only gets no message of this refusal either; nor does one whose request cannot be
    read, which is told nothing about that.
    """
    async with guarded(tmp_path) as service:
        answer = await service.ask("Hi.", metadata=(("x-refusals", "trailers"), *STRANGER))
        raw = service.channel.unary_stream("/streaming.StreamingService/StreamAudio")
        unread = await read(raw(b"\xff\xff", metadata=STRANGER))
    assert (answer.code, answer.reason, answer.messages) == (DENIED, "UNAUTHENTICATED", [])
    assert unread.code is DENIED


def listing() -> Any:
    async def requests() -> AsyncIterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    return requests()


async def listed(service: Service, metadata: Metadata) -> list[str]:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(service.channel)  # type: ignore[no-untyped-call]
    call = stub.ServerReflectionInfo(listing(), metadata=metadata)
    return [each.name async for reply in call for each in reply.list_services_response.service]


async def test_reflection_asks_too(tmp_path: Path) -> None:
    """The methods are listed for callers that are known, and for everybody without auth."""
    async with guarded(tmp_path) as service:
        assert "streaming.StreamingService" in await listed(service, ANNA)
        for metadata in ((), STRANGER):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await listed(service, metadata)
            assert refused.value.code() is DENIED
    async with serving(tmp_path) as service:
        assert "streaming.StreamingService" in await listed(service, ())


@pytest.mark.parametrize("count", [0, 3])
async def test_reflection_with_any_number_of_requests(count: int, tmp_path: Path) -> None:
    """Each is answered, and a client that asks nothing gets its OK."""

    async def requests() -> AsyncIterator[Any]:
        for _ in range(count):
            yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with guarded(tmp_path) as service:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(service.channel)  # type: ignore[no-untyped-call]
        answer = stub.ServerReflectionInfo(requests(), metadata=ANNA)
        assert len([reply async for reply in answer]) == count
        assert await answer.code() is grpc.StatusCode.OK


async def test_health_asks_nobody(tmp_path: Path) -> None:
    """A load balancer has no credential."""
    async with guarded(tmp_path) as service:
        stub: Any = health_pb2_grpc.HealthStub(service.channel)  # type: ignore[no-untyped-call]
        for metadata in ((), STRANGER):
            reply = await stub.Check(health_pb2.HealthCheckRequest(), metadata=metadata)
            assert reply.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_model_knows_who_asks(tmp_path: Path) -> None:
    """A stage's turn has the identity; what is counted for one client is counted for one identity, whatever its
    devices.
    """
    async with guarded(tmp_path, limits="max_streams_per_client = 1") as service:
        held = await service.begun("A start. ", {"hang": True}, hardware_id="mac", metadata=ANNA)
        second = await service.ask("Hi.", hardware_id="phone", metadata=ANNA)
        other = await service.ask("Hi.", hardware_id="mac", metadata=BORIS)
        held.cancel()
    assert (second.reason, second.info["limit"]) == ("STREAM_LIMIT_EXCEEDED", "max_streams_per_client")
    assert other.code is grpc.StatusCode.OK


async def test_interrupting_somebody_else(tmp_path: Path) -> None:
    """PERMISSION_DENIED; without ids one's own sessions end, and only those."""
    async with guarded(tmp_path) as service:
        calls = {
            name: await service.begun("A start. ", {"hang": True}, hardware_id="mac", session_id="s", metadata=metadata)
            for name, metadata in (("anna", ANNA), ("boris", BORIS))
        }
        both = await service.stub.InterruptSession(pb.InterruptRequest(), metadata=ANNA)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await service.stub.InterruptSession(pb.InterruptRequest(hardware_id="mac"), metadata=ANNA)
        assert service.streams == 1
        assert (await read(calls["anna"])).reason == "INTERRUPTED"
        calls["boris"].cancel()
        await until(lambda: service.streams == 0)
    assert list(both.interrupted_sessions) == ["s"]
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_our_own_commands_need_no_credential(tmp_path: Path) -> None:
    """``ask`` and ``speak`` without --target ask a server that is theirs alone; ``check`` looks at the tokens."""
    file = write_settings(tmp_path)
    file.write_text(file.read_text() + TOKENS)
    settings = load(str(file), {})
    async with own_server(settings) as own, grpc.aio.insecure_channel(own.address) as channel:
        assert (await Service(own, channel).ask("Hi.")).code is grpc.StatusCode.OK
    assert "ok: callers are known: auth token" in await checked(tmp_path, TOKENS)


async def checked(folder: Path, auth: str, *, online: bool = False) -> list[str]:
    file = write_settings(folder)
    file.write_text(file.read_text() + auth)
    printed = StringIO()
    await check(load(str(file), {}), online, Console(file=printed, width=200))
    return printed.getvalue().splitlines()


async def test_check_asks_the_issuer_online_only(tmp_path: Path) -> None:
    """An issuer that has no keys fails the check, not the start."""
    auth = JWT.replace('jwks_file = "keys.json"', f'jwks_url = "http://127.0.0.1:{free_port()}/keys.json"')
    assert "ok: callers are known: auth jwt" in await checked(tmp_path, auth)
    assert "failed: callers cannot be known: auth jwt: not connected" in await checked(tmp_path, auth, online=True)
