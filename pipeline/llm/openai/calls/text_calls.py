"""Reads the calls that a model wrote in its text, between marks."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.events import ToolCall

_FENCE = re.compile(r"\A\s*```\w*\s*|\s*```\s*\Z")
_FUNCTION = re.compile(
    r"""<(function|invoke)\s*(?:=|name=)\s*["']?([^<>"']{1,64})["']?\s*>(.*?)(?:</\1>|\Z)""", re.DOTALL | re.IGNORECASE
)
_PARAMETER = re.compile(
    r"""<parameter\s*(?:=|name=)\s*["']?([^<>"']{1,64})["']?\s*>\n?(.*?)\n?</parameter>""", re.DOTALL | re.IGNORECASE
)
_ARG = re.compile(r"<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>", re.DOTALL)
_NAMED = re.compile(
    r"(?:<[|｜][^<>]{1,40}[|｜]>|function|\s)*(?:functions\.)?([A-Za-z_][\w-]{0,63})(?::\d+)?"
    r"(?:<[|｜][^<>]{1,40}[|｜]>|\[ARGS\]|```json|\s)*(\{.*\})(?:<[|｜][^<>]{1,40}[|｜]>|```|\s)*\Z",
    re.DOTALL,
)
_ARGUMENTS = ("arguments", "parameters", "args", "input")
_OTHER_KEYS = {"id", "type", "name", "command", "index"}


class _Repeated(ValueError):
    """An object has a name twice."""


def calls(raw: str, *, closed: bool = True) -> tuple[list[ToolCall], str]:
    """Return the calls in *raw*, and the text behind them if their closing mark is missing.

    A call that can't be read for certain is ``refused``.
    """
    text = _FENCE.sub("", raw)
    values, rest = _values(text)
    if values and (not closed or not rest.strip("` \n\r\t,;]")):
        return [call for value in values for call in _calls(value)], "" if closed else rest
    others = list(_others(text)) if closed else []
    return others or [ToolCall("", raw, refused="invalid_json" if closed else "truncated")], ""


def _others(text: str) -> Iterator[ToolCall]:
    for _, name, body in _FUNCTION.findall(text):
        if _PARAMETER.sub("", body).strip():
            yield ToolCall(name.strip(), body.strip())  # JSON, which the commands stage judges
        else:
            yield _from_pairs(name, _PARAMETER.findall(body))
    if "<arg_key>" in text:
        yield _from_pairs(text.partition("<")[0], _ARG.findall(text))
    elif named := _NAMED.match(text):
        yield ToolCall(named[1], named[2])


def _from_pairs(name: str, pairs: Iterable[tuple[str, str]]) -> ToolCall:
    told = list(pairs)
    args = {key.strip(): _value(value) for key, value in told}
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
    name = function.get("name", function.get("command")) if isinstance(function, Mapping) else None
    if not isinstance(name, str):
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
