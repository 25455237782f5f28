"""English: amounts of several parts: 1h 45min, 5'11", 3 x 250 mg, 10 x 15 cm, and what is glued to one letter: 350F."""

import re

from pipeline.speakable.en.money import MAGNITUDES, amount
from pipeline.speakable.en.numbers import NUMBER, cardinal, speak, value
from pipeline.speakable.en.units import DOT, PER, SURE, UNITS, counted_by_its_s, counts, labelled, one_thing, per
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import Rule, after, any_of, before, rule

_WORDS = vocabulary("en")
_LENGTHS = _WORDS["lengths"]
MARKED = re.compile(rf"({NUMBER})([\"”″'’′])")
MEASURE = re.compile(rf"(?P<n>{NUMBER}) ?(?P<unit>\S*)")
COMPASS: dict[str, str] = table("en")["compass"]
_SCALES = {"F": "Fahrenheit", "C": "Celsius"}


def _some(number: str, one: str) -> str:
    return f"{cardinal(int(number))} {one if int(number) == 1 else one + 's'}"


def _duration(m: re.Match[str]) -> str | None:
    """Say 1h 45min and 1h30; the 30 of "1h 30" may be another number."""
    if not m["minutes"] and (m["gap"] or m["apart"] or m["s"]):
        return None
    minutes = _some(m["m"], "minute") if m["minutes"] else cardinal(int(m["m"]))
    seconds = f" {_some(m['s'], 'second')}" if m["s"] else ""
    return f"{_some(m['h'], 'hour')} {minutes}{seconds}"


def _days(m: re.Match[str]) -> str:
    return _some(m["d"], "day")


def _minutes(m: re.Match[str]) -> str:
    return f"{_some(m['m'], 'minute')} {_some(m['s'], 'second')}"


def _height(m: re.Match[str]) -> str | None:
    """Say 5'11" as five feet eleven inches, 5'11 as five foot eleven."""
    feet, inches = m["feet"], m["inches"]
    if m["mark"]:
        return f"{cardinal(int(feet))} {'foot' if feet == '1' else 'feet'} {_inches(inches)}"
    return f"{cardinal(int(feet))} foot {cardinal(int(inches))}"


def _inches(number: str) -> str:
    return f"{speak(number)} {'inch' if number == '1' else 'inches'}"


def _marked(m: re.Match[str]) -> str | None:
    """Say 27" where no quotation is open, and 6' before "tall"."""
    word = after(m).strip(".,;:!?)")
    if m["mark"] in "'’′":
        return f"{amount(m)} {'foot' if m['n'] == '1' else 'feet'}" if word in _WORDS["dimensions"] else None
    if m["mark"] in '"”' and (m.string.count('"', 0, m.start()) % 2 or m.string.count("“", 0, m.start())):
        return None
    describes = before(m).lower() in _WORDS["describing"] or counts(m)
    if m["to"] or word in _WORDS["dimensions"] or not word or not describes:
        return f"{amount(m)} {'inch' if m['n'] == '1' and not m['to'] else 'inches'}"
    return f"{speak(m['n'])} inch"


def _times(m: re.Match[str]) -> str | None:
    """Say 3 x 250 mg as a dose taken three times, 10 x 15 cm as a size."""
    unit = m["unit"]
    by = " by " if unit in _LENGTHS else " times "
    one, many = UNITS[unit]
    parts = [MEASURE.match(part.strip()) for part in re.split("[x×]", m["all"])]
    numbers = [speak(part["n"]) for part in parts if part]
    if (len(numbers) > 2 and unit not in _LENGTHS) or any(part and part["unit"] not in ("", unit) for part in parts):
        return None
    word = after(m).strip(".,;:!?)")
    describes = one_thing(m) or word in _WORDS["races"] or (unit not in _LENGTHS and counted_by_its_s(word))
    return by.join(numbers) + f" {one if describes else many}" + per(m)


def _resolution(m: re.Match[str]) -> str:
    return f"{speak(m['n'])} by {speak(m['to'])}"


def _marked_by(m: re.Match[str]) -> str:
    """Say 1.5" x 3.5" and 2' x 4'."""
    return " by ".join(_with_mark(number, mark) for number, mark in MARKED.findall(m[0]))


