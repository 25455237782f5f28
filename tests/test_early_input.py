"""Early input over the wire: kept, acknowledged, and used by the COMMIT."""

import asyncio
import base64
import json
import logging
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipeline.interfaces import Screenshot
from protos import streaming_pb2 as pb
from tests.fakes import until
from tests.serving import Answer, Service, serving

PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = base64.b64encode(PNG).decode()
MAC = {"hardware_id": "mac", "session_id": "s"}
COMMIT = pb.REQUEST_PHASE_COMMIT


async def collected(service: Service, text: str | None = None, seq: int = 1, **fields: Any) -> Answer:
    """One chunk; *text* is not a script."""
    own = {**MAC, "prompt": "", "phase": pb.REQUEST_PHASE_COLLECT, "chunk_seq": seq, **fields}
    return await service.ask(**({"chunk_text": text} if text is not None else {}), **own)


async def committed(service: Service, **fields: Any) -> Answer:
    """A COMMIT that has nothing of its own, but for *fields*."""
    return await service.ask(**{**MAC, "prompt": "", "phase": COMMIT, **fields})


async def test_a_chunk_is_acknowledged(tmp_path: Path) -> None:
    """One message, COLLECT_ACCEPTED, with an end without counts; status OK; the session in the metadata."""
    async with serving(tmp_path) as service:
        answer = await collected(service, "What")
        unnamed = await collected(service, "What", session_id="")
    [message] = answer.messages
    assert (answer.code, answer.kinds, message.end_message) == (
        grpc.StatusCode.OK,
        ["end_message"],
        "COLLECT_ACCEPTED",
    )
    assert message.end == pb.EndInfo(reason=pb.END_REASON_COMPLETE)
    assert (message.sequence, message.session_id, answer.initial["x-session-id"]) == (1, "s", "s")
    assert len(unnamed.initial["x-session-id"]) == 36
    assert service.diary.entries == []


@pytest.mark.parametrize("phase", [COMMIT, pb.REQUEST_PHASE_UNSPECIFIED])
async def test_a_commit_is_filled(tmp_path: Path, phase: int) -> None:
    """A COMMIT without prompt and screenshot, or a request without phase, is answered as collected; once."""
    async with serving(tmp_path) as service:
        await collected(service, '["First', 1, screenshot=IMAGE, screen_width=7)
        await collected(service, '["All of it."]', 2)
        answer = await committed(service, phase=phase)
        again = await committed(service, phase=phase)
    assert (answer.code, answer.texts) == (grpc.StatusCode.OK, ["All of it."])
    assert service.diary.screenshots[0] == Screenshot(PNG, "image/png", 7)
    assert (again.reason, again.info) == ("INVALID_REQUEST", {"field": "prompt"})


async def test_a_refused_commit_leaves_the_input(tmp_path: Path) -> None:
    """Only an admitted COMMIT closes the turn."""
    async with serving(tmp_path, limits="max_concurrent_streams = 1") as service:
        await collected(service, '["All of it."]')
        running = await service.begun("Wait. ", {"hang": True}, hardware_id="pc")
        refused = await committed(service)
        running.cancel()
        await until(lambda: service.leases == 0)
        answer = await committed(service)
    assert refused.reason == "STREAM_LIMIT_EXCEEDED"
    assert answer.texts == ["All of it."]


async def test_no_limit_sees_it(tmp_path: Path) -> None:
    """On a full server, beside a running stream of its session, above every rate, input is accepted."""
    limits = "max_concurrent_streams = 1\nmax_streams_per_client = 1\nmax_message_rate_per_second = 5"
    async with serving(tmp_path, limits=limits) as service:
        running = await service.begun("Wait. ", {"hang": True}, **MAC)
        answers = await asyncio.gather(*(collected(service, f"text {n}", n) for n in range(50)))
        assert service.leases == service.streams == 1
        running.cancel()
    assert {answer.code for answer in answers} == {grpc.StatusCode.OK}


async def test_a_drain_refuses_it(tmp_path: Path) -> None:
    """A server that shuts down keeps nothing more."""
    async with serving(tmp_path) as service:
        await service.server.container.streams().drain(0)
        answer = await collected(service, "What")
    assert (answer.code, answer.reason, answer.kinds) == (grpc.StatusCode.UNAVAILABLE, "DRAINING", ["error_message"])
    assert answer.pushback > 0


BAD: dict[str, dict[str, Any]] = {
    "chunk_text": {"text": "x" * 8001},
    "chunk_seq": {"seq": -1},
    "session_id": {"session_id": "a b"},
    "screenshot": {"screenshot": "***"},
}


@pytest.mark.parametrize("field", BAD)
async def test_it_is_validated(tmp_path: Path, field: str) -> None:
    """A chunk obeys the rules of a request, and a bad one is not kept."""
    async with serving(tmp_path) as service:
        answer = await collected(service, **BAD[field])
        kept = len(service.server.container.early_input())
    assert (answer.reason, answer.info, kept) == ("INVALID_REQUEST", {"field": field}, 0)


async def test_two_clients_never_mix(tmp_path: Path) -> None:
    """Sixty devices collect and commit at once in sessions of one name after another; each hears its own words."""

    async def turn(service: Service, number: int) -> Answer:
        own = {"hardware_id": f"device {number}", "session_id": f"s{number % 7}.{number}"}
        await collected(service, json.dumps([f"Mine is {number}."]), **own)
        return await committed(service, **own)

    async with serving(tmp_path) as service:
        answers = await asyncio.gather(*(turn(service, number) for number in range(60)))
        stranger = await committed(service, hardware_id="device 3", session_id="s4.4")
    assert [answer.texts for answer in answers] == [[f"Mine is {number}."] for number in range(60)]
    assert stranger.info == {"field": "prompt"}


async def test_an_identity_has_its_own_input(tmp_path: Path) -> None:
    """With identities, input is an identity's, with or without device."""
    link = '[[interceptors]]\nfactory = "tests.scripted:NamedByMetadata"\nafter = "auth"'
    async with serving(tmp_path, pipeline=link) as service:
        for name in ("a", "b"):
            await collected(service, json.dumps([f"I am {name}."]), hardware_id="", metadata=(("x-name", name),))
        await collected(service, '["I am nobody."]', hardware_id="")
        answers = [await committed(service, hardware_id="", metadata=(("x-name", name),)) for name in ("b", "a")]
        nobody = await committed(service, hardware_id="")
    assert [answer.texts for answer in answers] == [["I am b."], ["I am a."]]
    assert nobody.info == {"field": "prompt"}


async def test_the_log_has_no_line_for_each_chunk(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Somebody who types sends many: at INFO only the turn itself has a line."""
    async with serving(tmp_path) as service:
        for number in range(5):
            await collected(service, '["All of it."]', number)
        await committed(service)
    assert len([line for line in capfd.readouterr().err.splitlines() if "StreamAudio" in line]) == 1


async def test_a_late_chunk_does_not_reach_the_next_turn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A chunk that the COMMIT has overtaken is acknowledged and forgotten."""
    async with serving(tmp_path) as service:
        await service.ask("All is well.", **MAC)
        late = await collected(service, json.dumps(["All is well."])[:8], screenshot=IMAGE)
        await service.ask("And now.", **MAC)
    assert late.code is grpc.StatusCode.OK
    assert service.diary.screenshots == [None, None]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
