"""Reads JSON from a model strictly. Only trailing commas are mended."""

import json
import re
from typing import Any, NoReturn

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]|"', re.DOTALL)
_NESTING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)


class JsonObject(dict[str, Any]):
    """A JSON object that remembers the names that it had more than once."""

    repeated: frozenset[str] = frozenset()


def depth(text: str) -> int:
    """Return how deep the objects and arrays of *text* are nested. Safe for any text; right for JSON."""
    deepest = level = 0
    for token in _NESTING.finditer(text):
        char = token.group()
        if char in ("{", "["):
            level += 1
            deepest = max(deepest, level)
        elif char in ("}", "]"):
            level -= 1
    return deepest


def parse(text: str) -> Any:
    """Return the value of *text*. ValueError if it is no JSON: single quotes, comments, NaN, line breaks in strings."""
    try:
        return _DECODER.decode(text)
    except ValueError:
        mended = _without_trailing_commas(text)
        if mended == text:
            raise
        return _DECODER.decode(mended)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = JsonObject(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        result.repeated = frozenset(name for name in names if names.count(name) > 1)
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)


def _without_trailing_commas(text: str) -> str:
    """Remove each comma between a value and a closing bracket. Strings are left alone."""
    kept: list[str] = []
    at = 0
    before = previous = ""
    comma = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if previous == "," and token in ("}", "]") and before not in ("", "{", "[", ",", ":"):
            kept.append(text[at:comma])
            at = comma + 1
        if token == ",":
            comma = match.start()
        before, previous = previous, token
    return "".join(kept) + text[at:]
