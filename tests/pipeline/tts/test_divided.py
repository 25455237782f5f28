"""A text that is longer than a voice can take is said in parts, at good places, with nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.divided import Divided, divided
from tests.pipeline.tts.speaking import Able


@given(text=st.text(alphabet="ab ,.", max_size=60), most=st.integers(1, 20))
def test_nothing_is_lost(text: str, most: int) -> None:
    """The parts are the text but for white space at their edges; none is too long, and each is where it says."""
    parts = list(divided(text, most))
    assert "".join(part for _, part in parts).replace(" ", "") == text.replace(" ", "")
    assert all(0 < len(part) <= most and text[start : start + len(part)] == part for start, part in parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One two, three four five", ["One two,", "three four", "five"]),
        ("One. Two three four", ["One.", "Two three", "four"]),
        ("Short", ["Short"]),
        ("abcdefghijklmno", ["abcdefghijkl", "mno"]),
        ("  ", []),
    ],
)
def test_the_place_of_a_cut(text: str, parts: list[str]) -> None:
    """A cut is behind a sentence, else behind a comma, else between words, else anywhere."""
    assert [part for _, part in divided(text, 12)] == parts


async def test_marks() -> None:
    """The marks of a part are those of the whole text, and count from the first sound of all."""
    engine = Divided(CustomSpeech(Able(WordMark(0, 3, 0.0), bytes(200), sample_rate=1000)), 4)
    given = [piece async for piece in engine.synthesize("One. Two.", Voice(), True)]
    assert given == [WordMark(0, 3, 0.0), bytes(200), WordMark(5, 3, 100.0), bytes(200)]
