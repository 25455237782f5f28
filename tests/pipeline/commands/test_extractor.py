"""What is a command, and what is refused and why."""

import json
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from app.settings.stages import JsonCommandsSettings
from app.stages.options import options
from pipeline.commands.extractor import MAX_DEPTH, JsonCommands, JsonOptions
from pipeline.commands.strict_json import parse
from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock, ToolCall

OPEN_APP = {
    "type": "object",
    "properties": {"app_name": {"type": "string", "minLength": 1}},
    "required": ["app_name"],
    "additionalProperties": False,
}


def json_commands(**changes: Any) -> JsonCommands:
    return JsonCommands(options(JsonOptions, JsonCommandsSettings(), **changes))


def refusal(source: str | ToolCall, **changes: Any) -> str:
    """The reason for which the object, or the tool call, is refused."""
    with pytest.raises(CommandRefused) as caught:
        json_commands(**changes).extract(JsonBlock(source) if isinstance(source, str) else source)
    return caught.value.reason


@pytest.mark.parametrize(
    ("raw", "args"),
    [
        ('{"command": "a"}', {}),
        ('{"command": "a", "args": null}', {}),
        ('{"command": "a", "args": {"x": [1, 2.5, true, null, "é"]}}', {"x": [1, 2.5, True, None, "é"]}),
        ('{"session_id": "1", "text": "Hi", "args": {}, "command": "a"}', {}),
        ('{\n "command": "a"\n}', {}),
        ('{"command": "a", "parameters": {"x": 1}}', {"x": 1}),
        ('{"command": "a", "arguments": "{\\"x\\": 1}"}', {"x": 1}),
        ('{"command": "a", "args": {}, "why": "x"}', {}),
    ],
)
def test_commands(raw: str, args: dict[str, Any]) -> None:
    """A command is its name and its arguments; without arguments they are empty."""
    assert json_commands().extract(JsonBlock(raw)) == Command("a", args)


@pytest.mark.parametrize("raw", ['{"text": "Hi"}', '{"text": "Hi", "mood": "good"}', '{"command": null, "args": 5}'])
def test_objects_without_command(raw: str) -> None:
    """A text, and a command that is null, are no command."""
    assert json_commands().extract(JsonBlock(raw)) is None


REFUSED = {
    "invalid_json": [
        "{'command': 'a'}",
        '{"command": "a", "args": {"x": NaN}}',
        '{"command": "a", "args": {"x": -Infinity}}',
        '{"command": "a" "args": {}}',
        '{"command": "a"',
        '{"command": "a"} {"command": "b"}',
        '{"command": "a",, "args": {}}',
        '{,"command": "a"}',
        '{"command": "a", "args": {,}}',
        '{"command": "a", "args": [,]}',
        '{"command": "a", // "why"\n "args": {}}',
        '{"command": "\\x"}',
        '{"command": "a", "args": {"x": 01}}',
        '{"command": a}',
        '{"command": "a", "args": {"x": ' + "9" * 5000 + "}}",
        "",
    ],
    "invalid_command": [
        *(f'{{"command": {name}}}' for name in ("1", "true", "[]", "{}", '""', '" \\n"')),
        *(f'{{"command": "a", "args": {args}}}' for args in ("[]", '"x"', "5", "false", '""')),
        '{"command": "a", "command": "b"}',
        '{"command": null, "command": "b"}',
    ],
    "invalid_args": [
        '{"command": "a", "args": {}, "args": {"x": 1}}',
        '{"command": "a", "args": {}, "parameters": {"x": 1}}',
        '{"command": "a", "parameters": {}, "parameters": {"x": 1}}',
        '{"command": "a", "x": 1}',
        '{"command": "a", "arg": {"x": 1}}',
        '{"command": "a", "args": {"x": 1, "x": 2}}',
        '{"command": "a", "args": {"y": [{"x": 1, "x": 2}]}}',
        '{"command": "a", "args": {"\\ud800": 1, "\\ud801": 2}}',
        *(f'{{"command": "a", "args": {{"x": {number}}}}}' for number in ("1e999", "-1e999", "9" * 400)),
    ],
    "no_command": [
        "{}",
        '{"args": {"command": "a"}}',
        '{"text": "Hi", "commands": [{"command": "a"}]}',
        '{"text": "Hi", "action": {"name": "a"}}',
        '{"status": "ok"}',
        '{"name": "a"}',
        '{"name": "a", "arguments": {}, "parameters": {}}',
        '{"name": "a", "arguments": {}, "age": 5}',
        '{"name": "a", "name": "b", "arguments": {}}',
    ],
    "invalid_envelope": ['{"text": "a", "text": "b"}', '{"text": 5, "command": "a"}'],
}


