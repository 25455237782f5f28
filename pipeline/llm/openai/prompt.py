"""Writes the request body of a turn."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.interfaces import Message, Screenshot, Turn
from pipeline.llm.openai.options import OpenAIModelOptions, Schema

COMMANDS_PLACE = "{commands}"
"""This part of a system prompt is replaced by the description of the commands."""

DEFAULT_SYSTEM_PROMPT = """\
You are a voice assistant. Your users are blind or see little: every sentence you write is read aloud to them as soon as
it is finished, and there is nothing else they could look at.

Answer in the language of the user. Say first what matters most. Write short plain sentences, as one speaks: no
markdown, no headings, no lists, no tables, no emoji, no links. If there is a screenshot, it shows what is on the user's
screen now; say of it what the question is about. Never invent what you do not see or know: say that you do not know.

{commands}"""

FORMAT = """\
You can make the user's computer do something by writing a command: one JSON object, by itself between two sentences.
For example:
Opening Safari. {"command": "open_app", "args": {"app_name": "Safari"}}
Say in one sentence what will happen, then write the command; write it only if the user asked for it, and once. Write
JSON for nothing else."""

LIST = """
There are these commands and no others; behind each name is the JSON Schema of its args:
"""

TOOLS = """\
You can make the user's computer do something with the tools. Say in one sentence what will happen, then call the tool;
only if the user asked for it, and once. Never write JSON."""

LANGUAGE = "Answer in the language with the BCP-47 tag {tag}."

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""https://platform.openai.com/docs/api-reference/chat/create (tools.function.name)"""

ANY_ARGS: Schema = {"type": "object"}


class PromptWriter:
    """Writes the request bodies of one model.

    Raise ValueError for a command whose name cannot be the name of a tool, if ``tools`` are wanted.
    """

    def __init__(self, options: OpenAIModelOptions) -> None:
        commands = options.commands
        template = DEFAULT_SYSTEM_PROMPT if options.system_prompt is None else options.system_prompt
        self._system = template.replace(COMMANDS_PLACE, _description(commands, options.tools)).strip()
        offered = options.tools and commands
        settings = {
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": options.temperature,
            "max_tokens": options.max_tokens,
            "tools": [_tool(name, schema) for name, schema in commands.items()] if offered else None,
        }
        known = {key: value for key, value in settings.items() if value is not None}
        self._in_user = options.system_role == "user"
        self._fixed = {"model": options.model, "messages": [], **known, **options.extra_body}

    def body(self, turn: Turn, extra: Mapping[str, Any] | None = None) -> bytes:
        """Return the JSON of *turn* in UTF-8, with the keys of *extra* instead of its own."""
        body = {**self._fixed, **(extra or {}), "messages": self._messages(turn)}
        wanted = {key: value for key, value in body.items() if value != {}}
        return json.dumps(wanted, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")

    def _messages(self, turn: Turn) -> list[dict[str, Any]]:
        language = LANGUAGE.format(tag=turn.language) if turn.language else ""
        system = "\n\n".join(filter(None, (self._system, language)))
        earlier = [{"role": message.role, "content": _earlier(message)} for message in turn.history]
        messages: list[dict[str, Any]] = [*earlier, {"role": "user", "content": _content(turn.prompt, turn.screenshot)}]
        if not system:
            return messages
        if not self._in_user:
            return [{"role": "system", "content": system}, *messages]
        first = next(message for message in messages if message["role"] == "user")
        first["content"] = _behind(system, first["content"])
        return messages


def _behind(system: str, content: str | list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Return *content* with the text *system* before it."""
    return f"{system}\n\n{content}" if isinstance(content, str) else [{"type": "text", "text": system}, *content]


def _earlier(message: Message) -> str:
    return f"{message.text} …".lstrip() if message.cut else message.text


def _content(prompt: str, screenshot: Screenshot | None) -> str | list[dict[str, Any]]:
    if screenshot is None:
        return prompt
    url = f"data:{screenshot.mime_type};base64,{base64.b64encode(screenshot.data).decode()}"
    parts: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
    if screenshot.width and screenshot.height:
        size = f"The screenshot shows the user's screen of {screenshot.width} x {screenshot.height} pixels."
        parts.append({"type": "text", "text": size})
    return [*parts, {"type": "image_url", "image_url": {"url": url}}]


def _description(commands: Mapping[str, Schema | None], tools: bool) -> str:
    if tools and commands:
        return TOOLS
    lines = (
        f"{name}: {json.dumps(schema or ANY_ARGS, ensure_ascii=False, separators=(',', ':'))}"
        for name, schema in commands.items()
    )
    return FORMAT + (LIST + "\n".join(lines) if commands else "")


def _tool(name: str, schema: Schema | None) -> dict[str, Any]:
    if not TOOL_NAME.fullmatch(name):
        raise ValueError(f"tools: {name!r} cannot be the name of a tool: only A-Z a-z 0-9 _ and -, 64 at most")
    function: dict[str, Any] = {"name": name, "parameters": {**ANY_ARGS, **(schema or {})}}
    if isinstance(schema, Mapping) and isinstance(schema.get("description"), str):
        function["description"] = schema["description"]
    return {"type": "function", "function": function}
