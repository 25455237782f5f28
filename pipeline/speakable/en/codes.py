"""English: what is read digit by digit: telephone numbers, codes, accounts, rooms, flights, addresses of computers.

A number is one of these by its shape (+44 20 7946 0958) or by the words in front (Your PIN is 4821), unless it counts
what follows: in "call 112 people" it is an amount.
"""

import re

from pipeline.speakable.en.numbers import cardinal, speak_digits, speak_groups
from pipeline.speakable.en.units import counts
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import Rule, after, any_of, before, in_front, rule

_WORDS = vocabulary("en")

AREA = re.compile(r"(?<![\w)])\((\d{3,5})\) ?(?=\d{3,4}[ -]\d{3,4}(?!\w)|\d{3}-\d\d-\d\d(?!\w))")
"""An area code in brackets, which have no sound."""
INNER_LINE = re.compile(r"(?<=\d{4})(,?) x(?=\d{2,5}(?!\w))")
IN_LETTERS = re.compile(r"(?<![\w-])1-(?P<area>8\d\d)-(?=[A-Z]{2})")
FLIGHT = re.compile(
    rf"(?<![\w-])(?P<airline>{any_of(_WORDS['airlines'])})(?P<space> ?)(?P<n>\d{{2,4}})(?![\w-]|[.,:/]\d)"
)
MAY_FLY = re.compile(r"[A-Z][A-Z\d] ?\d\d")
FLYING = re.compile(r"\b(?:flights?|gate|board\w*|depart\w*|lands?|landed|arriv\w*|leaves|terminal|airport)\b", re.I)
PENSION = re.compile(r"(?<!\w)40(?P<n>[13])(?:\((?P<letter>[bk])\)|(?P<glued>k)(?!\w| [a-z]+s\b))")
VERSION = re.compile(r"(?<![\w./\\@-])v(?=\d{1,4}(?:\.\d{1,4}){0,3}(?:[\s,;:!?)]|\.?(?:\s|$)))")

CALLED = re.compile(rf"\b(?:{any_of(_WORDS['calls'])})\b\.?[^.;!?\d]{{0,32}}\Z", re.IGNORECASE)
"""A word about calling, not far in front."""
_CALL = "|".join(("call", "dial", "text", "ring", "phone"))
AT_ONCE = re.compile(
    rf"\b(?:{_CALL})(?: (?:or|and) (?:{_CALL}))?(?: (?:us|me|them|him|her|it|to|[\"“]?[A-Z]+[\"”]? to))?"
    r"(?: (?:on|at))?:? \Z",
    re.IGNORECASE,
)
EMERGENCY = re.compile(rf"\b(?:{_CALL}|emergency|ambulance|police|(?:hot|help|life|crisis )?line)\b", re.IGNORECASE)
_OPEN = r"[\"“'(]?\Z"
_SET = "(?:changed|reset|set|updated) to"
_IS = rf"(?: (?:is|was|will be|should be|remains|reads)(?: now| still)?|(?: \w+)?(?: been)? {_SET})?"
TYPED = re.compile(
    rf"\b(?:{any_of(_WORDS['typed'])})(?: (?:number|code|id))?(?: for [a-z]+)?{_IS}[:,]? {_OPEN}", re.IGNORECASE
)
_CARD = "(?:card|account|visa|mastercard|amex|number|phone|plate)"
TYPED_SHORT = re.compile(rf"\b(?:{any_of(_WORDS['typed_short'])})(?: number)?{_IS}:? {_OPEN}", re.IGNORECASE)
ENDING = re.compile(
    rf"\b(?:end(?:ing|s) (?:in|with)|{_CARD}[^.;!?]{{0,16}} ending"
    rf"|(?:last|first) (?:four|4) digits(?: are| of|,)?:?) {_OPEN}",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    rf"\b(?:{any_of(_WORDS['numbered'])})(?:s|(?: (?:number|code|id|no\.?)(?: (?:is|was))?)?:?) {_OPEN}", re.IGNORECASE
)
CASE = re.compile(rf"\b(?:{any_of(_WORDS['ordered'])}) {_OPEN}", re.IGNORECASE)
NUMBERED_SURELY = re.compile(
    rf"\b(?:{any_of(_WORDS['numbered'])}) (?:number|code|id|no\.?)(?: (?:is|was))?:? {_OPEN}", re.IGNORECASE
)
WORD = re.compile("[a-z]+")
MARKS = frozenset(
    word + plural
    for listed in ("calls", "typed", "numbered", "around_codes")
    for word in _WORDS[listed]
    for plural in ("", "s")
)
ENTERED = re.compile(rf"\b(?:enter|type|input|key in|punch in|typing|entering) {_OPEN}", re.IGNORECASE)
ORDERING = re.compile(
    r"\b(?:to|can|could|please|I|we|you|they|will|would|should|must|let's|also|\w+'ll) order \Z", re.I
)
"""To order is a verb."""
IS_NUMBER = re.compile(rf"\bis number {_OPEN}", re.IGNORECASE)
COUNTRIES = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
SEVERAL = re.compile(r"\d+")


