"""Custom segmenters and extractors get what the stages expect beyond their small protocols."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from app.container import Container
from app.settings.tables import Settings
from pipeline.events import Command, JsonBlock, Segment, Sentence, TextDelta, ToolCall
from pipeline.interfaces import Turn
from pipeline.run import run
from pipeline.testing import Pause, ScriptedModel

TURN = Turn(session_id="s", prompt="p")


class Lines:
    """A segmenter without ``release``."""

    def __init__(self, end: str = "\n") -> None:
        self._end = end
        self._open = ""

    def feed(self, text: str) -> Iterator[Segment]:
        *lines, self._open = (self._open + text).split(self._end)
        for line in lines:
            yield Sentence(0, line + self._end)

    def flush(self) -> Iterator[Segment]:
        yield Sentence(0, self._open)


class Echo:
    """An extractor that names its commands by their JSON."""

    def extract(self, block: JsonBlock) -> Command:
        return Command(block.raw, {})


async def test_small_protocols_are_enough() -> None:
    """A segmenter may leave out ``release``, and an extractor sees a native tool call as an object of the text."""
    stages: dict[str, Any] = {
        "segmenter": {"kind": "custom", "factory": f"{__name__}:Lines", "options": {"end": "|"}},
        "commands": {"kind": "custom", "factory": f"{__name__}:Echo"},
        "tts": {"kind": "off"},
    }
    container = Container(settings=Settings.model_validate({"pipeline": stages}))
    container.llm.override(ScriptedModel([TextDelta("One|Tw"), Pause(0.005), "o", ToolCall("öpen", '{"x": [1,]}')]))
    async with aclosing(run(TURN, replace(container.stages(), hold=0.001))) as events:
        found = [event async for event in events]
    assert found[:-1] == [
        Sentence(1, "One|", final=True),
        Sentence(2, "Two", final=True),
        Command('{"command": "öpen", "args": {"x": [1]}}', {}),
    ]
