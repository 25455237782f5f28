"""The tables: what a contributor may extend without touching code."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


def words(name: str, key: str) -> tuple[str, ...]:
    """A list of words of one language."""
    return tuple(table(name)["words"][key].split())


@cache
def table(name: str) -> dict[str, Any]:
    """The table of one language, ``en`` or ``ru``."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))
