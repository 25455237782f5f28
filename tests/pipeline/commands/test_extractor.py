"""What is a command, and what is refused and why."""

import json
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands.extractor import MAX_DEPTH, JsonCommands
from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock

OPEN_APP = {
    "type": "object",
    "properties": {"app_name": {"type": "string", "minLength": 1}},
    "required": ["app_name"],
    "additionalProperties": False,
}


def refusal(raw: str, **options: Any) -> str:
    """The reason for which the object is refused."""
    with pytest.raises(CommandRefused) as caught:
        JsonCommands(**options).extract(JsonBlock(raw))
    return caught.value.reason


@pytest.mark.parametrize(
    ("raw", "args"),
    [
        ('{"command": "a"}', {}),
        ('{"command": "a", "args": null}', {}),
        ('{"command": "a", "args": {"x": [1, 2.5, true, null, "é"]}}', {"x": [1, 2.5, True, None, "é"]}),
        ('{"session_id": "1", "text": "Hi", "args": {}, "command": "a"}', {}),
        ('{\n "command": "a"\n}', {}),
    ],
)
def test_commands(raw: str, args: dict[str, Any]) -> None:
    """A command is its name and its arguments; without arguments they are empty."""
    assert JsonCommands().extract(JsonBlock(raw)) == Command("a", args)


@pytest.mark.parametrize("raw", ["{}", '{"text": "Hi"}', '{"command": null, "args": 5}', '{"args": {"command": "a"}}'])
def test_objects_without_command(raw: str) -> None:
    """An object without a command of its own, or with a null one, holds none."""
    assert JsonCommands().extract(JsonBlock(raw)) is None


@pytest.mark.parametrize(
    "raw",
    [
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
        '{"command": "a\n"}',
        '{"command": "\\x"}',
        '{"command": "a", "args": {"x": 01}}',
        '{"command": a}',
        '{"command": "a", "args": {"x": ' + "9" * 5000 + "}}",
        "",
    ],
)
def test_only_json_is_read(raw: str) -> None:
    """Nothing that is not JSON is guessed at."""
    assert refusal(raw) == "invalid_json"


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
    command = JsonCommands().extract(JsonBlock(raw))
    assert command is not None
    assert command.args in ({}, {"x": [1, 2]}, {"x": ",]", "y": '",}'})


@pytest.mark.parametrize("name", ["1", "true", "[]", "{}", '""', '" \\n"'])
def test_the_name_is_a_string_that_says_something(name: str) -> None:
    """A name of another type, or a blank one, is refused."""
    assert refusal(f'{{"command": {name}}}') == "invalid_command"


@pytest.mark.parametrize("args", ["[]", '"x"', "5", "false", '""'])
def test_arguments_are_an_object(args: str) -> None:
    """Arguments that are no object are refused."""
    assert refusal(f'{{"command": "a", "args": {args}}}') == "invalid_command"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ('{"command": "a", "command": "b"}', "invalid_command"),
        ('{"command": null, "command": "b"}', "invalid_command"),
        ('{"command": "a", "args": {}, "args": {"x": 1}}', "invalid_args"),
        ('{"command": "a", "args": {"x": 1, "x": 2}}', "invalid_args"),
        ('{"command": "a", "args": {"y": [{"x": 1, "x": 2}]}}', "invalid_args"),
        ('{"text": "a", "text": "b"}', "invalid_envelope"),
        ('{"text": 5, "command": "a"}', "invalid_envelope"),
    ],
)
def test_what_stands_twice_is_refused(raw: str, reason: str) -> None:
    """Which of two was meant can't be told, so none runs; a text that is no text makes no envelope."""
    assert refusal(raw) == reason


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400])
def test_numbers_fit_a_double(number: str) -> None:
    """A number that no double can hold is refused."""
    assert refusal(f'{{"command": "a", "args": {{"x": {number}}}}}') == "invalid_args"


def test_half_characters_are_replaced() -> None:
    """Lone surrogates in names and values become U+FFFD; pairs are characters."""
    raw = '{"command": "a\\ud800", "args": {"\\ud83d\\ude00": ["\\udc00"]}}'
    assert JsonCommands().extract(JsonBlock(raw)) == Command("a\ufffd", {"😀": ["\ufffd"]})


def test_names_that_become_one_are_refused() -> None:
    """Two argument names that differ only in half characters can't be told apart."""
    assert refusal('{"command": "a", "args": {"\\ud800": 1, "\\ud801": 2}}') == "invalid_args"


def _nested(levels: int, opening: str = '{"x": ', closing: str = "}") -> str:
    return '{"command": "a", "args": ' + opening * levels + "1" + closing * levels + "}"


