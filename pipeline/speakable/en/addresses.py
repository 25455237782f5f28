"""English: streets and directions in addresses, and titles, since St. and Dr. are both."""

import re

from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import after, any_of, before, in_front

_TABLE = table("en")
_WORDS = vocabulary("en")
STREETS: dict[str, str] = _TABLE["streets"]
TITLES: dict[str, str] = _TABLE["titles"]
DIRECTIONS: dict[str, str] = _TABLE["directions"]

_STREET = "|".join(sorted({short.rstrip(".") for short in STREETS} | set(STREETS.values())))
_ORDINAL = r"\d{1,3}(?:st|nd|rd|th)"
_NAME = rf"(?:(?:[A-Z][a-z]{{1,20}}|{_ORDINAL}) ){{1,4}}"
_OPENER = rf"\s(?:{any_of(_WORDS['openers'])})\b"

DIRECTION = re.compile(
    rf"(?<!\S)(?P<number>\d{{1,5}} )(?P<to>{'|'.join(DIRECTIONS)})"
    rf"(?:(?= {_ORDINAL}\b)|\.?(?= {_NAME}(?:{_STREET})\b))"
)
"""The W of 350 W. 31st St. and 15 W Oak Ave, which is not watts."""
STREET = re.compile(
    rf"(?<=[A-Za-z]\s)(?P<short>{any_of(STREETS)})"
    rf"(?:(?P<inside>(?=\s[a-z]|[,;:!?)]))|(?P<last>(?=$|{_OPENER})))?"
)
TITLE = re.compile(rf"(?<![\w.])(?P<short>{any_of(TITLES)})(?=\s[A-Z][a-z])(?!{_OPENER})")
LIES = re.compile(rf"(?:(?<!\S)\d{{1,5}}|\b(?:{any_of(_WORDS['before_streets'])})) {_NAME}\Z")
"""A house number or a preposition before a name. Dr. is a drive only behind these."""


def spoken(text: str) -> str:
    """Return *text* with directions, streets and titles in words."""
    text = DIRECTION.sub(lambda m: m["number"] + DIRECTIONS[m["to"]], text)
    if "." in text:
        text = STREET.sub(_street, text)
        text = TITLE.sub(lambda m: TITLES[m["short"]], text)
    return text


def _street(m: re.Match[str]) -> str:
    """Say a street behind a name or an ordinal. Before another name, St. and Dr. are mostly titles."""
    name, short = before(m).lstrip('("“'), m["short"]
    ordinal = re.fullmatch(_ORDINAL, name) is not None
    if not ordinal and not name[:1].isupper():
        return m[0]
    if short == "Dr." and not LIES.search(in_front(m)):
        return m[0]
    of_saint = re.split(r"\W", after(m), maxsplit=1)[0] in _WORDS["saints"]  # the 10th St. Patrick's Day
    if m["inside"] is None and m["last"] is None and short in TITLES and (of_saint or not ordinal):
        return m[0]
    return STREETS[short] + ("." if m["inside"] is None else "")
