"""The commands stage, given the events of the segmenter."""

from collections.abc import AsyncIterator

import pytest

from pipeline.commands.stage import checked
from pipeline.events import Command, CutEvent, JsonBlock, Notice, Sentence, ToolCall


class Never:
    """An extractor that must not be asked."""

    def extract(self, _source: JsonBlock | ToolCall) -> Command | None:
        pytest.fail("asked")


async def events(*items: CutEvent) -> AsyncIterator[CutEvent]:
    for item in items:
        yield item


@pytest.mark.parametrize("reason", ["truncated", "too_long", "too_deep", "invalid_envelope"])
@pytest.mark.parametrize("source", [JsonBlock, lambda raw, refused: ToolCall("a", raw, refused)])
async def test_what_was_given_up_is_refused(source: type[JsonBlock], reason: str) -> None:
    """An object, or a tool call, that is not whole keeps the reason for which it was given up; nobody judges it."""
    given_up = source('{"command": "a"}', refused=reason)
    found = [event async for event in checked(events(Sentence(3, "Hi."), given_up), Never(), "warn")]
    assert found == [Sentence(3, "Hi."), Notice("COMMAND_REFUSED", reason, 3)]