def named(text: str) -> bool:
    """Return whether *text* has a word that may make a code of a number."""
    return not MARKS.isdisjoint(WORD.findall(text.lower()))


def written_out(text: str) -> str:
    """Return *text* with codes that begin with a letter or a bracket so that the rules for numbers see them."""
    if " x" in text:
        text = INNER_LINE.sub(r"\1 extension ", text)
    if "v" in text:
        text = VERSION.sub("version ", text)
    if "1-8" in text:
        text = IN_LETTERS.sub(lambda m: f"one, {speak_digits(m['area'])}, ", text)
    if "(" in text or "01k" in text:
        text = PENSION.sub(
            lambda m: f"four oh {cardinal(int(m['n']))} {m['letter'] or m['glued']}", AREA.sub(r"\1 ", text)
        )
    return FLIGHT.sub(_flight, text) if MAY_FLY.search(text) else text


def _pension(m: re.Match[str]) -> str:
    return f"four oh {cardinal(int(m['n']))} {m['letter'] or m['glued']}"


def _flight(m: re.Match[str]) -> str:
    if (m["airline"] == "AA" and m["space"]) or not FLYING.search(m.string, max(0, m.start() - 64), m.end() + 64):
        return m[0]
    return f"{m['airline']} {speak_digits(m['n']) if len(m['n']) > 2 else cardinal(int(m['n']))}"


def _size(m: re.Match[str]) -> int:
    return sum(map(str.isdigit, m[0]))


def _international(m: re.Match[str]) -> str | None:
    return f"plus {speak_groups(m[0])}" if 8 <= _size(m) <= 15 else None


def _glued_international(m: re.Match[str]) -> str:
    digits = m[0][1:]
    country = COUNTRIES.match(digits)
    code = country[0] if country else digits[:1]
    return f"plus {speak_digits(code)}, {speak_groups(_in_groups(digits[len(code) :], russian=code == '7'))}"


def _in_groups(digits: str, *, russian: bool = False) -> str:
    """Return *digits* with spaces, as people group the digits of a telephone number without any."""
    groups, at = [], 0
    for size in _sizes(digits, russian=russian):
        groups.append(digits[at : at + size])
        at += size
    return " ".join(groups)


def _sizes(digits: str, *, russian: bool) -> tuple[int, ...]:
    if len(digits) == 10 and digits[0] != "0":
        return (3, 3, 2, 2) if russian else (3, 3, 4)
    if len(digits) == 11 and digits[0] in "178":
        return (1, 3, 3, 4) if digits[0] == "1" else (1, 3, 3, 2, 2)
    threes = (len(digits) - 2) // 3
    return (*[3] * threes, len(digits) - 3 * threes)


def _groups(m: re.Match[str]) -> str:
    return speak_groups(m[0])


def _zero_first(m: re.Match[str]) -> str | None:
    """Say 020 7946 0958: no amount begins with a zero."""
    return speak_groups(m[0]) if 7 <= _size(m) <= 15 else None


def _hyphened(m: re.Match[str]) -> str | None:
    """Say 123-45-6789 and 8 800 555-35-35; the short groups of 10-20-30 may be amounts."""
    longest = max(map(len, SEVERAL.findall(m[0])))
    return speak_groups(m[0]) if m[0].count("-") > 1 and _size(m) > 7 and longest > 2 else None


def _local(m: re.Match[str]) -> str | None:
    """Say 555-0142; 100-2000 is mostly a range."""
    known = m["n"] == "555" or not m["to"].endswith("00") or CALLED.search(in_front(m))
    return speak_groups(m[0]) if known and not counts(m) else None


def _spaced(m: re.Match[str]) -> str | None:
    front = in_front(m)
    if counts(m) or not any(pattern.search(front) for pattern in (CALLED, TYPED, ENDING, NUMBERED_SURELY, CASE)):
        return None
    return speak_groups(m[0])


def _hyphened_code(m: re.Match[str]) -> str | None:
    front = in_front(m)
    return speak_groups(m[0]) if TYPED.search(front) or NUMBERED_SURELY.search(front) else None


def _single(m: re.Match[str]) -> str:
    return speak_digits(re.sub("[ -]", "", m[0]))


def _long(m: re.Match[str]) -> str | None:
    """Say a long number without commas, which nobody writes of an amount."""
    return None if counts(m) else speak_groups(_in_groups(m[0]))


