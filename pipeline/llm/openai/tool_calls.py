"""Puts native tool calls together from the fragments that a model streams."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.events import ToolCall

MAX_CHARS = 1024 * 1024
"""The limit of all calls of one answer together."""

CALL_CHARS = 64
"""Added for each call, so that calls without arguments are limited too."""


class TooManyCalls(ValueError):
    """The calls of one answer are longer than those of any honest model."""


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    args: list[str] = field(default_factory=list)


class ToolCalls:
    """The unfinished calls of one answer, in the model's order."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._chars = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, fragment: Mapping[str, Any]) -> None:
        """Take one element of ``delta.tool_calls``. Raise TypeError for a field of the wrong type, or TooManyCalls.

        A fragment belongs to the call with its ``index``; one without an index continues the latest call. Some servers
        give every call the index 0. Therefore another ``id`` begins a new call. Without ids another name does, and so
        does a name with arguments behind a call whose arguments came in one piece.
        """
        function = fragment.get("function") or {}
        if not isinstance(function, Mapping):
            raise TypeError("function of a tool call")
        identity, name = _text(fragment.get("id")), _text(function.get("name"))
        args = _text(function.get("arguments"))
        call = self._open(fragment.get("index"), identity, name, args)
        self._chars += len(args)
        if self._chars > MAX_CHARS:
            raise TooManyCalls
        call.args.append(args)

    def _open(self, index: object, identity: str, name: str, args: str) -> _Call:
        if index is None:
            call = self._calls[-1] if self._calls and not name else None
        elif isinstance(index, int):
            call = self._by_index.get(index)
        else:
            raise TypeError("index of a tool call")
        if call is None or _is_another(call, identity, name, args):
            call = _Call(identity, name)
            self._chars += CALL_CHARS + len(name)
            self._calls.append(call)
            if isinstance(index, int):
                self._by_index[index] = call
        else:
            call.name = call.name or name
        return call

    def finish(self, *, cut: bool = False) -> list[ToolCall]:
        """Return all calls, with their arguments as the model wrote them.

        *cut* tells that the model reached its length limit. A last call without arguments is then ``refused``, because
        its arguments may be missing.
        """
        calls = [ToolCall(call.name, "".join(call.args)) for call in self._calls]
        if cut and calls and not str(calls[-1].args).strip():
            calls[-1] = ToolCall(calls[-1].name, "", refused="truncated")
        self._calls.clear()
        self._by_index.clear()
        return calls


def _is_another(call: _Call, identity: str, name: str, args: str) -> bool:
    """Tell whether a fragment with the index of *call* belongs to another call."""
    if identity and call.id:
        return identity != call.id
    if not (name and call.name):
        return False
    # The same name alone does not tell: some servers repeat the name in every fragment.
    return name != call.name or bool(args.strip() and len(call.args) == 1 and _is_object(call.args[0]))


def _is_object(raw: str) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("text of a tool call")
    return value
