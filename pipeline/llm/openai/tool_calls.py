"""Native tool calls, put together from the fragments that a model streams."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.events import ToolCall

MAX_CHARS = 1024 * 1024
"""Of all calls of one answer together."""

CALL_CHARS = 64
"""What a call counts at least, so that empty ones are bounded too."""


class TooManyCalls(ValueError):
    """The calls of one answer are longer than any honest model's."""


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    args: list[str] = field(default_factory=list)


class ToolCalls:
    """The calls of one answer that are not finished yet, in the model's order."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._chars = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, fragment: Mapping[str, Any]) -> None:
        """Take one element of ``delta.tool_calls``. TypeError for a field of the wrong type, TooManyCalls.

        A fragment belongs to the call of its ``index``; one without an index continues the latest call. Also where the
        server numbers all its calls 0, one with another ``id`` begins a new call; without ids one with another name
        does, and one with a name and arguments behind a call that came whole.
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
        """Give all calls, with their arguments as the model wrote them. *cut*: the model was stopped by its length, so
        that a last call without arguments may have had some; it is ``refused``.
        """
        found = [ToolCall(call.name, "".join(call.args)) for call in self._calls]
        if cut and found and not str(found[-1].args).strip():
            found[-1] = ToolCall(found[-1].name, "", refused="truncated")
        self._calls.clear()
        self._by_index.clear()
        return found


def _is_another(call: _Call, identity: str, name: str, args: str) -> bool:
    """Whether the fragment cannot belong to *call*, though it has its index."""
    if identity and call.id:
        return identity != call.id
    if not (name and call.name):
        return False
    # Some servers repeat the name in every fragment.
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
