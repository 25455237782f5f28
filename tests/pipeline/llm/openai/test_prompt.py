"""What a model is asked."""

import base64
import json
from typing import Any

import pytest

from pipeline.interfaces import Message, Screenshot, Turn
from pipeline.llm.openai.prompt import DEFAULT_SYSTEM_PROMPT, PromptWriter
from tests.pipeline.llm.openai.asking import model_options

SCHEMA = {
    "type": "object",
    "description": "Opens an app.",
    "properties": {"app_name": {"type": "string"}},
    "required": ["app_name"],
}
COMMANDS = {"open_app": SCHEMA, "stop": None}


def body(turn: Turn | None = None, **settings: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(PromptWriter(model_options(**settings)).body(turn or Turn("s", "Hi")))
    return made


def system(**settings: Any) -> str:
    return str(body(**settings)["messages"][0]["content"])


def test_the_default_prompt_tells_the_format_and_the_commands() -> None:
    """The format of a command, every allowed command with its schema, and that the answer is heard."""
    told = system(commands=COMMANDS)
    assert told.startswith(DEFAULT_SYSTEM_PROMPT.partition("{commands}")[0])
    assert '{"command": "open_app", "args": {"app_name": "Safari"}}' in told
    assert f"\nopen_app: {json.dumps(SCHEMA, separators=(',', ':'))}\nstop: " in told
    assert "{commands}" not in told


def test_without_a_list_every_command_is_allowed() -> None:
    """The format is told, but no list."""
    told = system()
    assert '{"command":' in told
    assert "no others" not in told


def test_a_prompt_of_ones_own() -> None:
    """It is used as it stands, braces and all; only {commands} in it is replaced."""
    assert system(system_prompt='You are {"x": {}}.', commands=COMMANDS) == 'You are {"x": {}}.'
    assert "open_app: {" in system(system_prompt="Hi. {commands}", commands=COMMANDS)


def test_an_empty_prompt() -> None:
    """No system message then, for models that take none; the language still makes one."""
    assert [m["role"] for m in body(system_prompt="")["messages"]] == ["user"]
    assert body(Turn("s", "Hi", language="ru"), system_prompt="")["messages"][0]["role"] == "system"


def test_a_prompt_in_the_user_message() -> None:
    """The system text stands before the first user message, also before one with a screenshot."""
    shown = Turn("s", "Hi", screenshot=Screenshot(b"x", "image/png"))
    (message,) = body(shown, system_prompt="Be kind.", system_role="user")["messages"]
    assert [message["role"], message["content"][0]] == ["user", {"type": "text", "text": "Be kind."}]
    later = Turn("s", "Hi", history=(Message("user", "One?"), Message("assistant", "Two.")))
    messages = body(later, system_prompt="Be kind.", system_role="user")["messages"]
    assert [message["content"] for message in messages] == ["Be kind.\n\nOne?", "Two.", "Hi"]


def test_the_language() -> None:
    """The language that the client asks for is the last word of the system message."""
    made = body(Turn("s", "Hi", language="ru-RU"))
    assert made["messages"][0]["content"].endswith("\n\nAnswer in the language with the BCP-47 tag ru-RU.")
    assert "BCP-47" not in system()


def test_history_comes_before_the_prompt() -> None:
    """Earlier turns keep their roles and their order."""
    turn = Turn("s", "And now?", history=(Message("user", "Hi"), Message("assistant", "Hello.")))
    assert body(turn)["messages"][1:] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "And now?"},
    ]


@pytest.mark.parametrize("mime_type", ["image/webp", "image/png", "image/jpeg"])
def test_the_screenshot(mime_type: str) -> None:
    """It is an image part with its own type, after the prompt and its size."""
    made = body(Turn("s", "What is this?", screenshot=Screenshot(b"\x00image", mime_type, 1920, 1080)))
    prompt, size, image = made["messages"][-1]["content"]
    assert prompt == {"type": "text", "text": "What is this?"}
    assert "1920 x 1080" in size["text"]
    assert image["image_url"]["url"] == f"data:{mime_type};base64," + base64.b64encode(b"\x00image").decode()
    assert len(body(Turn("s", "?", screenshot=Screenshot(b"x", mime_type)))["messages"][-1]["content"]) == 2


def test_tools() -> None:
    """The commands become native tools with their schemas, and the prompt asks for no JSON."""
    made = body(commands=COMMANDS, tools=True)
    assert made["tools"] == [
        {"type": "function", "function": {"name": "open_app", "parameters": SCHEMA, "description": "Opens an app."}},
        {"type": "function", "function": {"name": "stop", "parameters": {"type": "object"}}},
    ]
    assert '{"command"' not in made["messages"][0]["content"]
    assert "tools" not in body(commands=COMMANDS)


def test_tools_without_commands() -> None:
    """There is nothing to offer then: the format in the text is told instead."""
    made = body(tools=True)
    assert "tools" not in made
    assert '{"command":' in made["messages"][0]["content"]


def test_extra_body() -> None:
    """It has the last word; an empty table takes a key out."""
    made = body(temperature=0.5, extra_body={"temperature": 0.9, "stream_options": {}, "top_k": 4})
    assert (made["temperature"], made["top_k"]) == (0.9, 4)
    assert "stream_options" not in made


def test_unicode() -> None:
    """Text is sent as UTF-8; half a surrogate pair, which UTF-8 has not, does no harm."""
    assert "Привет".encode() in PromptWriter(model_options()).body(Turn("s", "Привет"))
    assert body(Turn("s", "a\ud83db"))["messages"][-1]["content"] == "a?b"


def test_turns_share_nothing() -> None:
    """Writing one turn changes nothing for the next."""
    writer = PromptWriter(model_options(commands=COMMANDS, extra_body={"stop": ["x"]}))
    first = writer.body(Turn("s", "Hi"))
    writer.body(Turn("s", "Other", language="ru", history=(Message("user", "x"),)), {"tools": []})
    assert writer.body(Turn("s", "Hi")) == first
