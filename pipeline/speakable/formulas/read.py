"""Say one formula in LaTeX."""

import re

from pipeline.speakable.formulas.reader import Reader, TooDeepError
from pipeline.speakable.formulas.structures import STRUCTURES
from pipeline.speakable.formulas.words import words
from pipeline.speakable.language import Language

LONGEST = 2_000
"""Characters of a formula that is read by its structure."""
MARKS = re.compile(r"[\\${}&]+")


def read(formula: str, language: Language) -> str:
    """Return *formula* in words.

    One with an unknown command is announced as a formula, and one that is too long or too deep is read sign by sign.
    """
    announced = words(language).phrases["formula"]
    reader = Reader(formula[:LONGEST], language, STRUCTURES)
    try:
        said = reader.read()
    except TooDeepError:
        said = ""
    if not said or len(formula) > LONGEST:
        return f"{announced} {MARKS.sub(' ', formula)}"
    return f"{announced} {said}" if reader.unknown else said