def test_depth_is_capped() -> None:
    """The cap counts the object itself; a reader of protobuf can still read the deepest arguments that pass."""
    command = JsonCommands().extract(JsonBlock(_nested(MAX_DEPTH - 1)))
    assert command is not None
    message = json_format.ParseDict(command.args, struct_pb2.Struct())
    assert struct_pb2.Struct.FromString(message.SerializeToString()) == message
    assert refusal(_nested(MAX_DEPTH)) == "too_deep"
    assert refusal(_nested(100_000)) == "too_deep"
    assert refusal('{"a": ' + "[" * 100_000) == "too_deep"


def test_brackets_in_strings_are_no_depth() -> None:
    """Only brackets outside of strings nest."""
    raw = json.dumps({"command": "a", "args": {"x": "[{" * 100}})
    assert JsonCommands().extract(JsonBlock(raw)) is not None


def test_allow_list() -> None:
    """With an allow-list only the names in it run, exactly as written."""
    commands = JsonCommands(allow=["open_app"])
    assert commands.extract(JsonBlock('{"command": "open_app"}')) == Command("open_app", {})
    assert refusal('{"command": "Open_app"}', allow=["open_app"]) == "not_allowed"
    assert refusal('{"command": "rm", "args": []}', allow=["open_app"]) == "not_allowed"


def test_schemas() -> None:
    """Arguments must fit the schema of their command; a command without a schema takes any."""
    options: dict[str, Any] = {"schemas": {"open_app": OPEN_APP}}
    commands = JsonCommands(**options)
    assert commands.extract(JsonBlock('{"command": "open_app", "args": {"app_name": "x"}}')) is not None
    assert commands.extract(JsonBlock('{"command": "other", "args": {"y": 1}}')) is not None
    for args in ("{}", '{"app_name": 5}', '{"app_name": ""}', '{"app_name": "x", "y": 1}', "null"):
        assert refusal(f'{{"command": "open_app", "args": {args}}}', **options) == "invalid_args"


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
        JsonCommands(schemas={"open_app": schema})


def test_references_inside_a_schema() -> None:
    """A schema may refer to its own definitions."""
    schema = {"properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "integer"}}}
    commands = JsonCommands(schemas={"a": schema})
    assert commands.check("a", {"x": 1}) == Command("a", {"x": 1})
    with pytest.raises(CommandRefused):
        commands.check("a", {"x": "1"})


def test_what_the_segmenter_gave_up_is_refused() -> None:
    """A block that is no whole object keeps the segmenter's reason."""
    for reason in ("truncated", "too_long", "too_deep", "invalid_envelope"):
        with pytest.raises(CommandRefused, match=reason):
            JsonCommands().extract(JsonBlock('{"command": "a"}', reason))


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("", {}, "invalid_command"),
        (None, {}, "invalid_command"),
        ("rm", {}, "not_allowed"),
        ("a", [], "invalid_command"),
        ("a", {"x": float("nan")}, "invalid_args"),
        ("a", {"x": 10**400}, "invalid_args"),
        ("a", {1: "x"}, "invalid_args"),
        ("a", {"x": object()}, "invalid_args"),
        ("open_app", {}, "invalid_args"),
    ],
)
def test_tool_calls_obey_the_same_rules(name: object, args: object, reason: str) -> None:
    """A native tool call is judged as an object is."""
    commands = JsonCommands(allow=["a", "open_app"], schemas={"open_app": OPEN_APP})
    with pytest.raises(CommandRefused) as caught:
        commands.check(name, args)
    assert caught.value.reason == reason


def test_tool_calls_that_nest_too_deep() -> None:
    """Arguments that contain themselves end at the cap."""
    args: dict[str, Any] = {}
    args["x"] = [args]
    with pytest.raises(CommandRefused, match="too_deep"):
        JsonCommands().check("a", args)


def test_tool_call() -> None:
    """A tool call that passes is a command with arguments of its own."""
    args = {"x": (1, {"y": "\ud800"})}
    command = JsonCommands().check("a", args)
    assert command == Command("a", {"x": [1, {"y": "\ufffd"}]})
    assert JsonCommands().check("a") == Command("a", {})


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
    command = JsonCommands().extract(JsonBlock(raw))
    assert command == Command(name, args)
    json_format.ParseDict(command.args, struct_pb2.Struct())


@given(st.text(st.sampled_from('{}[]",:\\ aN1\ud800\n'), max_size=60) | st.text())
def test_garbage_is_refused_and_nothing_else_happens(raw: str) -> None:
    """Whatever a model writes gives a command, None or a refusal."""
    try:
        found = JsonCommands().extract(JsonBlock(raw))
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
    command = JsonCommands().extract(JsonBlock(mended))
    assert command == Command("a", {"v": value})


def _even(text: str, at: int) -> bool:
    """Whether an even number of backslashes stands before *at*."""
    return (at - len(text[:at].rstrip("\\"))) % 2 == 0
