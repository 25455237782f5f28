"""Reads the calls that a model wrote in its text, between marks."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.events import ToolCall
from pipeline.llm.openai.calls.python_calls import python_calls

_FENCE = re.compile(r"\A\s*```\w*\s*|\s*```\s*\Z")
_PREFIX = r"(?:\w{1,12}:|[|｜‖]{1,2}DSML[|｜‖]{1,2})?"
_FUNCTION = re.compile(
    rf"""<{_PREFIX}(function|invoke)\s*(?:=|name=)\s*["']?([^<>"']{{1,64}})["']?\s*>(.*?)(?:</{_PREFIX}\1>|\Z)""",
    re.DOTALL | re.IGNORECASE,
)
_PARAMETER = re.compile(
    rf"""<{_PREFIX}parameter\s*(?:=|name=)\s*["']?([^<>"']{{1,64}})["']?(\s[^<>]{{0,64}})?>\n?(.*?)\n?</{_PREFIX}parameter>""",
    re.DOTALL | re.IGNORECASE,
)
_ARG = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)
_MARK = r"<[|｜][^<>]{1,40}[|｜]>|</?(?:\w{1,12}:)?tool_calls?>"
_NAME = re.compile(
    rf"(?:{_MARK}|\[TOOL_CALLS\]|function(?=<)|\s)*(?:functions\.)?([A-Za-z_][\w.-]{{0,63}}?)(?::\d+)?"
    rf"(?:{_MARK}|\[CALL_ID\]\w{{1,64}}|\[ARGS\]|```json|\s)*(?={{)"
)
_BETWEEN = re.compile(rf"(?:{_MARK}|```|[\s,;])*")
_MESSAGE = re.compile(
    r"\s*(?:to=(?:functions\.)?([\w.-]{1,64}))?(?:[^<>]|<\|constrain\|>)*<\|message\|>", re.IGNORECASE
)
"""The head of a message of gpt-oss to a tool, or, without a name, to the user."""
_GEMMA = re.compile(r"\s*call:([\w.-]{1,64})(\{.*\})\s*\Z", re.DOTALL)
_GEMMA_STRING = re.compile(r'<\|"\|>(.*?)<\|"\|>|<escape>(.*?)<escape>|(\w+)(?=\s*:)', re.DOTALL)
"""A string as Gemma writes it, or a name, which has no quotes there."""
_ARGUMENTS = ("arguments", "parameters", "args", "input")
_NAMES = ("name", "command", "tool_name")
_OTHER_KEYS = {"id", "type", "index", "tool_call_id", *_NAMES}


class _Repeated(ValueError):
    """An object has a name twice."""


def calls(raw: str, *, closed: bool = True) -> tuple[list[ToolCall], str]:
    """Return the calls in *raw*, and the text behind them if their closing mark is missing.

    A call that can't be read for certain is ``refused``.
    """
    text = _FENCE.sub("", raw)
    if message := _MESSAGE.match(text):
        body = text[message.end() :]
        return ([ToolCall(message[1], body)], "") if message[1] else ([], body)
    values, rest = _values(text)
    if values and (not closed or not rest.strip("` \n\r\t,;]")):
        return [call for value in values for call in _calls(value)], "" if closed else rest
    named, rest = _named(text)
    if named and not (closed and rest):
        return named, rest
    others = (_others(text) if closed else []) or python_calls(text)
    return others or [ToolCall("", raw, refused="invalid_json" if closed else "truncated")], ""


def _others(text: str) -> list[ToolCall]:
    if gemma := _GEMMA.match(text):
        return [ToolCall(gemma[1], _GEMMA_STRING.sub(_quoted, gemma[2]))]
    if "<arg_key>" in text:
        return [_from_pairs(text.partition("<")[0], ((key, "", value) for key, value in _ARG.findall(text)))]
    return [
        ToolCall(name.strip(), body.strip())  # JSON, which the commands stage judges
        if _PARAMETER.sub("", body).strip()
        else _from_pairs(name, _PARAMETER.findall(body))
        for _, name, body in _FUNCTION.findall(text)
    ]


def _quoted(told: re.Match[str]) -> str:
    return json.dumps(told[1] or told[2] or told[3] or "", ensure_ascii=False)


def _named(text: str) -> tuple[list[ToolCall], str]:
    """Return the calls that *text* begins with, names with an object behind each, and the rest."""
    found = []
    at = 0
    while name := _NAME.match(text, at):
        try:
            _, end = _DECODER.raw_decode(text, name.end())
        except (ValueError, RecursionError):
            break
        found.append(ToolCall(name[1], text[name.end() : end]))
        between = _BETWEEN.match(text, end)
        at = between.end() if between and (between.end() == len(text) or _NAME.match(text, between.end())) else end
    return found, text[at:]


def _from_pairs(name: str, pairs: Iterable[tuple[str, str, str]]) -> ToolCall:
    told = list(pairs)
    args = {key.strip(): value if 'string="true"' in kind else _value(value) for key, kind, value in told}
    return ToolCall(
        name.strip(), json.dumps(args, ensure_ascii=False), refused="" if len(args) == len(told) else "invalid_args"
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _values(text: str) -> tuple[list[Any], str]:
    """Return the JSON objects and arrays that *text* begins with, and the rest."""
    values = []
    rest = text.lstrip(" \n\r\t,;")
    while rest[:1] in ("{", "["):
        try:
            value, end = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            break
        values.append(value)
        rest = rest[end:].lstrip(" \n\r\t,;") if rest[end:].lstrip(" \n\r\t,;")[:1] in ("{", "[") else rest[end:]
    return values, rest


def _calls(value: Any) -> Iterator[ToolCall]:
    if isinstance(value, list):
        for item in value:
            yield from _calls(item)
        return
    function = value.get("function", value) if isinstance(value, Mapping) else value
    names = [function[key] for key in _NAMES if key in function] if isinstance(function, Mapping) else []
    if len(names) != 1 or not isinstance(name := names[0], str):
        yield ToolCall("", json.dumps(value, ensure_ascii=False), refused="invalid_command")
        return
    told = [key for key in _ARGUMENTS if key in function]
    args = function[told[0]] if told else None
    text = args if isinstance(args, str) else "" if args is None else json.dumps(args, ensure_ascii=False)
    unclear = len(told) > 1 or (not told and not function.keys() <= _OTHER_KEYS)
    yield ToolCall(name, text, refused="invalid_args" if unclear else "")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(value := dict(pairs)) < len(pairs):
        raise _Repeated
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, strict=False)
