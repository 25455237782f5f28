"""English: ratios and scores. The words around them tell them from times of day and ranges."""

import re

from pipeline.speakable.en.numbers import NUMBER, speak
from pipeline.speakable.en.units import is_unit
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import DASH, Rule, after, any_of, before, in_front, rule

_WORDS = vocabulary("en")
_RATIO = any_of(_WORDS["ratios"])
_SCORE = any_of(_WORDS["scores"])
_UP_TO_SIX_WORDS = r"(?: (?!(?:in|on|from|see)\b)[\w'’:–-]{1,20},?){0,6}"

NAMED = re.compile(rf"\b(?:{_RATIO})\b[,:]?{_UP_TO_SIX_WORDS} [(\"“]?\Z", re.IGNORECASE)
NAMED_BEHIND = re.compile(rf"(?: [a-z-]{{1,20}})? (?:{_RATIO}|{_SCORE})\b")
_SURE = any_of(_WORDS["ratios"] - _WORDS["screens"])
AT_ONCE = re.compile(rf"\b(?:{_SURE})(?: of| is| was| it| them|:)? \Z", re.IGNORECASE)
AT_ONCE_BEHIND = re.compile(rf"(?: aspect)? (?:{_SURE})\b")
"""If a ratio looks like a time of day, the word must stand right beside it."""

_ENDED = any_of(_WORDS["scores"] | _WORDS["ended"])
WON = re.compile(rf"\b(?:{_SCORE})\b[,:]?{_UP_TO_SIX_WORDS.replace('in|', 'in|at|of|')} [(\"“]?\Z", re.IGNORECASE)
ODDS = re.compile(r"\b[Oo]dds\b(?: [a-z]+){0,3} \Z")
ENDED = re.compile(rf"\b(?:{_ENDED})\b[,:]?{_UP_TO_SIX_WORDS.replace('in|', 'in|of|')} [(\"“]?\Z", re.IGNORECASE)
SCORE_OF = re.compile(r"\bscores? of \Z")
SETS = re.compile(rf"\b(?:{_ENDED})\b[^.;!?]{{0,24}} \d{{1,2}}[-–]\d{{1,2}}(?: to \w+)?,(?: and)? \Z", re.IGNORECASE)

VERSUS = re.compile(r"\b(?:vs\.?|versus) [^.;!?]{1,30}[:,] \Z")
WON_BEHIND = re.compile(rf" (?:{_SCORE})\b| to [A-Z]")

TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")


def _ratio(m: re.Match[str]) -> str | None:
    """Say 16:9 beside a word such as "ratio"; 3:1 also behind one such as "won"."""
    if TIME.fullmatch(m[0]):
        named = AT_ONCE.search(in_front(m)) or AT_ONCE_BEHIND.match(m.string, m.end())
    elif m[0] == "1:1" and not before(m)[:1].isupper():
        return _to(m)
    else:
        front = in_front(m)
        named = (
            NAMED.search(front) or NAMED_BEHIND.match(m.string, m.end()) or WON.search(front) or SCORE_OF.search(front)
        )
    return _to(m) if named else None


def _three(m: re.Match[str]) -> str | None:
    """Say a mix of 1:2:3."""
    named = NAMED.search(in_front(m)) or NAMED_BEHIND.match(m.string, m.end())
    return " to ".join(map(speak, m[0].split(":"))) if named else None


def _score(m: re.Match[str]) -> str | None:
    """Say 3–1 behind a word such as "won" or before one such as "victory". Before a unit it is a range."""
    if is_unit(after(m).strip(".,;:!?)")):
        return None
    front = in_front(m)
    if ODDS.search(front) or SCORE_OF.search(front):
        return _to(m)
    if ENDED.search(front) or SETS.search(front) or WON_BEHIND.match(m.string, m.end()) or VERSUS.search(front):
        return _to(m)
    return None


def _to(m: re.Match[str]) -> str:
    return f"{speak(m['n'])} to {speak(m['to'])}"


_N = rf"(?!0\d){NUMBER}"

RULES: tuple[Rule, ...] = (
    rule(rf"{_N}:{_N}:{_N}", _three),
    rule(rf"(?P<n>{_N}):(?P<to>{_N})", _ratio),
    rule(rf"(?P<n>(?!0\d)\d{{1,3}}){DASH}(?P<to>(?!0\d)\d{{1,3}})", _score),
)
