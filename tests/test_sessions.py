"""Who may run, replace, interrupt and remember, through the whole server."""

import asyncio
import random
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.service import listening
from protos import streaming_pb2 as pb
from tests import scripted
from tests.fakes import until
from tests.gates import gated
from tests.serving import FIXED_WINDOWS, Answer, Service, read, serving

HANG = ("A start. ", {"hang": True})
SILENT = '{ kind = "off" }'
FEW = 100
MANY = pytest.param(1000, marks=pytest.mark.slow)


async def barge_in(service: Service, other: Service, times: int) -> list[Answer]:
    """Ask, cancel and ask again at once, in one session: the next question alternates between two clients."""
    answers = []
    for number in range(times):
        answer = asyncio.create_task(read(call := service.call(*HANG, session_id="s", hardware_id="mac")))
        await until(lambda before=number: len(service.diary.who("opened")) > 2 * before)
        await asyncio.sleep(random.uniform(0, 0.002))
        call.cancel()
        answers.append(await other.ask("Next.", session_id="s", hardware_id="mac"))
        await answer
    return answers


@pytest.mark.parametrize("times", [FEW, MANY])
@pytest.mark.parametrize("channels", [1, 2])
async def test_barge_in_by_cancel(tmp_path: Path, channels: int, times: int) -> None:
    """A client that cancels and asks at once is never refused, over one connection or two; never do two models run."""
    async with serving(tmp_path, tts=SILENT, closing=0.005) as service:
        options = (*FIXED_WINDOWS, ("grpc.use_local_subchannel_pool", 1))
        async with grpc.aio.insecure_channel(service.server.address, options=options) as channel:
            other = Service(service.server, channel) if channels == 2 else service
            service.diary = scripted.new_diary()
            answers = await barge_in(service, other, times)
        await until(lambda: service.leases == service.streams == 0)
    assert {answer.code for answer in answers} == {grpc.StatusCode.OK}
    assert service.diary.most_running == 1


@pytest.mark.parametrize("times", [FEW, MANY])
async def test_true_duplicates(tmp_path: Path, times: int) -> None:
    """A duplicate of a stream that really runs is refused, each time, and its model never asked."""
    async with serving(tmp_path, tts=SILENT) as service:
        held = await service.begun(*HANG, session_id="s", hardware_id="mac")
        answers: list[Answer] = []
        while len(answers) < times:
            duplicates = (service.ask("Next.", session_id="s", hardware_id="mac") for _ in range(50))
            answers += await asyncio.gather(*duplicates)
        held.cancel()
        await until(lambda: service.leases == 0)
    assert {(answer.reason, tuple(answer.kinds)) for answer in answers} == {("CONCURRENT_REQUEST", ("error_message",))}
    assert len(service.diary.who("opened")) == 1


async def test_a_cancel_behind_the_next_request(tmp_path: Path) -> None:
    """The cancel may arrive a moment later than the next request, as over two connections."""
    async with serving(tmp_path, tts=SILENT, closing=0.2) as service:
        call = await service.begun(*HANG, session_id="s", hardware_id="mac")
        answer = asyncio.create_task(service.ask("Next.", session_id="s", hardware_id="mac"))
        await until(lambda: service.streams == 2)
        call.cancel()
        assert (await answer).code is grpc.StatusCode.OK
    assert service.diary.most_running == 1


async def test_a_lost_connection_frees_its_session(tmp_path: Path) -> None:
    """A client that lost its connection comes back over a new one, and is served at once."""
    async with serving(tmp_path, closing=0.2) as service:
        async with grpc.aio.insecure_channel(service.server.address) as channel:
            lost = await Service(service.server, channel, service.diary).begun(*HANG, session_id="s", hardware_id="mac")
        answer = await service.ask("Next.", session_id="s", hardware_id="mac")
        lost.cancel()
    assert answer.code is grpc.StatusCode.OK
    assert service.diary.most_running == 1


