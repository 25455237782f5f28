"""A native tool call, as far as a server has told it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.llm.openai.calls import call_args


@dataclass(slots=True)
class Call:
    """A call as far as it was told. In a fragment, ``names`` and ``parts`` have at most one element.

    ``growing``: arguments came as whole objects. ``refused``: why the call does not run. ``text``: it was written in
    tags in the text. ``given``: name and arguments with which it has left. ``is_numbered``: its index counts the calls.
    """

    index: int | None = None
    id: str = ""
    names: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    growing: bool = False
    refused: str = ""
    text: bool = False
    given: tuple[str, str] | None = None
    is_numbered: bool = False

    @property
    def name(self) -> str:
        name = ""
        for piece in self.names:
            name = piece if piece.startswith(name) else name + piece
        return name

    @property
    def args(self) -> str:
        return call_args.joined(self.parts, growing=self.growing)

    @property
    def is_blank(self) -> bool:
        return not "".join(self.parts).strip()

    @property
    def is_empty(self) -> bool:
        return self.is_blank or call_args.value(self.args) == {}

    @property
    def is_whole(self) -> bool:
        last = next((part for part in reversed(self.parts) if part.strip()), "")
        return last.rstrip()[-1:] in ("}", '"') and call_args.value(self.args) is not None

    @property
    def key(self) -> tuple[str, str]:
        args = self.args
        value = {} if self.is_blank else call_args.value(args)
        return self.name, args if value is None else json.dumps(value, sort_keys=True)


def read(fragment: Mapping[str, Any]) -> Call:
    """Read one element of ``delta.tool_calls``. Raise TypeError for a field of the wrong type."""
    function = fragment.get("function") or fragment
    if not isinstance(function, Mapping):
        raise TypeError("function of a tool call")
    index = fragment.get("index")
    if isinstance(index, str) and index.isdecimal():
        index = int(index)
    if not (index is None or isinstance(index, int)):
        raise TypeError("index of a tool call")
    name, args = _text(function.get("name")), function.get("arguments")
    text = args if isinstance(args, str) else "" if args is None else json.dumps(args, ensure_ascii=False)
    names, parts = [name] if name.strip() else [], [text] if text else []
    growing = args is not None and not isinstance(args, str)
    return Call(index, _text(fragment.get("id")), names, parts, growing)


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("text of a tool call")
    return value
