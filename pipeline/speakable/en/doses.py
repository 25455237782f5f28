"""English: what prescriptions write: 500 mg b.i.d., 1 tab po q4-6h prn, twice daily × 7 days."""

import re

from pipeline.speakable.en.numbers import cardinal
from pipeline.speakable.language import table
from pipeline.speakable.rewriting import any_of

PRESCRIBED: dict[str, str] = table("en")["prescribed"]

FOR_DAYS = re.compile(r"(?<=[a-z.)] )[x×] ?(?=\d{1,3} (?:days?|weeks?|months?|nights?)\b)")
EVERY = re.compile(r"(?<!\w)[qQ]\.?(?P<n>[1-9]\d?)(?:[-–](?P<to>[1-9]\d?))?-?[hH](?:\.(?=\s[a-z]))?(?!\w)")
TIMES = re.compile(r"(?P<unit>\d ?(?:m?c?g|m[lL]|tabs?|tablets?|puffs?|drops)) [x×] ?(?=\d{1,2}(?:[/\s.,;)]|$))")
DOSE = re.compile(r"\d ?(?:m?c?g|m[lL]|tabs?|tablets?|caps?|capsules?|pills?|drops|puffs?|units|IU|sprays?)\b")
LATIN = re.compile(rf"(?<![\w.-])(?:{any_of(PRESCRIBED)})(?![\w-]|\.\w| [Bb]ox\b)")


def written_out(text: str) -> str:
    """Return *text* with "every six hours" for q6h, and with short Latin in words where a dose is given."""
    text = EVERY.sub(_every, TIMES.sub(r"\g<unit> times ", FOR_DAYS.sub("for ", text)))
    return LATIN.sub(lambda m: PRESCRIBED[m[0]], text) if DOSE.search(text) else text


def _every(m: re.Match[str]) -> str:
    to = f" to {cardinal(int(m['to']))}" if m["to"] else ""
    return "every hour" if m["n"] == "1" and not to else f"every {cardinal(int(m['n']))}{to} hours"
