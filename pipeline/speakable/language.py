"""What a spoken language consists of: rules, words for markup, and tables."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signs:
    """The words of a language for signs, keys and formulas: the tables below ``signs`` in its file."""

    names: Mapping[str, str]
    """What is said for a sign that stands alone, or in no known place."""
    between: Mapping[str, str]
    """What is said for a sign between two operands; ``names`` counts for the others."""
    before: Mapping[str, str]
    """What is said for a sign in front of a number."""
    keys: Mapping[str, str]
    phrases: Mapping[str, str]
    plurals: Mapping[str, str]
    units: Mapping[str, str]
    """Units with a slash that stand without a number."""
    functions: Mapping[str, str]
    fractions: Mapping[str, str]
    cases: Mapping[str, str]
    """The case of a number behind a word of a formula; the others ask for the nominative."""
    menus: Mapping[str, str]
    """Words, parted by white space, that tell a way through a menu and a key from other uses of a sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language. The defaults suit a language without words: marks are left out, the text stays as written."""

    code: str = ""
    """The base tag: "en"."""
    spoken: Callable[[str], str] = lambda text: text
    """Rewrites a line without markup: abbreviations and, with the extra ``normalize``, numbers as words."""
    load: Callable[[], object] = lambda: None
    """Imports and builds what ``spoken`` needs, so that the first sentence need not wait for it."""
    last_words: frozenset[str] = frozenset()
    """Abbreviations that may end a sentence of letters alone, in small letters, without their last dot."""
    may_change: Callable[[str], bool] = lambda _: False
    """Whether ``spoken`` may change a text of letters and ordinary punctuation that ends in none of ``last_words``."""
    readers: frozenset[str] = frozenset()
    """The languages of the voices that can read its words."""
    link_word: Callable[[str], str] = lambda _: ""
    """Returns what to say before the host of a link, given the text in front of the link: "link to"."""
    number: Callable[[str, str], str] = lambda number, _: number
    """Returns a written number of a formula in words, in a case: "n", or "g" for the genitive."""
    signs: Signs | None = None
    """None: signs stay as written, apart from those that are only another spelling of a word or of a sign."""
    at: str = ""
    dot: str = ""
    done: str = ""
    not_done: str = ""
    yes: str = ""
    no: str = ""
    alerts: Mapping[str, str] = field(default_factory=dict)
    """What is said for the kind of a marked quotation: "warning" of ``> [!WARNING]``."""
    code_word: Callable[[str], str] = lambda name: name or "code"
    """Returns "Python code" for Python, "code" for ""."""
    lines: Callable[[int], str] = str
    """Returns "twelve lines" for 12."""


OTHER = Language()
"""Stands for all languages whose words are not known."""


@cache
def table(code: str) -> dict[str, Any]:
    """Return the table of a language: what a contributor may extend without touching code."""
    return tomllib.loads((files(f"{__package__}.{code}") / f"{code}.toml").read_text("utf-8"))


def signs(code: str) -> Signs:
    """Return the words for signs in the table of a language."""
    return Signs(**table(code)["signs"])


@cache
def vocabulary(code: str) -> Mapping[str, frozenset[str]]:
    """Return the lists of words in the table of a language."""
    return {name: frozenset(listed.split()) for name, listed in table(code)["words"].items()}