async def test_a_half_open_connection_frees_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client whose network went away without a word: keepalive finds out, and its session can be asked again."""
    monkeypatch.setattr(listening, "KEEPALIVE_MS", 2000)
    monkeypatch.setattr(listening, "PING_TIMEOUT_MS", 1000)
    async with (
        serving(tmp_path, closing=0.2) as service,
        gated(service.server.address, both_ways=True) as (address, is_open),
        grpc.aio.insecure_channel(address) as channel,
    ):
        lost = await Service(service.server, channel, service.diary).begun(*HANG, session_id="s", hardware_id="mac")
        is_open.clear()
        await until(lambda: service.leases == 0)
        answer = await service.ask("Next.", session_id="s", hardware_id="mac")
        lost.cancel()
    assert answer.code is grpc.StatusCode.OK
    assert service.diary.most_running == 1


async def held(service: Service, **fields: Any) -> "asyncio.Task[Answer]":
    """A stream of the session ``main`` that hangs, its model asked."""
    before = len(service.diary.who("opened"))
    answer = asyncio.create_task(service.ask(*HANG, session_id="main", **fields))
    await until(lambda: len(service.diary.who("opened")) > before)
    return answer


STRANGERS = [("mac", "phone"), ("mac", ""), ("", "mac")]
"""Whose stream runs, and who wants to end it."""


@pytest.mark.parametrize(("owner", "other"), STRANGERS)
@pytest.mark.parametrize("single_flight", ["reject", "replace"])
async def test_strangers_in_one_session(tmp_path: Path, single_flight: str, owner: str, other: str) -> None:
    """A device that calls its session as another one does can neither replace nor interrupt that one's answer."""
    async with serving(tmp_path, limits=f'single_flight = "{single_flight}"') as service:
        running = await held(service, hardware_id=owner)
        refused = await service.ask("New.", session_id="main", hardware_id=other, replace=True)
        nothing = await service.interrupt(other, "main")
        assert not running.done()
        own = await service.interrupt(owner, "main")
        old = await running
    assert (refused.reason, refused.pushback) == ("CONCURRENT_REQUEST", -1)
    assert (nothing.success, list(nothing.interrupted_sessions)) == (False, [])
    assert (own.success, list(own.interrupted_sessions)) == (True, ["main"])
    assert old.reason == "INTERRUPTED"


@pytest.mark.parametrize("device", ["mac", ""])
async def test_a_request_that_replaces(tmp_path: Path, device: str) -> None:
    """``replace`` ends the client's own stream of the session first, on a full server too; nobody slips in between."""
    async with serving(tmp_path, limits="max_concurrent_streams = 1", closing=0.05) as service:
        old = await held(service, hardware_id=device)
        new = asyncio.create_task(service.ask("New.", session_id="main", hardware_id=device, replace=True))
        others = []
        while not new.done():
            others.append(await service.ask("Me.", hardware_id="other"))
        assert (await old).reason == "INTERRUPTED"
    assert new.result().texts == ["New."]
    first = others[:-1]  # the last one may have come after the end
    assert {answer.reason for answer in first} <= {"STREAM_LIMIT_EXCEEDED"}
    assert service.diary.most_running == 1


@pytest.mark.parametrize(("limits", "fields"), [("", {"language": "en_US"}), ("max_prompt_chars = 100", {})])
async def test_a_replacing_request_that_is_refused(tmp_path: Path, limits: str, fields: dict[str, str]) -> None:
    """When the newer request is refused for another reason, the older one runs on."""
    async with serving(tmp_path, limits=limits) as service:
        old = await held(service, hardware_id="mac")
        script = ("New.",) if fields else ("New." * 100,)
        refused = await service.ask(*script, session_id="main", hardware_id="mac", replace=True, **fields)
        assert refused.reason == "INVALID_REQUEST"
        assert not old.done()
        await service.interrupt("mac")
        await old


async def test_a_link_refuses_a_replacing_request(tmp_path: Path) -> None:
    """The same for a link of the operator's behind single-flight: only an admitted request ends the older one."""
    link = '[[interceptors]]\nfactory = "tests.scripted:Refusal"\nafter = "single_flight"'
    async with serving(tmp_path, pipeline=link) as service:
        old = await held(service, hardware_id="mac")
        new = await service.ask("No.", session_id="main", hardware_id="mac", replace=True, voice="refused")
        assert new.reason == "PERMISSION_DENIED"
        assert not old.done()
        await service.interrupt("mac")
        await old


async def test_a_full_server_still_speaks(tmp_path: Path) -> None:
    """GenerateWelcomeAudio has as many places as streams have, of its own: so a client says that the server is busy."""
    async with serving(tmp_path, limits="max_concurrent_streams = 2\nmax_streams_per_client = 1") as service:
        for n in range(2):
            await service.begun(*HANG, hardware_id=f"{n}")
        assert (await service.ask("Hello.", hardware_id="2")).reason == "STREAM_LIMIT_EXCEEDED"
        texts = ("HANG.", "HANG.", "Too busy.")
        calls = [service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text=text)) for text in texts[:2]]
        await until(lambda: len(service.server.container.welcome_limiter()) == 2)
        refused = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text=texts[2])))
        calls[0].cancel()
        await until(lambda: len(service.server.container.welcome_limiter()) == 1)
        served = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text=texts[2])))
        assert service.leases == 2
        calls[1].cancel()
    assert (refused.reason, refused.info) == (
        "STREAM_LIMIT_EXCEEDED",
        {"limit": "max_concurrent_streams", "value": "2"},
    )
    assert served.code is grpc.StatusCode.OK
