"""Reads JSON from a model strictly. Only three slips are mended: trailing commas, line breaks in strings, and quotes in
the text of an envelope.
"""

import json
import re
from itertools import accumulate
from typing import Any, NoReturn

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKET = re.compile(r"[{}\[\]]")
_END_OF_VALUE = re.compile(rf'({_STRING.pattern}|[^\s"{{\[,:]+)(?:(\s*),(?=\s*[}}\]]))?', re.DOTALL)
"""The end of a value, with the comma that stands between it and a closing bracket."""


_TEXT = re.compile(r'(\A\s*\{[^{}]*?"text"\s*:\s*")(.*?)("\s*(?:\}\s*\Z|,\s*"[^"\\\n]{1,64}"\s*:))', re.DOTALL)
"""The text at the top of an object. It ends where the next name or the end of the object follows."""
_QUOTE = re.compile(r'\\.|"', re.DOTALL)


class JsonObject(dict[str, Any]):
    """A JSON object that remembers the names that it had more than once."""

    repeated: frozenset[str] = frozenset()


def depth(text: str) -> int:
    """Return how deep the objects and arrays of *text* are nested. Safe for any text; right for JSON."""
    brackets = _BRACKET.findall(_STRING.sub("", text))
    return max(accumulate((1 if bracket in "{[" else -1 for bracket in brackets), initial=0))


def parse(text: str) -> Any:
    """Return the value of *text*. ValueError if it is no JSON: single quotes, comments, NaN."""
    try:
        return _DECODER.decode(text)
    except ValueError:
        mended = _END_OF_VALUE.sub(r"\1\2", _TEXT.sub(_escaped, text, count=1))
        if mended == text:
            raise
        return _DECODER.decode(mended)


def _escaped(text: re.Match[str]) -> str:
    """Return the text of an envelope with its quotes escaped."""
    return text[1] + _QUOTE.sub(lambda quote: quote[0] if quote[0][0] == "\\" else '\\"', text[2]) + text[3]


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = JsonObject(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        result.repeated = frozenset(name for name in names if names.count(name) > 1)
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, strict=False)
