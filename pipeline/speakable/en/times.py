"""English: times of day, time zones, durations with a colon."""

import re

from pipeline.speakable.en.numbers import cardinal
from pipeline.speakable.en.units import counts
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import DASH, Rule, any_of, before, in_front, rule

_WORDS = vocabulary("en")

ZONE = re.compile(r"(?<!\w)(?P<zone>UTC|GMT) ?(?P<sign>[-−–+±])(?P<h>\d{1,2})(?::?(?P<m>[0-5]\d))?(?![\w:]|\.\d)")
WORD_TO = re.compile(r"\b(noon|midnight) ?[-–] ?(?=\d)", re.IGNORECASE)
ZONE_SIGNS = {"+": "plus", "±": "plus or minus"}
LASTS = re.compile(rf"\b(?:{any_of(_WORDS['durations'])})\b(?: (?!at\b|from\b|until\b|to\b)[a-z]+){{0,3}}:? \Z", re.I)
LONG = re.compile(
    r" (?:minutes|hours|mins|hrs|long|timer|countdown|video|clip|song|track|in length)\b"
    r"|(?: [a-z]+)? (?:duration|runtime|mile|marathon|pace)\b"
)
TIMED = re.compile(rf"\b(?:{any_of(_WORDS['timed'])})\b[^.;!?\d]{{0,24}} at \Z", re.IGNORECASE)
OPEN = re.compile(
    r"\b(?:open|opens|hours|available|daily|weekdays|\w+days?)(?: is| are)?(?: from)?:? \Z", re.IGNORECASE
)
TRAIN = re.compile(r" (?:train|bus|ferry|flight|from|to [A-Z])")
ENDS = re.compile(r"[.,;:!?)]*(?:\s|$)(?!percent|per|%)")
WORKING = re.compile(r"(?:\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?[,:]? |\b(?:open|work|works|working|from) )\Z")
WORKING_BEHIND = re.compile(r" (?:jobs?|schedule|shifts?|hours|office|workday|grind|routine)\b")


def written_out(text: str) -> str:
    """Return *text* with "UTC minus three" for UTC-3."""
    text = WORD_TO.sub(r"\1 to ", text)
    return ZONE.sub(_zone, text) if "UTC" in text or "GMT" in text else text


def _zone(m: re.Match[str]) -> str:
    minutes = f" {cardinal(int(m['m']))}" if m["m"] and m["m"] != "00" else ""
    return f"{m['zone']} {ZONE_SIGNS.get(m['sign'], 'minus')} {cardinal(int(m['h']))}{minutes}"


def clock(hour: str, minute: str, *, half: bool) -> str:
    """Return "fourteen oh five" for 14:05. *half*: whether AM or PM follows."""
    number = cardinal(int(hour))
    if minute == "00":
        if half:
            return number
        return f"{number} o'clock" if 1 <= int(hour) <= 12 else f"{number} hundred"
    low = f"oh {cardinal(int(minute))}" if minute[0] == "0" else cardinal(int(minute))
    return f"{number} {low}"


def _time(m: re.Match[str]) -> str | None:
    """Say 14:05 and 9:30 PM. A 9 alone is a time only before AM or PM."""
    return _at(m["h"], m["m"], m["half"], half=bool(m["half"])) if m["m"] or m["half"] else None


def _full_hour(m: re.Match[str]) -> str:
    return cardinal(int(m["h"]))


def _dotted(m: re.Match[str]) -> str | None:
    """Say 6.45 pm; without pm only where something leaves or opens at it."""
    timed = TIMED.search(in_front(m)) and ENDS.match(m.string, m.end())
    if m["half"] is None and not timed and not (before(m).lower() == "the" and TRAIN.match(m.string, m.end())):
        return None
    return _at(m["h"], m["m"], m["half"], half=bool(m["half"]))


def _dotted_hours(m: re.Match[str]) -> str | None:
    """Say "open from 9.30 to 17.30"."""
    if int(m["m"]) % 5 or int(m["m2"]) % 5 or counts(m) or not OPEN.search(in_front(m)):
        return None
    first, last = _at(m["h"], m["m"], None, half=False), _at(m["h2"], m["m2"], None, half=False)
    return f"{first} to {last}" if first and last else None


def _dotted_times(m: re.Match[str]) -> str | None:
    first = _at(m["h"], m["m"], m["half"], half=True)
    last = _at(m["h2"], m["m2"], m["half2"], half=True)
    return f"{first} to {last}" if first and last else None