@pytest.mark.parametrize(("raw", "reason"), [(raw, reason) for reason, objects in REFUSED.items() for raw in objects])
def test_refusals(raw: str, reason: str) -> None:
    """Nothing is guessed: no JSON; a name that says nothing or is no string; arguments that are no object; which of two
    was meant, also where they differ only in half characters; a number that fits no double; a text that is no text.
    """
    assert refusal(raw) == reason


@pytest.mark.parametrize(
    "raw",
    [
        '{"command": "a",}',
        '{"command": "a", "args": {"x": [1, 2, ], }, }',
        '{"command": "a", "args": {"x": ",]", "y": "\\",}"\n,\n}\n}',
    ],
)
def test_trailing_commas_are_mended(raw: str) -> None:
    """A comma before a closing bracket is the one slip that is mended; strings keep theirs."""
    command = json_commands().extract(JsonBlock(raw))
    assert command is not None
    assert command.args in ({}, {"x": [1, 2]}, {"x": ",]", "y": '",}'})


@pytest.mark.parametrize(
    "raw",
    [
        '{"name": "a", "arguments": {"x": 1}}',
        '{"name": "a", "parameters": {"x": 1}}',
        '{"name": "a", "arguments": "{\\"x\\": 1}"}',
        '{"type": "function", "id": "1", "function": {"name": "a", "arguments": {"x": 1}}}',
    ],
)
def test_a_call_written_as_text(raw: str) -> None:
    """A tool call that a model writes as an object of its text is a command."""
    assert json_commands().extract(JsonBlock(raw)) == Command("a", {"x": 1})
    assert refusal(raw, allow=["b"]) == "not_allowed"


@pytest.mark.parametrize(
    ("raw", "args"),
    [
        ('{"command": "a", "args": {"x": "one\ntwo"}}', {"x": "one\ntwo"}),
        ('{"text": "He said "yes", "no" and left.", "command": "a"}', {}),
        ('{"text": "She said "hi"", "command": "a", "args": {"x": 1},}', {"x": 1}),
        ('{"text": "A \\"b\\" and "c".", "command": "a"}', {}),
    ],
)
def test_slips_that_are_mended(raw: str, args: dict[str, Any]) -> None:
    """Line breaks in strings, and quotes in the text of an envelope; quotes in arguments are not."""
    assert json_commands().extract(JsonBlock(raw)) == Command("a", args)
    assert refusal('{"command": "a", "args": {"text": "say "hi"", "x": 1}}') == "invalid_json"


def test_half_characters_are_replaced() -> None:
    """Lone surrogates in names and values become U+FFFD; pairs are characters."""
    raw = '{"command": "a\\ud800", "args": {"\\ud83d\\ude00": ["\\udc00"]}}'
    assert json_commands().extract(JsonBlock(raw)) == Command("a\ufffd", {"😀": ["\ufffd"]})


def _nested(levels: int, opening: str = '{"x": ', closing: str = "}") -> str:
    return '{"command": "a", "args": ' + opening * levels + "1" + closing * levels + "}"


