"""English: tell units from other words behind a number."""

import re
from collections.abc import Callable

from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import NEAR, after, any_of, before

_WORDS = vocabulary("en")
FUNCTION_WORDS = _WORDS["function"]

TIME_IN_FRONT = re.compile(rf"\b(?:{any_of(_WORDS['times'])}) (?:and )?\Z")
MILLISECONDS = re.compile(r" \d{1,9} ?ms\b")
ENDS = re.compile(r"[)\"”’]*(?:\s+[^a-z]|$)")


def one_thing(m: re.Match[str]) -> bool:
    """Return whether the amount describes a noun ("a 5 km run"), where English wants the singular."""
    article = before(m).lower()
    return article in {"a", "an", "the"} and after(m)[:1].islower() and after(m) not in FUNCTION_WORDS


def ends(m: re.Match[str]) -> bool:
    """Return whether a dot at the end of *m* may end the sentence."""
    return ENDS.match(m.string, m.end()) is not None


def _seconds(m: re.Match[str]) -> bool:
    """Whether an s is seconds: beside another time, at the end of a clause, before its noun ("a 5 s delay").

    The s of "the 90 s" and of counted letters is not.
    """
    if TIME_IN_FRONT.search(m.string, max(0, m.start() - NEAR), m.start()) or MILLISECONDS.match(m.string, m.end()):
        return True
    if not m["space"]:
        return False
    if after(m):
        return one_thing(m) and not m["n"].endswith("0")
    a_decade = len(m["n"]) == 4 and m["n"].endswith("0")
    return not a_decade and before(m).lower() not in _WORDS["no_seconds"]


def _inches(m: re.Match[str]) -> bool:
    """Whether "in." is inches: no sentence ends at its dot, or no preposition could stand there."""
    sure = "." in m["n"] or before(m).lower() in _WORDS["before_inches"] or before(m).lower() in _WORDS["feet"]
    return sure or not ends(m)


def _percent(m: re.Match[str]) -> bool:
    """Whether a percent sign is no operator: 7 % 3."""
    return not (m["space"] and after(m)[:1].isdigit())


SURE: dict[str, Callable[[re.Match[str]], bool]] = {"s": _seconds, "in.": _inches, "%": _percent}


def is_sure(unit: str, m: re.Match[str]) -> bool:
    """Return whether *unit*, at the end of *m*, is certainly a unit. Most units need no look at their neighbours."""
    return unit not in SURE or SURE[unit](m)