def _lasting(m: re.Match[str]) -> str | None:
    """Say 3:45 as a duration, whose unit is not told: 2:00 is "two colon zero zero"."""
    if int(m["h"]) < 24 and not (LASTS.search(in_front(m)) or LONG.match(m.string, m.end())):
        return None
    if m[0] == "24:00":
        return "twenty-four hundred"
    return f"{cardinal(int(m['h']))} colon zero zero" if m["m"] == "00" else clock(m["h"], m["m"], half=False)


def _with_seconds(m: re.Match[str]) -> str | None:
    """Say 2:00:35 as two hours thirty-five seconds, and as a time of day behind "at"."""
    if before(m).lower() == "at" or m["half"]:
        hour = _at(m["h"], m["m"], m["half"], half=bool(m["half"]))
        return f"{hour} and {_some(m['s'], 'second')}" if hour and not m["half"] else None
    named = (("h", "hour"), ("m", "minute"), ("s", "second"))
    return " ".join(_some(m[name], noun) for name, noun in named if int(m[name])) or None


def _some(number: str, one: str) -> str:
    return f"{cardinal(int(number))} {one if int(number) == 1 else one + 's'}"


def _times(m: re.Match[str]) -> str | None:
    """Say 9 AM–5:30 PM, 9–11 a.m., 9:00–17:30, 10 a.m.-noon. 9–5 is no time; the 9 of 9 - 5 PM may be none."""
    half, until = m["half"], m["half2"]
    if not (m["m"] or half or (until and " " not in m["dash"])) or not (m["m2"] or until or m["word"]):
        return None
    first = _at(m["h"], m["m"], half, half=bool(half or until))
    last = m["word"] or _at(m["h2"], m["m2"], until, half=bool(until))
    return f"{first} to {last}" if first and last else None


def _at(hour: str, minute: str | None, written: str | None, *, half: bool) -> str | None:
    if int(hour) > 23 or (not minute and not 1 <= int(hour) <= 12):
        return None
    behind = (written or "").strip()
    return f"{clock(hour, minute or '00', half=half)} {behind if '.' in behind else behind.upper()}".rstrip()


def _working(m: re.Match[str]) -> str | None:
    """Say 9-5 behind weekdays and before "job"."""
    if not (WORKING.search(in_front(m)) or WORKING_BEHIND.match(m.string, m.end())):
        return None
    return f"{cardinal(int(m['h']))} to {cardinal(int(m['h2']))}" if int(m["h"]) < 13 and int(m["h2"]) < 13 else None


def _military(m: re.Match[str]) -> str | None:
    """Say "at 1400 hours"."""
    if before(m).lower() not in ("at", "by", "from", "until", "to", "till", "before", "after"):
        return None
    hour = f"oh {cardinal(int(m['h'][1]))}" if m["h"][0] == "0" else cardinal(int(m["h"]))
    return f"{hour} {'hundred' if m['m'] == '00' else cardinal(int(m['m']))}"


_HALF = r"\s?(?:[AaPp][Mm]\b|[AaPp]\.[Mm]\.)"
_TIME = rf"(?P<h>\d{{1,2}})(?::(?P<m>[0-5]\d))?(?P<half>{_HALF})?+"
_UNTIL = rf"(?:(?P<h2>\d{{1,2}})(?::(?P<m2>[0-5]\d))?(?P<half2>{_HALF})?+|(?P<word>noon|midnight))"
_DOTTED = r"(?P<h>\d{1,2})\.(?P<m>[0-5]\d)"

RULES: tuple[Rule, ...] = (
    rule(r"(?P<h>\d{1,2}):00(?= o['’]clock)", _full_hour),
    rule(rf"(?P<h>\d{{1,2}}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?P<half>{_HALF})?", _with_seconds),
    rule(r"(?P<h>\d{1,2}):(?P<m>[0-5]\d)", _lasting),
    rule(rf"{_TIME}(?P<dash>{DASH}){_UNTIL}", _times),
    rule(rf"{_TIME}", _time),
    rule(rf"{_DOTTED}(?P<half>{_HALF})?{DASH}(?P<h2>\d{{1,2}})\.(?P<m2>[0-5]\d)(?P<half2>{_HALF})", _dotted_times),
    rule(rf"{_DOTTED}(?: ?[-–] ?| to )(?P<h2>\d{{1,2}})\.(?P<m2>[0-5]\d)", _dotted_hours),
    rule(rf"{_DOTTED}(?P<half>{_HALF})?", _dotted),
    rule(r"(?P<h>[5-9]|1[0-2])[-–](?P<h2>[1-9]|1[0-2])", _working),
    rule(r"(?P<h>[01]\d|2[0-3])(?P<m>[0-5]\d)(?= (?:hours|hrs)\b(?! of\b))", _military),
)
