"""The model stage with the stages behind it."""

from contextlib import aclosing
from typing import Any

import pytest

from app.container import rules_segmenter
from app.settings.stages import JsonCommandsSettings, RulesSegmenterSettings
from app.stages.options import options
from pipeline.commands.extractor import JsonCommands, JsonOptions
from pipeline.errors import StageError
from pipeline.events import Command, EndReason, ModelEnd, Notice, Sentence
from pipeline.run import Stages, run
from tests.pipeline.llm.openai.asking import TURN, asking
from tests.pipeline.llm.openai.hostile_server import CUT, DONE, HANG, STOP, Reply, chunk, said, text, tool


async def turn(*steps: Any, reply: Reply | None = None) -> list[Any]:
    """The events of one turn, the error as the last one."""
    found: list[Any] = []
    async with asking(reply or Reply(steps)) as (model, _):
        segmenter = rules_segmenter(RulesSegmenterSettings())
        commands = JsonCommands(options(JsonOptions, JsonCommandsSettings()))
        stages = Stages(model, segmenter, commands, None, hold=0.01, on_invalid="warn")
        try:
            async with aclosing(run(TURN, stages)) as events:
                async for event in events:
                    found.append(event)  # noqa: PERF401  (what came before an error counts)
        except StageError as error:
            found.append(error.reason)
    return found


def kinds(events: list[Any]) -> list[str]:
    return [event if isinstance(event, str) else type(event).__name__ for event in events]


async def test_a_native_call_is_a_command_in_its_place() -> None:
    """It comes after the sentence that tells of it."""
    found = await turn(text("Opening Safari."), tool('{"app_name": "Safari"}'), chunk(finish="tool_calls"), DONE)
    assert kinds(found) == ["Sentence", "Command", "ModelEnd"]
    assert found[1] == Command("open_app", {"app_name": "Safari"})


@pytest.mark.parametrize("open", ['{"command": "stop", "args": {', '{"text": "On', "Say `{", "```json\n{", "An e.g"])
async def test_a_call_ends_what_is_open(open: str) -> None:
    """Whatever the text had begun: the call comes in its place, and text after it begins anew."""
    found = await turn(text(open), tool("{}", "mute"), text("Three."), STOP)
    assert [event for event in found if isinstance(event, Command)] == [Command("mute", {})]
    last = next(event for event in found if isinstance(event, Sentence) and event.text.strip() == "Three.")
    assert found.index(Command("mute", {})) < found.index(last)


@pytest.mark.parametrize("args", ["", "  ", "{}"])
async def test_a_call_without_arguments(args: str) -> None:
    """No arguments are an empty object."""
    assert (await turn(tool(args), STOP))[0] == Command("open_app", {})


BAD_ARGS = [
    ('{"app_name": ', "invalid_json"),
    ("{'a': 1}", "invalid_json"),
    ('{"a": NaN}', "invalid_json"),
    ("[1]", "invalid_args"),
    ("5", "invalid_args"),
    ("null", "invalid_args"),
    ('{"a": 1, "a": 2}', "invalid_args"),
    ('{"a": {"b": 1, "b": 2}}', "invalid_args"),
    ("[" * 50, "too_deep"),
]


@pytest.mark.parametrize(("args", "reason"), BAD_ARGS)
async def test_a_call_that_cannot_be_read_is_a_warning(args: str, reason: str) -> None:
    """The turn goes on without it and ends well."""
    found = await turn(tool(args), tool("{}", "stop", 1), text("Done."), STOP)
    assert kinds(found) == ["Notice", "Command", "Sentence", "ModelEnd"]
    assert found[0] == Notice("COMMAND_REFUSED", reason, 0)


async def test_a_length_end_drops_what_is_unfinished() -> None:
    """A command that the length cut never runs, in the text or as a tool call; the answer ends with LENGTH."""
    for steps in ([text('Opening. {"command": "open_app", "args": {')], [text("Opening."), tool("")]):
        found = await turn(*steps, chunk(finish="length"), DONE)
        assert kinds(found) == ["Sentence", "Notice", "ModelEnd"]
        assert found[-1].reason is EndReason.LENGTH


async def test_a_filter_is_spoken_of() -> None:
    """The notice is a sentence of the answer."""
    found = await turn(text("This is how"), chunk(finish="content_filter"), DONE)
    heard = "".join(event.text for event in found if isinstance(event, Sentence))
    assert heard == "This is how\n\nThe content filter stopped the answer here."
    assert found[-1] == ModelEnd(EndReason.CONTENT_FILTER)


@pytest.mark.parametrize(
    ("written", "before"),
    [
        ('Opening. {"command": "open_app", "args": {"app', "Opening. "),
        ('{"session_id": "s", "text": "Opening', "Opening"),
        ('{"command": "open_app", "args": {"text": "', ""),
        ("So:\n```python\nprint(", "So:\n```python\nprint("),
    ],
    ids=["command", "envelope", "string", "fence"],
)
async def test_a_filter_is_spoken_of_wherever_it_strikes(written: str, before: str) -> None:
    """Also in the middle of an object, which then is refused."""
    found = await turn(text(written), chunk(finish="content_filter"), DONE)
    heard = "".join(event.text for event in found if isinstance(event, Sentence))
    assert heard.rstrip() == f"{before}\n\nThe content filter stopped the answer here."
    assert not [event for event in found if isinstance(event, Command)]


async def test_what_was_finished_before_a_failure_is_heard() -> None:
    """A sentence that was complete when the model broke off comes before the error."""
    found = await turn(text("First one. Then ano"), 0.02, CUT)
    assert kinds(found) == ["Sentence", "MODEL_UNAVAILABLE"]


async def test_the_last_sentence_does_not_wait_for_a_silent_end() -> None:
    """A server that says no more after its finish reason holds nothing back."""
    assert kinds(await turn(text("Hello."), STOP, HANG)) == ["Sentence", "ModelEnd"]


async def test_a_refusal_reaches_the_turn() -> None:
    """An error of the server is the turn's."""
    assert await turn(reply=said(401)) == ["MODEL_REJECTED"]
