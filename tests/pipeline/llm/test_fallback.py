"""A model that stands in for another one, and custom models, which need not have all that an engine has."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.interfaces import Model
from pipeline.llm.custom import CustomModel
from pipeline.llm.fallback import WithFallback
from pipeline.testing import ScriptedModel
from tests.pipeline.llm.openai.asking import TURN, ask, asking
from tests.pipeline.llm.openai.hostile_server import CUT, HANG, STOP, WELL, Reply, said, text

REJECTED = StageError("FAILED_PRECONDITION", "MODEL_REJECTED", "no")
INTERNAL = StageError("INTERNAL", "INTERNAL", "no")


class Spare:
    """A model that counts who asked it."""

    def __init__(self, *failures: Exception) -> None:
        self.asked = 0
        self.started = self.closed = False
        self._failures = failures

    async def stream(self, _turn: Any) -> AsyncIterator[Any]:
        self.asked += 1
        for failure in self._failures:
            raise failure
        yield "Spare."

    async def start(self) -> None:
        self.started = True

    async def aclose(self) -> None:
        self.closed = True
        for failure in self._failures:
            raise failure


def either(first: Model, spare: Spare) -> WithFallback:
    return WithFallback(CustomModel(first), spare, "first")


@pytest.mark.parametrize(
    "reply",
    [said(401), said(429), said(503), Reply(), Reply([text("\n"), STOP]), Reply([b"data: {\n\n"]), Reply([HANG])],
)
async def test_it_takes_over_from_a_server(reply: Reply) -> None:
    """After any MODEL_ failure before content the fallback answers, and nothing of the failure is seen."""
    spare = Spare()
    async with asking(reply, first_content_timeout_seconds=0.05) as (model, _):
        assert (await ask(WithFallback(model, spare, "m"))).events == ["Spare."]
    assert spare.asked == 1


@pytest.mark.parametrize("reply", [Reply([text("Hello"), CUT]), said(413), said(422), WELL])
async def test_it_stays_out(reply: Reply) -> None:
    """After content, for a request that is wrong itself, and without a failure, the fallback is not asked."""
    spare = Spare()
    async with asking(reply) as (model, _):
        await ask(WithFallback(model, spare, "m"))
    assert spare.asked == 0


@pytest.mark.parametrize(
    ("steps", "gives"),
    [
        ([REJECTED], ["Spare."]),
        ([ConnectionError()], ["Spare."]),
        ([TimeoutError()], ["Spare."]),
        (["Hello.", REJECTED], ["Hello."]),
        (["Hello.", ConnectionError()], ["Hello."]),
        ([INTERNAL], []),
        ([ZeroDivisionError()], []),
        (["Hello."], ["Hello."]),
        ([], []),
    ],
)
async def test_any_kind_may_be_the_first(steps: list[Any], gives: list[str]) -> None:
    """The rule is the same for every model; it is closed before the other one answers."""
    first, spare = ScriptedModel(steps), Spare()
    fails = gives != ["Spare."] and any(isinstance(step, Exception) for step in steps)
    given = []
    with pytest.raises(type(steps[-1])) if fails else nullcontext():
        async for event in either(first, spare).stream(TURN):
            assert event != "Spare." or first.script.running == 0
            given.append(event)
    assert given == gives


async def test_the_second_failure_is_the_turns() -> None:
    """A fallback that fails too tells how."""
    found = await ask(either(ScriptedModel([REJECTED]), Spare(INTERNAL)))
    assert found.error is INTERNAL


async def test_both_are_started_and_closed() -> None:
    """Also if closing the first one fails; a custom model need not have such methods."""
    for first, fails in ((Spare(), False), (Spare(ZeroDivisionError()), True), (ScriptedModel([]), False)):
        spare = Spare()
        model = either(first, spare)
        await model.start()
        with pytest.raises(ZeroDivisionError) if fails else nullcontext():
            await model.aclose()
        assert (spare.started, spare.closed) == (True, True)
        assert isinstance(first, ScriptedModel) or (first.started, first.closed) == (True, True)