def _your_code(m: re.Match[str]) -> str:
    return speak_digits(m[0])


def _zip(m: re.Match[str]) -> str | None:
    in_a_state = before(m) in _WORDS["states"] and not counts(m)
    return speak_groups(m[0]) if "-" in m[0] or in_a_state else None


def _several(m: re.Match[str]) -> str | None:
    """Say each of 911, 112 or 999."""
    if not _is_code(m):
        return None
    return SEVERAL.sub(lambda one: speak_digits(one[0]) if len(one[0]) > 2 else cardinal(int(one[0])), m[0])


def _emergency(m: re.Match[str]) -> str | None:
    """Say "dial 999; in the EU, 112"."""
    called = EMERGENCY.search(m.string, max(0, m.start() - 96), m.start())
    return speak_digits(m[0]) if called and not counts(m) and after(m) != "of" else None


def _code(m: re.Match[str]) -> str | None:
    """Say 4821 behind "PIN", 112 behind "call", 412 behind "room"; a room 12 is a number like any other."""
    digits = m[0]
    if not _is_code(m) or (len(digits) < 3 and not TYPED_SHORT.search(in_front(m))):
        return None
    return speak_digits(digits)


def _is_code(m: re.Match[str]) -> bool:
    front = in_front(m)
    if counts(m) or ORDERING.search(front) or after(m) in ("of", "more"):
        return False
    if before(m).lower() == "number":
        digits = SEVERAL.match(m[0])
        long = digits is not None and len(digits[0]) > 3
        return bool(
            long or IS_NUMBER.search(front) or NUMBERED.search(front) or CALLED.search(front[: -len("number ")])
        )
    if len(m[0]) > 3 and ENTERED.search(front):
        return True
    return any(pattern.search(front) for pattern in (TYPED, NUMBERED, ENDING, AT_ONCE))


def _range(m: re.Match[str]) -> str | None:
    """Say rooms 101–105."""
    low, high = m["n"], m["to"]
    if int(low) >= int(high) or counts(m) or not NUMBERED.search(in_front(m)):
        return None
    return f"{speak_digits(low)} to {speak_digits(high)}"


def _ip(m: re.Match[str]) -> str | None:
    parts = m["ip"].split(".")
    if any(int(part) > 255 for part in parts):
        return None
    port = f" colon {speak_digits(m['port'])}" if m["port"] else ""
    net = f" slash {cardinal(int(m['net']))}" if m["net"] else ""
    return " dot ".join(map(speak_digits, parts)) + port + net


SHAPES: tuple[Rule, ...] = (
    rule(r"\+\d{1,3}(?:[ .-]?\(\d{1,5}\)|[ .-]\d{1,5})(?:[ .-]?\d{2,5}){1,5}", _international),
    rule(r"\+\d{8,15}", _glued_international),
    rule(r"(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}", _groups),
    rule(r"0\d{1,4}(?:[ -]\d{2,6}){1,4}", _zero_first),
    rule(r"\d{4}(?:[ -]\d{4}){2,5}(?:[ -]\d{1,3})?", _groups),
    rule(r"\d{1,5}(?:[ -]\d{1,7}){2,5}", _hyphened),
    rule(r"(?P<n>\d{3})-(?P<to>\d{4})", _local),
    rule(r"\d{5}(?:-\d{4})?", _zip),
    rule(r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5})|/(?P<net>\d{1,2}))?", _ip),
    rule(r"\d(?:[ -]\d){2,15}", _single),
    rule(r"\d{9,12}", _long),
)
"""Numbers that are known by their shape. They come before the rules for amounts."""

NAMED: tuple[Rule, ...] = (
    rule(r"(?P<n>\d{3,4})(?:[-–]| to )(?P<to>\d{3,4})", _range),
    rule(r"\d{2,8}(?:[ -]\d{2,8}){1,3}", _spaced),
    rule(r"\d{1,8}(?:-\d{1,8}){1,4}", _hyphened_code),
    rule(r"\d{2,6}(?:(?:,|,? (?:and|or)) \d{3,6}){1,3}", _several),
    rule(r"(?:911|999|112|988)(?= (?:calls?|operators?|dispatchers?|emergency|lifeline|cent(?:er|re)s?)\b)", _groups),
    rule(
        r"\d{3,8}(?= (?:is|as) (?:your|the)(?: [\w-]{2,16}){0,3} (?:code|PIN|pin|OTP|passcode|password)\b)", _your_code
    ),
    rule("[2-9]11|999|112|988|000|111", _emergency),
    rule(r"\d{1,16}", _code),
)
"""Numbers that are known by the words around them."""