def _with_mark(number: str, mark: str) -> str:
    if mark in "'’′":
        return f"{speak(number)} {'foot' if number == '1' else 'feet'}"
    return _inches(number)


def _letter_m(m: re.Match[str]) -> str | None:
    """Say 5m tall, 45m ago, 1m people; what 5m alone is nobody knows."""
    word = after(m).strip(".,;:!?)")
    if word in _WORDS["dimensions"]:
        return f"{speak(m['n'])} {'meter' if m['n'] == '1' else 'meters'}"
    if word in _WORDS["races"]:
        return f"{speak(m['n'])} meter"
    if word in ("ago", "left", "later", "remaining"):
        return f"{speak(m['n'])} {'minute' if m['n'] == '1' else 'minutes'}"
    return f"{speak(m['n'])} million" if counts(m) and word not in UNITS else None


def _small_size(m: re.Match[str]) -> str | None:
    """Say an 8x10 frame; a 4x4 is a car."""
    known = after(m).strip(".,;:!?)") in _WORDS["sizes"]
    return f"{cardinal(int(m['n']))} by {cardinal(int(m['to']))}" if known else None


def _compound_size(m: re.Match[str]) -> str:
    """Say a 9x13-inch pan."""
    unit = UNITS[m["unit"]][0] if m["unit"] in UNITS else m["unit"]
    return f"{speak(m['n'])} by {speak(m['to'])}-{unit}"


def _factor_of(m: re.Match[str]) -> str | None:
    """Say that prices rose 3.5x; 2x before another word stays."""
    word = after(m).strip(".,;:!?)")
    if word and word not in _WORDS["behind_factors"] and "." not in m["n"]:
        return None
    return f"{speak(m['n'])} times"


def _temperature(m: re.Match[str]) -> str | None:
    """Say 350F; the C of "seat 20C" is part of a name."""
    word = before(m).lower().strip(":,(")
    if (word and word not in _WORDS["before_degrees"]) or (m["to"] and value(m["n"]) >= value(m["to"])):
        return None
    minus = "minus " if m["minus"] else ""
    return f"{minus}{amount(m)} degrees {_SCALES[m['scale']]}"


def _position(m: re.Match[str]) -> str:
    """Say 45°N and 40°42'46"N."""
    parts = [_some(m["d"], "degree") if "." not in m["d"] else f"{speak(m['d'])} degrees"]
    parts += [_some(m[name], word) for name, word in (("m", "minute"), ("s", "second")) if m[name]]
    return " ".join((*parts, COMPASS[m["to"]]))


def _factor(m: re.Match[str]) -> str | None:
    """Say 10k steps and 2.5M users; 4K is a resolution, a 10k is a race, 5M may be anything."""
    size = m["size"] or m["apart"]
    word = after(m).strip(".,;:!?)")
    plenty = counts(m) and word not in UNITS
    number = speak(m["n"])
    if size in ("k", "K"):
        if plenty and (size == "k" or m["n"] not in ("2", "4", "8")):
            return f"{number} thousand{_plus(m)}"
        return f"{number} K{_plus(m)}" if size == "k" else None
    if plenty or (size in ("M", "bn", "mn", "tn") and ("." in m["n"] or size != "M")):
        return f"{number} {MAGNITUDES[size]}{_plus(m)}"
    return None


def _thousands(m: re.Match[str]) -> str | None:
    """Say 10k–20k and 10–20k."""
    return f"{speak(m['n'])} to {speak(m['to'])} thousand" if value(m["n"]) < value(m["to"]) else None


def _temperatures(m: re.Match[str]) -> str:
    """Say 350F/180C."""
    first, last = _SCALES[m["scale"]], _SCALES[m["last"]]
    return f"{speak(m['n'])} degrees {first} slash {speak(m['to'])} degrees {last}"


def _plus(m: re.Match[str]) -> str:
    return " plus" if m["plus"] else ""


def _and_more(m: re.Match[str]) -> str:
    return f"{speak(m['n'])} plus"


def _spaced_range(m: re.Match[str]) -> str | None:
    """Say 8 - 10 minutes; a range goes up, and something is counted behind it."""
    word = after(m).strip(".,;:!?)")
    if value(m["n"]) >= value(m["to"]) or not counts(m) or word in UNITS or labelled(m):
        return None
    return f"{speak(m['n'])} to {speak(m['to'])}"


