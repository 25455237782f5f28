"""The words of formulas: those of a language, or plain signs where its words are not known."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.speakable.language import Language, Signs


@cache
def latex() -> Mapping[str, Any]:
    """Return the table of LaTeX commands."""
    return tomllib.loads((files(__package__) / "latex.toml").read_text("utf-8"))


@cache
def commands(kind: str) -> frozenset[str]:
    """Return the commands that do the same: "sums", "fractions", "texts", "styles" or "silent"."""
    return frozenset(latex()["commands"][kind].split())


@cache
def _plain() -> Signs:
    nothing: dict[str, str] = {}
    phrases = latex()["plain"]
    return Signs(
        names=nothing, between=nothing, before=nothing, keys=nothing, phrases=phrases, plurals=nothing, units=nothing,
        functions=nothing, fractions=nothing, cases=nothing, menus=nothing,
    )  # fmt: skip


def words(language: Language) -> Signs:
    """Return the words of *language* for formulas."""
    return language.signs or _plain()


def sign(written: str, signs: Signs) -> str:
    """Return what is said for a sign within a formula."""
    fixed = {"-": "minus", "−": "minus", "/": "over", "…": "so_on", "!": "factorial", "°": "degrees"}
    if written in fixed:
        return signs.phrases[fixed[written]]
    return signs.between.get(written) or signs.names.get(written) or written
