"""English, as ``speak`` knows it."""

from pipeline.speakable import numerals
from pipeline.speakable.en.numbers import cardinal, spoken_number
from pipeline.speakable.en.rules import LAST_WORDS, may_change, spoken
from pipeline.speakable.language import Language, signs, table

ENGLISH = Language(
    code="en",
    spoken=spoken,
    load=numerals.available,
    last_words=LAST_WORDS,
    may_change=may_change,
    readers=frozenset({"en", "ru"}),  # a Russian voice reads Latin words as English
    link_word=lambda _: "link to",
    number=spoken_number,
    signs=signs("en"),
    at="at",
    dot="dot",
    done="done:",
    not_done="not done:",
    yes="yes",
    no="no",
    alerts=table("en")["alerts"],
    code_word=lambda name: f"{name} code".lstrip(),
    lines=lambda number: f"{cardinal(number)} line{'s' if number > 1 else ''}",
)
