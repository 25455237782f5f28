"""The command in a JSON object, or why there is none that may run.

This decides what a computer does on behalf of somebody who may not see it, so nothing is guessed: what is not exactly
a command is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.commands.schemas import validator
from pipeline.commands.strict_json import JsonObject, depth, parse
from pipeline.commands.values import plain, whole
from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock

MAX_DEPTH = 32
"""Of the object with its arguments: protobuf readers stop at 100 nested messages; one level of a Struct takes three."""


class JsonCommands:
    """Takes ``{"command": name, "args": {…}}``, lets pass what the operator allows.

    *allow*: the names that may run, empty = any. *schemas*: a JSON Schema of ``args`` for some names; ValueError
    names a command whose schema is wrong. Reasons of ``CommandRefused``: ``truncated``, ``too_long``, ``too_deep``,
    ``invalid_json``, ``invalid_command`` (``command`` is not a string, is blank, or stands there twice, or ``args``
    is no object), ``invalid_envelope`` (``text`` is not a string or stands there twice), ``not_allowed``,
    ``invalid_args`` (against the schema, a name twice, a number that fits no double).
    """

    def __init__(self, allow: Sequence[str] = (), schemas: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._allow = frozenset(allow)
        self._schemas = {name: validator(name, schema) for name, schema in (schemas or {}).items()}

    def extract(self, block: JsonBlock) -> Command | None:
        """The command in *block*; None if it has no ``command`` or a null one. Missing or null ``args`` are empty."""
        if block.refused:
            raise CommandRefused(block.refused)
        if _may_be_deep(block.raw) and depth(block.raw) > MAX_DEPTH:
            raise CommandRefused("too_deep")
        found = _parse(block.raw)
        if "command" in found.repeated:
            raise CommandRefused("invalid_command")
        text = found.get("text")
        if "text" in found.repeated or not (text is None or isinstance(text, str)):
            raise CommandRefused("invalid_envelope")
        if found.get("command") is None:
            return None
        if "args" in found.repeated:
            raise CommandRefused("invalid_args")
        return self.check(found["command"], found.get("args"))

    def check(self, name: object, args: object = None) -> Command:
        """The command of this name with these arguments, by the same rules: for a model's native tool calls."""
        if not isinstance(name, str) or not name.strip():
            raise CommandRefused("invalid_command")
        name = whole(name)
        if self._allow and name not in self._allow:
            raise CommandRefused("not_allowed")
        if args is None:
            args = {}
        if not isinstance(args, Mapping):
            raise CommandRefused("invalid_command")
        checked: dict[str, Any] = plain(args, MAX_DEPTH - 1)
        schema = self._schemas.get(name)
        if schema is not None and not schema.is_valid(checked):
            raise CommandRefused("invalid_args")
        return Command(name, checked)


def _may_be_deep(raw: str) -> bool:
    """No text is nested deeper than it has brackets; to count them costs next to nothing."""
    return raw.count("{") + raw.count("[") > MAX_DEPTH


def _parse(raw: str) -> JsonObject:
    try:
        found = parse(raw)
    except (ValueError, RecursionError):
        raise CommandRefused("invalid_json") from None
    if not isinstance(found, JsonObject):
        raise CommandRefused("invalid_command")
    return found
