"""English: units, and how to tell them and other counted nouns from other words behind a number."""

import re
from collections.abc import Callable

from pipeline.speakable.en.numbers import cardinal
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import NEAR, after, any_of, before, in_front

_TABLE = table("en")
_WORDS = vocabulary("en")
SPACED: dict[str, list[str]] = _TABLE["spaced"]
UNITS: dict[str, list[str]] = _TABLE["units"] | SPACED
PER_UNITS: dict[str, str] = _TABLE["per"]
FUNCTION_WORDS = _WORDS["function"]

PER = rf"(?P<per>(?:/(?:(?:{any_of(PER_UNITS)})|\d{{1,4}} ?(?:{any_of(UNITS)}))(?!\w)){{0,2}})"
"""The /day/kg or /5 mL behind an amount."""
DOT = r"(?:\.(?=\s+(?:[a-z]|\d{1,3}(?:\.\d{1,3})? ?(?:in|oz|min|sec)\b)))?"
"""The dot of a unit before a word that begins no sentence."""

TIME_IN_FRONT = re.compile(rf"\b(?:{any_of(_WORDS['times'])}) (?:and )?\Z")
MILLISECONDS = re.compile(r" \d{1,9} ?ms\b")
ENDS = re.compile(r"[)\"”’]*(?:\s+[^a-z]|$)")
ELECTRIC = re.compile(r"\d ?(?:m?V|k?W|mA|Hz|volts?|watts?)(?!\w)|\b(?:fuse|breaker|charger|current|outlet|socket)s?\b")
FEET = re.compile(rf"\d ?(?:{any_of(_WORDS['feet'])}) \Z")
WIDE = re.compile(rf" (?:{any_of(_WORDS['dimensions'])})(?=[.,;:!?)]|$| (?:and|by|x|in)\b)")
LABELS = frozenset({"Day", "Week", "Step", "Part", "Level", "Round", "Stage", "Phase", "Option", "Tip", "Rule", "Task"})
PLURAL = re.compile(r"[a-z]{2,}(?<![sui])s")
"""Not basis, class, this, plus, says."""


def counts(m: re.Match[str]) -> bool:
    """Return whether the number counts what follows: people, chairs, km. In "PIN 4821 works" it counts nothing."""
    word = after(m).strip(".,;:!?)\"”'’")
    return is_unit(word) or word in _WORDS["counted"] or counted_by_its_s(word)


def is_unit(word: str) -> bool:
    """Return whether *word* is a unit; "in" mostly is none."""
    return word in UNITS and word not in FUNCTION_WORDS


def counted_by_its_s(word: str) -> bool:
    """Return whether *word* looks like a plural, and is none of the verbs that often stand behind a code."""
    return PLURAL.fullmatch(word) is not None and word not in _WORDS["verbs"] and word not in FUNCTION_WORDS


def labelled(m: re.Match[str]) -> bool:
    """Return whether the number may be that of a name or a heading: "Day 3 - 5 exercises" is no range."""
    word = before(m)
    return word.lower() in _WORDS["paged"] or ((word[:1].isupper() and len(word) < m.start() - 1) or word in LABELS)


def per(m: re.Match[str]) -> str:
    """Return " per day" for what ``PER`` matched."""
    return "".join(f" per {_per(part)}" for part in m["per"].split("/")[1:])


def per_is_sure(m: re.Match[str]) -> bool:
    """Return whether the slash means "per": in 100 mg/5 mL it does, in 5 GHz/2 GHz and 1 lb/450 g it does not."""
    amount = re.search(r"/\d+ ?(\D+)", m["per"])
    if amount is None:
        return True
    unit = m["unit"]
    return unit != amount[1] and any(
        unit in _WORDS[f"{kind}_per_amount"] and amount[1] in _WORDS[f"amounts_of_{kind}"] for kind in ("dose", "fuel")
    )


def _per(part: str) -> str:
    amount = re.match(r"(\d+) ?", part)
    if amount is None:
        return PER_UNITS[part]
    return f"{cardinal(int(amount[1]))} {UNITS[part[amount.end() :]][amount[1] != '1']}"


def one_thing(m: re.Match[str]) -> bool:
    """Return whether the amount describes a noun ("a 5 km run"), where English wants the singular."""
    article, noun = before(m).lower(), after(m)
    if article in ("a", "an") and noun[:1].isupper() and noun != "I":
        return True
    return article in _WORDS["describing"] and noun[:1].islower() and noun not in FUNCTION_WORDS


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
    if after(m).strip(".,;:!?)") in _WORDS["behind_seconds"]:
        return True
    if after(m):
        return one_thing(m) and not m["n"].endswith("0")
    a_decade = len(m["n"]) == 4 and m["n"].endswith("0")
    return not a_decade and before(m).lower() not in _WORDS["no_seconds"]


def _inches(m: re.Match[str]) -> bool:
    """Whether "in." is inches: no sentence ends at its dot, or no preposition could stand there."""
    sure = "." in m["n"] or before(m).lower() in _WORDS["before_inches"] or before(m).lower() in _WORDS["feet"]
    return sure or not ends(m)


def _bare_inches(m: re.Match[str]) -> bool:
    """Whether "in" is inches: behind feet, or before "wide"; else it is mostly the preposition."""
    return FEET.search(in_front(m)) is not None or WIDE.match(m.string, m.end()) is not None


def _percent(m: re.Match[str]) -> bool:
    """Whether a percent sign is no operator: 7 % 3."""
    return not (m["space"] and after(m)[:1].isdigit())


def _amps(m: re.Match[str]) -> bool:
    """Whether an A is amps: something else near by is electric."""
    near = m.string[max(0, m.start() - NEAR) : m.end() + NEAR]
    return ELECTRIC.search(near) is not None


def _hours(m: re.Match[str]) -> bool:
    """Whether an h is hours; glued to a number of three digits it may be part of a name."""
    return bool(m["space"]) or len(m["n"]) < 3 or "." in m["n"]


SURE: dict[str, Callable[[re.Match[str]], bool]] = {
    "s": _seconds, "in.": _inches, "in": _bare_inches, "%": _percent, "A": _amps, "h": _hours,
}  # fmt: skip


def is_sure(unit: str, m: re.Match[str]) -> bool:
    """Return whether *unit*, at the end of *m*, is certainly a unit. Most units need no look at their neighbours."""
    if unit == "m" and before(m).lower() in ("wait", "waits", "waited"):
        return False
    return unit not in SURE or SURE[unit](m)