def test_depth_is_capped() -> None:
    """The cap counts the object itself; a reader of protobuf can still read the deepest arguments that pass."""
    command = json_commands().extract(JsonBlock(_nested(MAX_DEPTH - 1)))
    assert command is not None
    message = json_format.ParseDict(command.args, struct_pb2.Struct())
    assert struct_pb2.Struct.FromString(message.SerializeToString()) == message
    assert refusal(_nested(MAX_DEPTH)) == "too_deep"
    assert refusal(_nested(100_000)) == "too_deep"
    assert refusal('{"a": ' + "[" * 100_000) == "too_deep"


def test_brackets_in_strings_are_no_depth() -> None:
    """Only brackets outside of strings nest."""
    raw = json.dumps({"command": "a", "args": {"x": "[{" * 100}})
    assert json_commands().extract(JsonBlock(raw)) is not None


def test_allow_list() -> None:
    """With an allow-list only the names in it run, exactly as written."""
    commands = json_commands(allow=["open_app"])
    assert commands.extract(JsonBlock('{"command": "open_app"}')) == Command("open_app", {})
    assert refusal('{"command": "Open_app"}', allow=["open_app"]) == "not_allowed"
    assert refusal('{"command": "rm", "args": []}', allow=["open_app"]) == "not_allowed"


def test_schemas() -> None:
    """Arguments must fit the schema of their command; a command without a schema takes any."""
    schemas = {"open_app": OPEN_APP}
    commands = json_commands(schemas=schemas)
    assert commands.extract(JsonBlock('{"command": "open_app", "args": {"app_name": "x"}}')) is not None
    assert commands.extract(JsonBlock('{"command": "other", "args": {"y": 1}}')) is not None
    for args in ("{}", '{"app_name": 5}', '{"app_name": ""}', '{"app_name": "x", "y": 1}', "null"):
        assert refusal(f'{{"command": "open_app", "args": {args}}}', schemas=schemas) == "invalid_args"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"properties": {"x": {"pattern": "("}}},
        {"$ref": "#/$defs/nowhere"},
        {"properties": {"x": {"items": {"$ref": "#/$defs/nowhere"}}}},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#"},
        "object",
    ],
)
def test_wrong_schemas_stop_the_start(schema: Any) -> None:
    """A schema that is wrong, or refers to another place, is refused at once, and the command is named."""
    with pytest.raises(ValueError, match="schema of command 'open_app'"):
        json_commands(schemas={"open_app": schema})


def test_references_inside_a_schema() -> None:
    """A schema may refer to its own definitions."""
    schema = {"properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "integer"}}}
    commands = json_commands(schemas={"a": schema})
    assert commands.extract(ToolCall("a", {"x": 1})) == Command("a", {"x": 1})
    with pytest.raises(CommandRefused):
        commands.extract(ToolCall("a", {"x": "1"}))


# Native tool calls


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("", {}, "invalid_command"),
        (None, {}, "invalid_command"),
        ("rm", {}, "not_allowed"),
        ("a", [], "invalid_args"),
        ("a", {"x": float("nan")}, "invalid_args"),
        ("a", {"x": 10**400}, "invalid_args"),
        ("a", {1: "x"}, "invalid_args"),
        ("a", {"x": object()}, "invalid_args"),
        ("open_app", {}, "invalid_args"),
        ("open_app", "", "invalid_args"),
        ("a", '{"x": 1', "invalid_json"),
        ("a", "{'x': 1}", "invalid_json"),
        ("a", '{"x": NaN}', "invalid_json"),
        ("a", '{}, "x": 1', "invalid_json"),
        ("a", '{}, "command": "open_app", "args": {"app_name": "x"}', "invalid_json"),
        ("a", '{}} {"command": "open_app", "args": {"app_name": "x"}', "invalid_json"),
        ("a", "{}}", "invalid_json"),
        ("a", "{} {}", "invalid_json"),
        ("a", "{}, {}", "invalid_json"),
        ("a", "[]", "invalid_args"),
        ("a", "null", "invalid_args"),
        ("a", '"x"', "invalid_args"),
        ("a", '"' + "[" * 40 + '"', "invalid_args"),
        ("a", '{"x": 1, "x": 2}', "invalid_args"),
        ("a", '{"x": 1e999}', "invalid_args"),
        ("a", '{"x": ' * 32 + "1" + "}" * 32, "too_deep"),
        ("a", "[" * 100_000, "too_deep"),
    ],
)
def test_tool_calls_obey_the_same_rules(name: Any, args: Any, reason: str) -> None:
    """A native tool call is judged as an object is, and its arguments are one object and nothing else."""
    changes: dict[str, Any] = {"allow": ["a", "open_app"], "schemas": {"open_app": OPEN_APP}}
    assert refusal(ToolCall(name, args), **changes) == reason


