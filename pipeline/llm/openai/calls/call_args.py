"""Reads the arguments of a native tool call out of the pieces in which a server told them."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

_DECODER = json.JSONDecoder(strict=False)


def joined(parts: Sequence[str], *, growing: bool = False) -> str:
    """Return the arguments that *parts* tell: one JSON object where that can be read, else the parts as written.

    Some servers send an empty object before the real one, repeat the whole, send with each part all that came before
    it, or write the object into a JSON string. *growing* tells that parts were whole objects, which may be unfinished.
    """
    text = "".join(parts)
    for told in (text, _cumulated(parts)):
        objects = _objects(told)
        if objects and all(_replaces(last, first, growing) for (first, _), (last, _) in pairwise(objects)):
            return told if len(objects) == 1 and told.lstrip().startswith("{") else objects[-1][1]
    return text


def value(args: str) -> dict[str, Any] | None:
    """Return the object in *args*, None if it is not exactly one."""
    objects = _objects(args)
    return objects[0][0] if len(objects) == 1 else None


def grows(first: Any, last: Any) -> bool:
    """Tell whether *last* may be *first* with more of it written."""
    if isinstance(first, dict) and isinstance(last, dict):
        return all(key in last and grows(item, last[key]) for key, item in first.items())
    if isinstance(first, list) and isinstance(last, list):
        return len(first) <= len(last) and all(map(grows, first, last))
    if isinstance(first, str) and isinstance(last, str):
        return last.startswith(first)
    return type(first) is type(last) and bool(first == last)


def _replaces(last: dict[str, Any], first: dict[str, Any], growing: bool) -> bool:
    return not first or (grows(first, last) if growing else first == last)


def _cumulated(parts: Sequence[str]) -> str:
    text = ""
    for part in parts:
        text = part if text.strip() and part.startswith(text) else text + part
    return text


def _objects(text: str) -> list[tuple[dict[str, Any], str]]:
    """Return the JSON objects that *text* consists of, each with its text; none if there is anything else in it."""
    objects = []
    rest = text.strip()
    while rest:
        try:
            item, end = _DECODER.raw_decode(rest)
            written = rest[:end]
            if isinstance(item, str):
                item, written = json.loads(item), item
        except (ValueError, RecursionError):
            return []
        if not isinstance(item, dict):
            return []
        objects.append((item, written))
        rest = rest[end:].lstrip()
    return objects