def _spaced_measure(m: re.Match[str]) -> str | None:
    if value(m["n"]) >= value(m["to"]) or labelled(m):
        return None
    return f"{speak(m['n'])} to {speak(m['to'])} {UNITS[m['unit']][1]}{per(m)}"


def _per_time(m: re.Match[str]) -> str:
    return f"{speak(m['n'])}{' times' if m['x'] else ''}{per(m)}"


_N = rf"(?P<n>{NUMBER})"
_PLAIN_UNITS = any_of(unit for unit in UNITS if unit not in SURE)
_SECONDS = r"(?:(?<!\d) ?(?P<s>[0-5]?\d) ?s(?:ecs?)?)?"
_BY = r"\s?[x×]\s?"
_PART = rf"{NUMBER}(?: ?(?:{_PLAIN_UNITS})(?={_BY}))?"

FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?P<d>\d{1,3}) ?d(?= \d{1,2} ?h)", _days),
    rule(rf"(?P<all>{_PART}(?:{_BY}{_PART}){{0,1}}{_BY}{NUMBER}) ?(?P<unit>{_PLAIN_UNITS}){PER}{DOT}", _times),
    rule(rf"{_N} ?[x×] ?(?P<to>{NUMBER})-(?P<unit>inch|foot|feet|{any_of(_LENGTHS)})", _compound_size),
    rule(r"(?P<n>\d{3,4})[x×](?P<to>\d{3,4})(?:p|px)?", _resolution),
    rule(rf"{_N} [-–—] (?P<to>{NUMBER})\s?(?P<unit>{_PLAIN_UNITS}|°){PER}{DOT}", _spaced_measure),
    rule(rf"{_N} [-–—] (?P<to>{NUMBER})", _spaced_range),
    rule(rf"{NUMBER}(?P<mark>[\"”″'’′])(?:{_BY}{NUMBER}[\"”″'’′]){{1,2}}", _marked_by),
    rule(r"(?P<n>\d{1,2})[x×](?P<to>\d{1,2})", _small_size),
    rule(rf"{_N}x", _factor_of),
    rule(
        rf"(?P<h>\d{{1,3}})(?P<apart> ?)(?:h|hrs?)(?P<gap> ?)(?P<m>[0-5]?\d)(?P<minutes> ?m(?:ins?)?)?{_SECONDS}",
        _duration,
    ),
    rule(r"(?P<m>\d{1,3}) ?m(?:in)? ?(?P<s>[0-5]?\d) ?s(?:ec)?", _minutes),
)
"""They come before the rule that keeps numbers beside operators."""

RULES: tuple[Rule, ...] = (
    rule(
        r"(?P<d>\d{1,3}(?:\.\d{1,7})?)° ?(?:(?P<m>\d{1,2})['′’] ?)?(?:(?P<s>\d{1,2})[\"″”] ?)?(?P<to>[NSEW])", _position
    ),
    rule(r"(?P<feet>[1-9])['’′] ?(?P<inches>1[01]|\d(?:\.5)?)(?P<mark>[\"”″]|'')?", _height),
    rule(rf"{_N}(?:[-–](?P<to>{NUMBER}))?(?P<mark>[\"”″'’′])", _marked),
    rule(r"(?P<minus>[-−])?(?P<n>\d{1,3}(?:\.\d)?)(?:[-–](?P<to>\d{1,3}))? ?(?P<scale>[FC])", _temperature),
    rule(rf"{_N}k?[-–](?P<to>{NUMBER})k", _thousands),
    rule(r"(?P<n>\d{2,3})(?P<scale>[FC])/(?P<to>\d{2,3})(?P<last>[FC])", _temperatures),
    rule(r"(?P<feet>[1-9]) ?ft(?P<inches>1[01]|\d)(?P<mark>)", _height),
    rule(rf"{_N}(?:(?P<size>k|K|M|B|bn|mn|tn)| (?P<apart>bn|mn|tn))(?P<plus>\+)?", _factor),
    rule(rf"{_N}m", _letter_m),
    rule(rf"{_N}\+", _and_more),
    rule(rf"{_N}(?P<x>x| times)?(?=/[^\d/]){PER}", _per_time),
)
