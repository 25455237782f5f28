"""When the first sentence of an answer is cut early: by the clock of the model, never by the text alone."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.segmenter import new_segmenter
from pipeline.commands.custom import CustomCommands
from pipeline.events import ToolCall
from pipeline.interfaces import Turn
from pipeline.run import Stages, run
from pipeline.segmenter import stage
from pipeline.testing import HANG, Pause, RawCommands, ScriptedModel, sentences
from tests.fakes import PATIENCE

CLAUSE = "When you open the settings of your phone,"
REST = " you will hear the word accessibility."
SECOND = " When you open the door of the house, you will hear a bell."
TURN = Turn(prompt="?", session_id="s")


def house(steps: list[Any], **options: Any) -> Stages:
    made = Stages(
        ScriptedModel(steps), new_segmenter, CustomCommands(RawCommands()), None, PATIENCE, "warn", first_clause=True
    )
    return replace(made, **options)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause of the model is longer than a first sentence may take."""
    monkeypatch.setattr(stage, "_FIRST_CLAUSE_SECONDS", 0.0)


async def until_heard(made: Stages, count: int) -> list[str]:
    """Give the first *count* sentences of a model that then says nothing more."""
    seen: list[Any] = []
    async with asyncio.timeout(PATIENCE), aclosing(run(TURN, made)) as events:
        async for event in events:
            seen.append(event)
            if len(sentences(seen)) == count:
                break
    return sentences(seen)


async def whole(made: Stages) -> list[Any]:
    async with asyncio.timeout(PATIENCE), aclosing(run(TURN, made)) as events:
        return [event async for event in events]


async def test_a_clause_leaves_before_its_sentence_ends() -> None:
    """The model is still writing when the first clause is on its way."""
    assert await until_heard(house([CLAUSE + " you will hear the", HANG]), 1) == [CLAUSE]


@pytest.mark.usefixtures("at_once")
async def test_only_the_first_sentence() -> None:
    """The rest of it, and every sentence behind it, stay whole, whatever the model pauses."""
    go_on = asyncio.Event()
    steps = [CLAUSE + " you will hear the", go_on, " word accessibility." + SECOND[:50], Pause(0.01), SECOND[50:]]
    seen: list[Any] = []
    async with asyncio.timeout(PATIENCE), aclosing(run(TURN, house(steps))) as events:
        async for event in events:
            seen.append(event)
            go_on.set()
    assert sentences(seen) == [CLAUSE, " you will hear the word accessibility.", SECOND]


async def test_a_sentence_that_ends_in_time_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses within the time that a first sentence may take cut nothing."""
    monkeypatch.setattr(stage, "_FIRST_CLAUSE_SECONDS", PATIENCE)
    steps = [part for word in (CLAUSE + REST).split(" ") for part in (f"{word} ", Pause(0.001))]
    assert sentences(await whole(house(steps))) == [CLAUSE + REST + " "]


@pytest.mark.usefixtures("at_once")
async def test_it_can_be_turned_off() -> None:
    """With ``first_clause`` off, a pause cuts nothing."""
    made = house([CLAUSE + " you will hear the", Pause(0.01), " word."], first_clause=False)
    assert sentences(await whole(made)) == [CLAUSE + " you will hear the word."]


@pytest.mark.usefixtures("at_once")
async def test_the_text_of_an_envelope() -> None:
    """The text of an envelope is spoken as soon, while its object is open."""
    steps = [f'{{"text": "{CLAUSE} you will hear the', HANG]
    assert await until_heard(house(steps), 1) == [CLAUSE]


@pytest.mark.usefixtures("at_once")
async def test_a_command_before_it_is_no_sentence() -> None:
    """Behind a command the first sentence is still the first."""
    steps = [ToolCall("open", {}), CLAUSE + " you will hear the", HANG]
    assert await until_heard(house(steps), 1) == [CLAUSE]


@pytest.mark.usefixtures("at_once")
async def test_a_place_is_waited_for() -> None:
    """When the time is over and there is no place yet, the next one that comes is taken."""
    go_on = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    assert await until_heard(house(["When you open", go_on, CLAUSE[13:] + " you will hear the", HANG]), 1) == [CLAUSE]


@pytest.mark.parametrize("text", ["Yes, I can.", "I like tea, milk, sugar, lemon, cream"])
@pytest.mark.usefixtures("at_once")
async def test_without_a_place_nothing_is_cut(text: str) -> None:
    """A list or a short sentence leaves whole."""
    go_on = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    assert sentences(await whole(house([text, go_on, " and more things."])))[0] in (text, text + " and more things.")
