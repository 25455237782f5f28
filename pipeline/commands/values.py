"""Turns arguments into values that every wire can carry: JSON types, finite numbers, whole characters."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pipeline.commands.strict_json import JsonObject
from pipeline.errors import CommandRefused
from pipeline.text import mend


def plain(value: Any, room: int) -> Any:
    """Copy *value* in plain JSON types.

    CommandRefused: ``too_deep`` for more than *room* levels, ``invalid_args`` for another type, a number that no double
    can hold, or a name that an object has twice.
    """
    if isinstance(value, str):
        return mend(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if room <= 0 and isinstance(value, Mapping | list | tuple):
        raise CommandRefused("too_deep")
    if isinstance(value, Mapping):
        return _object(value, room)
    if isinstance(value, list | tuple):
        return [plain(item, room - 1) for item in value]
    raise CommandRefused("invalid_args")


def _number(value: float) -> float:
    with suppress(OverflowError):
        if math.isfinite(value):
            return value
    raise CommandRefused("invalid_args")


def _object(value: Mapping[Any, Any], room: int) -> dict[str, Any]:
    is_ambiguous = isinstance(value, JsonObject) and value.repeated
    if is_ambiguous or not all(isinstance(name, str) for name in value):
        raise CommandRefused("invalid_args")
    result = {mend(name): plain(item, room - 1) for name, item in value.items()}
    if len(result) < len(value):
        raise CommandRefused("invalid_args")
    return result
