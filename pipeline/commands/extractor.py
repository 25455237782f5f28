"""The built-in extractor: the command in a JSON object or a native tool call, or the reason why it must not run.

The command makes a computer act for somebody who may not see it. Therefore nothing is guessed: anything that is not
exactly a command is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.commands.schemas import validator
from pipeline.commands.strict_json import JsonObject, depth, parse
from pipeline.commands.values import plain
from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock, ToolCall
from pipeline.text import mend

MAX_DEPTH = 32
"""The deepest object. Protobuf readers stop at 100 nested messages, and one level of a Struct takes three."""

ARGUMENTS = ("arguments", "parameters")
CALL_KEYS = frozenset({"id", "type", "index", "function", "name", *ARGUMENTS})
ENVELOPE_KEYS = frozenset({"session_id", "feature_id", "text", "command"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOptions:
    """``allow``: the names that may run, empty = any. ``schemas``: a JSON Schema of ``args`` by name."""

    allow: Sequence[str]
    schemas: Mapping[str, Mapping[str, Any]]


class JsonCommands:
    """Takes ``{"command": name, "args": {…}}`` and tool calls, and lets the allowed ones pass.

    A tool call is native, or an object of the text as models write them: ``{"name": name, "arguments": {…}}``.

    ValueError names a command whose schema is wrong. Reasons of ``CommandRefused``: ``too_deep``, ``invalid_json``,
    ``invalid_command`` (``command`` is not a string, is blank or repeated, or ``args`` is no object),
    ``invalid_envelope`` (``text`` is not a string or is repeated), ``no_command`` (an object that is neither a command
    nor a text, or has something else in it, such as a list of commands), ``not_allowed``, ``invalid_args`` (against the
    schema, a repeated name, a number that fits no double, no object in a tool call, no ``args`` but other fields).
    """

    def __init__(self, options: JsonOptions) -> None:
        self._allow = frozenset(options.allow)
        self._schemas = {name: validator(name, schema) for name, schema in options.schemas.items()}

    def extract(self, source: JsonBlock | ToolCall) -> Command | None:
        """Return the command in *source*; None for an object that has none: a ``text``, or its ``command`` is null.

        Missing or null ``args`` are empty. Some models call them ``arguments`` or ``parameters``.
        """
        if isinstance(source, ToolCall):
            return self._command(source.name, arguments(source))
        fields = _read(source.raw)
        if not isinstance(fields, JsonObject) or "command" in fields.repeated:
            raise CommandRefused("invalid_command")
        text = fields.get("text")
        if "text" in fields.repeated or not (text is None or isinstance(text, str)):
            raise CommandRefused("invalid_envelope")
        if "command" not in fields and (call := _written_call(fields)) is not None:
            return self._command(call.name, arguments(call))
        if fields.get("command") is None:
            if _may_hold_another(fields):
                raise CommandRefused("no_command")
            return None
        return self._command(fields["command"], _args(fields))

    def _command(self, name: object, args: object) -> Command:
        if not isinstance(name, str) or not name.strip():
            raise CommandRefused("invalid_command")
        name = mend(name)
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


def arguments(call: ToolCall) -> Mapping[str, Any]:
    """Return the arguments of a native call, read as strictly as an object in the text; blank text is ``{}``.

    The text is parsed by itself and never put into other text: it may hold braces that close more than it opened.
    """
    args: Any = call.args
    if isinstance(args, str):
        args = _read(args) if args.strip() else {}
    if not isinstance(args, Mapping):
        raise CommandRefused("invalid_args")
    return args


def _args(fields: JsonObject) -> object:
    """Return the arguments of a command. Without any, a field that no command has may be one of them."""
    told = [key for key in ("args", *ARGUMENTS) if key in fields]
    if len(told) > 1 or fields.repeated.intersection(told) or not (told or fields.keys() <= ENVELOPE_KEYS):
        raise CommandRefused("invalid_args")
    args = fields[told[0]] if told else None
    return args if told in ([], ["args"]) or args is None else arguments(ToolCall("", args))


def _may_hold_another(fields: JsonObject) -> bool:
    """Tell whether an object without a command may hold one that is not seen."""
    if "text" not in fields and "command" not in fields:
        return True
    others = (value for key, value in fields.items() if key not in (*ENVELOPE_KEYS, "args"))
    return any(isinstance(value, dict | list) and value for value in others)


def _written_call(fields: JsonObject) -> ToolCall | None:
    """Return the tool call that an object of the text is in its whole; None if it is none."""
    function = fields.get("function", fields)
    if not isinstance(function, JsonObject) or not fields.keys() | function.keys() <= CALL_KEYS:
        return None
    name, told = function.get("name"), [key for key in ARGUMENTS if key in function]
    if not isinstance(name, str) or len(told) != 1 or fields.repeated or function.repeated:
        return None
    args = function[told[0]]
    return ToolCall(name, "" if args is None else args)


def _read(raw: str) -> Any:
    # No text is nested deeper than it has brackets, and counting them costs next to nothing.
    if raw.count("{") + raw.count("[") > MAX_DEPTH and depth(raw) > MAX_DEPTH:
        raise CommandRefused("too_deep")
    try:
        return parse(raw)
    except (ValueError, RecursionError):
        raise CommandRefused("invalid_json") from None
