"""The place in the written text of each word that the voice says."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.events import WordMark
from pipeline.speakable import speakable
from pipeline.tts.alignment import MOST_WORDS, aligned, placed


def told(text: str, said: str) -> list[str]:
    """The words of *text* that are marked when each word of *said*, between white space, has a mark."""
    stretches = aligned(text, said)
    marks = (placed(WordMark(word.start(), len(word[0]), 0.0), stretches) for word in re.finditer(r"\S+", said))
    return [text[mark.offset : mark.offset + mark.length] for mark in marks if mark]


@pytest.mark.parametrize(
    ("text", "said", "words"),
    [
        ("", "", []),
        ("\n Hello, there. ", "Hello, there.", ["Hello,", "there."]),  # as it is said: whatever the engine calls words
        ("42.", "forty-two.", ["42"]),
        ("It is $5 or $10.", "It is five dollars or ten dollars.", ["It", "is", "$5", "or", "$10"]),
        ("3.14 km/h, 5 °C", "three point one four kilometers per hour, five degrees", ["3.14 km/h, 5 °C"]),
        ("**Important:** see `x_y`, _now_!", "Important: see x_y, now!", ["Important", "see", "x_y", "now"]),
        ("# Title\n\n* one\n* two\n", "Title one two", ["Title", "one", "two"]),
        ("See [the docs](https://a.b/c?d=1) 5 times", "See the docs five times", ["See", "the", "docs", "5", "times"]),
        ("See https://a.bc/d.", "See link to a.bc.", ["See", "https", "a.bc"]),
        ("<b>5</b> cups", "five cups", ["5", "cups"]),
        ("salt & pepper", "salt and pepper", ["salt", "&", "pepper"]),
        ("Well 👍 done 😀 then, don’t.", "Well done then, don’t.", ["Well", "done", "then", "don’t"]),
        ("👍 5 👍 C++", "five C++", ["👍 5 👍", "C++"]),
        ("𝐇𝐢 5 \ud83d ok", "𝐇𝐢 five ok", ["𝐇𝐢", "5 \ud83d", "ok"]),
        ("Привет **мир**, 5 км", "Привет мир, пять километров", ["Привет", "мир", "5 км"]),
        (
            "22 ноября 2024 г. пошёл",
            "двадцать второго ноября две тысячи двадцать четвёртого года пошёл",
            ["22", "ноября", "2024 г", "пошёл"],
        ),
        ("你好 5", "你好 five", ["你好", "5"]),
        ("a b", "quite otherwise", ["a b"]),
        ("...", "nothing", []),
        ("a b", "", []),
    ],
)
def test_words_are_told_where_they_are_written(text: str, said: str, words: list[str]) -> None:
    """A word that is said as written has its place, without the signs around it. Other words for it have one place
    together, marked with the first of them. Added words have none.
    """
    assert told(text, said) == words


def test_an_ideograph_has_its_own_place() -> None:
    """A mark may stand for any part of a stretch that is said as written."""
    stretches = aligned("**你好** 5", "你好 five")
    assert placed(WordMark(1, 1, 7.0), stretches) == WordMark(3, 1, 7.0)


SOME = st.lists(
    st.sampled_from([*"a5$*_`[]()<>#.,- \n", "](", "5 km", "**b**", "🎉", "\ud83d", "the ", "Привет", "http://a.bc/d"])
).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=SOME, said=st.none() | SOME.map(str.strip))
def test_marks_stay_in_order_and_inside(text: str, said: str | None) -> None:
    """For any words and any text, marks lie inside the text, in order, and do not overlap."""
    said = speakable(text, "") if said is None else said
    stretches = aligned(text, said)
    end = 0
    for word in re.finditer(r"\S+", said):
        if mark := placed(WordMark(word.start(), len(word[0]), 0.0), stretches):
            assert end <= mark.offset < mark.offset + mark.length <= len(text)
            end = mark.offset + mark.length


def test_the_work_is_bounded() -> None:
    """A text of very many words is not compared, unless it is said as written; nor are often repeated words."""
    assert len(told("a 5 " * 100, "a five " * 100)) <= 2
    text = "a 5 " * MOST_WORDS
    assert told(text, "a five " * MOST_WORDS) == []
    assert len(told(text, text.strip())) == 2 * MOST_WORDS
