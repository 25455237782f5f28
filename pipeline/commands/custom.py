"""The adapter for a custom extractor, which knows objects in the text only."""

import json
from typing import Any

from pipeline.commands.extractor import MAX_DEPTH, arguments
from pipeline.commands.values import plain
from pipeline.errors import wrong
from pipeline.events import Command, JsonBlock, ToolCall, command_json
from pipeline.interfaces import Commands


class CustomCommands:
    """Shows the custom extractor a native tool call as the object that it would be in the text."""

    def __init__(self, extractor: Commands) -> None:
        self._extractor = extractor

    def extract(self, source: JsonBlock | ToolCall) -> Command | None:
        """Return the command in *source*. CommandRefused also for a call whose arguments are no JSON object, WrongStage
        for what is no command.
        """
        if isinstance(source, ToolCall):
            fields = plain({"command": source.name, "args": arguments(source)}, MAX_DEPTH)
            source = JsonBlock(json.dumps(fields, ensure_ascii=False))
        command: Any = self._extractor.extract(source)
        if command is not None:
            _check(command)
        return command  # type: ignore[no-any-return]


def _check(command: Any) -> None:
    if not isinstance(command, Command):
        raise wrong("pipeline.commands: extract", "give Command or None", command)
    if not isinstance(command.name, str):
        raise wrong("pipeline.commands: extract", "give a Command whose name is a str", command.name)
    try:
        command_json(command)
    except (TypeError, ValueError, RecursionError):
        raise wrong("pipeline.commands: extract", "give a Command whose args JSON can hold", command.args) from None
