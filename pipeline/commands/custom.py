"""The adapter for a custom extractor, which knows objects in the text only."""

import json

from pipeline.commands.extractor import MAX_DEPTH, arguments
from pipeline.commands.values import plain
from pipeline.events import Command, JsonBlock, ToolCall
from pipeline.interfaces import Commands


class CustomCommands:
    """Shows the custom extractor a native tool call as the object that it would be in the text."""

    def __init__(self, extractor: Commands) -> None:
        self._extractor = extractor

    def extract(self, source: JsonBlock | ToolCall) -> Command | None:
        """Return the command in *source*. CommandRefused also for a call whose arguments are no JSON object."""
        if isinstance(source, ToolCall):
            fields = plain({"command": source.name, "args": arguments(source)}, MAX_DEPTH)
            source = JsonBlock(json.dumps(fields, ensure_ascii=False))
        return self._extractor.extract(source)
