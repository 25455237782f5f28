"""English: numbers in other notations, rewritten to the one that the rules know: 1,50,000, 10 000 km, .5, $50 USD."""

import re

from pipeline.speakable.en.numbers import NUMBER
from pipeline.speakable.en.units import PER_UNITS, UNITS
from pipeline.speakable.language import table
from pipeline.speakable.rewriting import any_of

INDIAN = re.compile(r"(?<![\d,.])\d{1,2}(?:,\d\d){1,4},\d{3}(?![\d,])")
SPACED = re.compile(
    rf"(?<![\w.,+])(?<!\d )\d{{1,3}}(?: \d{{3}}){{1,4}}(?= ?(?:{any_of(unit for unit in UNITS if unit != 'in')})(?!\w))"
    r"|(?<=\b1:)\d{1,3} \d{3}(?!\w| \d)"
    r"|(?<![\w.,+])(?<!\d )\d{1,3}(?: 000){1,4}(?= [a-z]{2})"
)
GROUPED = re.compile(r"\d \d{3}")
DEGREES = re.compile(r"(?<=\d)(?:º ?| ?° )(?=[CF]\b)")
SPACED_PER = re.compile(r"(?P<unit>\d ?(?:mg|mcg|g|mmol|ng|IU|kg|ml|mL)) / (?=(?:dL|dl|mL|ml|L|kg|day)\b)")
NO_ZERO = re.compile(r"(?<![^\s($€£~-])\.(?=\d{1,4}(?![\d.\w]))")
QUOTED = re.compile(r"(?<![^\s(])\"(?P<money>[$€£¥₽₹]\d[\d.,]*)\"")
CODE_BEHIND = re.compile(
    rf"\$ ?(?P<amount>{NUMBER}(?: ?(?:million|billion|trillion|[kKMB]))?) (?P<code>USD|CAD|AUD|NZD|HKD|SGD)\b"
)
PER_NOUN = re.compile(rf"(?<=\d )(?P<noun>[a-z]{{3,20}})/(?P<per>{any_of(PER_UNITS)})(?![\w/])")


BOUND = re.compile(r"(?<= )-(?=\d{1,9}(?:\.\d{1,9})? (?:[≤≥]|<=|< (?:[a-z]|\d{1,9}\b(?!\.\w)))(?:[\s.,;]|$))")
"""The minus of -3 < x; that of "kill -9" is a hyphen."""
SHORT_AGE = re.compile(r"(?<=\d)(?P<dash>[- ])(?P<unit>yr|mo|wk)-old(?P<many>s?)\b")
_AGES = {"yr": "year", "mo": "month", "wk": "week"}
ROOMS = re.compile(r"(?<![\w.])(?P<beds>[1-9]) ?(?:bd|br|BD|BR) ?[/,] ?(?P<baths>[1-9](?:\.5)?) ?(?:ba|BA)\b")

COMPASS: dict[str, str] = table("en")["directions"]
_TOWARDS = (
    r"(?i:winds?|gusts?|heading|head|facing|go|turn|travel)(?: out of| from)?(?: the)? |(?:from|to|toward|out of) the "
)
WINDS = re.compile(
    rf"\b(?P<front>{_TOWARDS})(?P<to>{any_of(COMPASS)})"
    r"(?= (?:at|of|around|about|up|to|and|on|for|until|toward|\d)|[,.;!?]|$)"
)
CORNERS = re.compile(r"\b(?P<front>(?:from|to|toward|towards|out of|in) the )(?P<to>[NS][EW])(?= [a-z])")


BETWEEN = re.compile(r"\bthe [NS][EW]\b")


def seen(text: str) -> bool:
    """Return whether a text without numbers may have a point of the compass."""
    return BETWEEN.search(text) is not None


def with_directions(text: str) -> str:
    """Return *text* with the points of the compass written out: "from the NW"."""
    return CORNERS.sub(_towards, WINDS.sub(_towards, text))


def written_out(text: str) -> str:
    """Return *text* with unusual notations of numbers replaced by usual ones."""
    if "," in text:
        text = INDIAN.sub(lambda m: f"{int(m[0].replace(',', '')):,}", text)
    if GROUPED.search(text):
        text = SPACED.sub(lambda m: m[0].replace(" ", ","), text)
    if '"' in text:
        text = QUOTED.sub("“\\g<money>”", text)
    if "º" in text or "° " in text:
        text = DEGREES.sub("°", text)
    if " / " in text:
        text = SPACED_PER.sub(r"\g<unit>/", text)
    text = with_directions(text)
    text = _shortened(text)
    text = NO_ZERO.sub("0.", text)
    if "$" in text:
        text = CODE_BEHIND.sub(r"\g<code> \g<amount>", text)
    return PER_NOUN.sub(lambda m: f"{m['noun']} per {PER_UNITS[m['per']]}", text) if "/" in text else text


def _towards(m: re.Match[str]) -> str:
    return m["front"] + COMPASS[m["to"]].lower()


def _shortened(text: str) -> str:
    if " -" in text:
        text = BOUND.sub("−", text)
    if "-old" in text:
        text = SHORT_AGE.sub(lambda m: f"{m['dash']}{_AGES[m['unit']]}-old{m['many']}", text)
    if "/" in text or "," in text:
        text = ROOMS.sub(_rooms, text)
    return text


def _rooms(m: re.Match[str]) -> str:
    """Say 3 bd/2 ba."""
    beds, baths = ("" if m[name] == "1" else "s" for name in ("beds", "baths"))
    return f"{m['beds']} bedroom{beds}, {m['baths']} bathroom{baths}"