def test_tool_calls_that_nest_too_deep() -> None:
    """Arguments that contain themselves end at the cap."""
    args: dict[str, Any] = {}
    args["x"] = [args]
    assert refusal(ToolCall("a", args)) == "too_deep"


@pytest.mark.parametrize(
    ("args", "taken"),
    [
        ({"x": (1, {"y": "\ud800"})}, {"x": [1, {"y": "\ufffd"}]}),
        ({}, {}),
        ("", {}),
        (" \n", {}),
        ("{}", {}),
        (' {"x": [1, "\\ud800"],}\n', {"x": [1, "\ufffd"]}),
        ('{"x": "{}} {"}', {"x": "{}} {"}),
    ],
)
def test_tool_call(args: Any, taken: dict[str, Any]) -> None:
    """The arguments of a tool call are a mapping, or JSON text; without any they are empty."""
    assert json_commands().extract(ToolCall("a", args)) == Command("a", taken)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.text().filter(str.strip), st.dictionaries(st.text(), VALUES, max_size=4), st.booleans())
def test_every_command_survives_its_json(name: str, args: dict[str, Any], ascii_only: bool) -> None:
    """What was written as JSON is read as it was, and any reader of a Struct can take it."""
    raw = json.dumps({"command": name, "args": args}, ensure_ascii=ascii_only)
    command = json_commands().extract(JsonBlock(raw))
    assert command == Command(name, args)
    json_format.ParseDict(command.args, struct_pb2.Struct())


@given(st.lists(st.sampled_from(["{", "}", '"x"', '"command"', ":", ",", " ", "1", "[", "]", '"', "\\"])).map("".join))
def test_nothing_beside_the_arguments_is_read(raw: str) -> None:
    """Whatever text a model gives as arguments, only the command that it called runs, with what that text says."""
    try:
        command = json_commands().extract(ToolCall("a", raw))
    except CommandRefused:
        return
    assert command == Command("a", parse(raw) if raw.strip() else {})


@given(st.text(st.sampled_from('{}[]",:\\ aN1\ud800\n'), max_size=60) | st.text())
def test_garbage_is_refused_and_nothing_else_happens(raw: str) -> None:
    """Whatever a model writes gives a command, None or a refusal."""
    try:
        found = json_commands().extract(JsonBlock(raw))
    except CommandRefused:
        return
    assert found is None or isinstance(found, Command)


@given(VALUES, st.randoms())
def test_commas_are_mended_anywhere(value: Any, random: Any) -> None:
    """Any value with commas too many before its closing brackets is read as without them."""
    raw = json.dumps({"command": "a", "args": {"v": value}, "z": "}"}, ensure_ascii=False)
    outside, mended = True, ""
    for at, char in enumerate(raw):
        if char == '"' and _even(raw, at):
            outside = not outside
        if outside and char in "}]" and raw[at - 1] not in "[{" and random.random() < 0.7:
            mended += random.choice([",", " , "])
        mended += char
    command = json_commands().extract(JsonBlock(mended))
    assert command == Command("a", {"v": value})


def _even(text: str, at: int) -> bool:
    """Whether an even number of backslashes stands before *at*."""
    return (at - len(text[:at].rstrip("\\"))) % 2 == 0
