"""What the model is told of the conversation so far, through the whole server."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.interfaces import Message
from tests.fakes import until
from tests.serving import read, serving

MINE = {"session_id": "s", "hardware_id": "mac"}
OPEN = '{"command": "open_app", "args": {"app_name": "Safari"}}'


async def test_the_next_turn_knows_this_one(tmp_path: Path) -> None:
    """A turn is remembered with its commands, for the same client and session only."""
    async with serving(tmp_path) as service:
        await service.ask("Opening Safari. ", OPEN, " It is open.", session_id="s", hardware_id="mac")
        await service.ask("Yes.", session_id="s", hardware_id="mac")
        await service.ask("Yes.", session_id="other", hardware_id="mac")
        await service.ask("Yes.", session_id="s", hardware_id="phone")
    first, second, *others = service.diary.histories
    assert first == ()
    assert [message.role for message in second] == ["user", "assistant"]
    assert second[1] == Message(
        "assistant", 'Opening Safari. {"command":"open_app","args":{"app_name":"Safari"}}  It is open.'
    )
    assert others == [(), ()]


@pytest.mark.parametrize(
    ("script", "remembered"),
    [
        (["One is sent. Two is n", {"raise": "ValueError"}], "One is sent."),
        (["One. Two is", {"apart": " A filter."}, {"end": "CONTENT_FILTER"}], "One. Two is"),
    ],
    ids=["failed", "filtered"],
)
async def test_a_broken_answer(tmp_path: Path, script: list[Any], remembered: str) -> None:
    """Of an answer that failed or was filtered, exactly what was sent of it is remembered, marked as cut."""
    async with serving(tmp_path) as service:
        await service.ask(*script, **MINE)
        await service.ask("Yes.", **MINE)
    assert service.diary.histories[1][1] == Message("assistant", remembered, cut=True)


async def test_an_interrupted_answer(tmp_path: Path) -> None:
    """Of one that its listener cut short, what was sent until then, also when another one takes over."""
    async with serving(tmp_path, limits='single_flight = "replace"') as service:
        older = service.call("One is sent. ", {"sleep": 0.1}, {"hang": True}, **MINE)
        message = await anext(aiter(older))
        assert message.text_chunk == "One is sent."
        await service.ask("Yes.", **MINE)
        await read(older)
        cancelled = await service.begun("Two is sent. ", {"hang": True}, **MINE)
        assert (await anext(aiter(cancelled))).audio_chunk.audio_data
        cancelled.cancel()
        await until(lambda: service.leases == 0)
        await service.ask("Yes.", **MINE)
    assert [message.text for message in service.diary.histories[-1] if message.cut] == ["One is sent.", "Two is sent."]


async def test_text_without_sound(tmp_path: Path) -> None:
    """A sentence that was cut short before its first sound was not said, where there is a voice."""
    async with serving(tmp_path) as service:
        call = service.call("One is said. Two will HANG. ", {"hang": True}, **MINE)
        async for message in call:
            if message.text_chunk == " Two will HANG.":
                break
        call.cancel()
        await until(lambda: service.leases == 0)
        await service.ask("Yes.", **MINE)
        await service.ask("This will FAIL. ", hardware_id="mac", session_id="t")
        await service.ask("Yes.", hardware_id="mac", session_id="t")
    cut, failed = service.diary.histories[1][1], service.diary.histories[3][1]
    assert cut == Message("assistant", "One is said.", cut=True)
    assert failed == Message("assistant", "This will FAIL.")


async def test_nothing_was_said(tmp_path: Path) -> None:
    """A turn of which nothing was sent did not happen: its user will ask again."""
    async with serving(tmp_path) as service:
        await service.ask({"raise": "ValueError"}, **MINE)
        await service.ask(" ", prompt=" ", **MINE)
        await service.ask("Yes.", **MINE)
    assert service.diary.histories[-1] == ()


@pytest.mark.parametrize("how", ["to its end", "cancelled"])
async def test_a_filtered_question(tmp_path: Path, how: str) -> None:
    """It did not happen, whoever hears the notice to its end: the filter would refuse every later turn for it."""
    async with serving(tmp_path) as service:
        last = {"end": "CONTENT_FILTER"} if how == "to its end" else {"hang": True}
        call = service.call({"apart": "A filter refuses this."}, last, **MINE)
        message = await anext(aiter(call))
        assert message.text_chunk == "A filter refuses this."
        if how == "cancelled":
            call.cancel()
        else:
            await read(call)
        await until(lambda: service.leases == 0)
        await service.ask("Yes.", **MINE)
    assert service.diary.histories == [(), ()]


async def test_no_memory(tmp_path: Path) -> None:
    """With ``kind = "none"`` every turn is the first."""
    async with serving(tmp_path, pipeline='memory = { kind = "none" }') as service:
        for _ in range(2):
            await service.ask("Yes.", **MINE)
    assert service.diary.histories == [(), ()]


async def test_without_a_device(tmp_path: Path) -> None:
    """Without auth, clients that name no device cannot be told apart: nothing is remembered for them."""
    async with serving(tmp_path) as service:
        for _ in range(2):
            await service.ask("Yes.", session_id="1")
    assert service.diary.histories == [(), ()]


async def test_identities(tmp_path: Path) -> None:
    """With auth a conversation is that of one identity on one device in one session; a device need not be named."""
    link = '[[interceptors]]\nfactory = "tests.scripted:NamedByMetadata"\nafter = "auth"'
    asked = [("ann", "mac"), ("ann", "mac"), ("bob", "mac"), ("ann", "phone"), ("bob", ""), ("bob", "")]
    async with serving(tmp_path, pipeline=link) as service:
        for who, device in asked:
            await service.ask("Yes.", session_id="s", hardware_id=device, metadata=(("x-name", who),))
    assert [len(history) for history in service.diary.histories] == [0, 2, 0, 0, 0, 2]
