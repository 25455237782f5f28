"""The word that an event of espeak-ng is about. The events are those that espeak-ng 1.52 gave for these texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tts.espeak.words import Marker


def marked(text: str, events: list[int], start: int = 0) -> list[str]:
    marker = Marker(text, start)
    marks = filter(None, (marker.mark(index, ms) for ms, index in enumerate(events)))
    return [f"{text[mark.offset - start :][: mark.length]} {mark.ms}" for mark in marks]


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        ("The fox.", [0, 4], ["The 0", "fox 1"]),
        ("In 2026, 7", [0, 3, 4, 4, 9], ["In 0", "2026 1", "7 4"]),
        ("👍 up 👍!", [0, 1, 2, 5, 6], ["👍 0", "up 2", "👍 3"]),
        ("т. е. и я", [0, 2, 5, 8], ["т 0", "е 1", "и 2", "я 3"]),
        ("etc. and", [0, 4], ["etc 0", "and 1"]),
        ("A -- b - c", [0, 2, 7], ["A 0", "b 1", "c 2"]),
        ("(yes) «да» $5", [1, 7, 7, 11, 12], ["yes 0", "да 1", "$5 3"]),
        ("test@example.com", [0, 4, 5, 12, 13], ["test@example.com 0"]),
        ("你好世界，去", [0, 2, 3, 5], ["你 0", "世 1", "界 2", "去 3"]),
        ("don't", [0], ["don't 0"]),
        ("one two", [0, -1, 99, 4, 0], ["one 0", "two 3"]),
        ("... ?!", [0, 3], []),
        ("", [0], []),
    ],
)
def test_each_word_begins_once(text, events, expected):
    """Words are what white space separates, and only the first event in or before one begins it."""
    assert marked(text, events) == expected


def test_offsets_count_from_the_start_of_the_whole_text():
    """A piece that begins at character 400 has its first word there."""
    mark = Marker("Hi.", 400).mark(0, 2.5)
    assert (mark.offset, mark.length, mark.ms) == (400, 2, 2.5)


@given(st.text(alphabet="ab я.-«»\n漢👍'", max_size=30), st.lists(st.integers(-2, 40)))
def test_whatever_the_events_marks_are_words_in_order(text, events):
    """Marks stay inside the text, go forward, never overlap and hold no white space."""
    marker = Marker(text, 0)
    last = 0
    for mark in filter(None, (marker.mark(index, 0) for index in events)):
        assert last <= mark.offset < mark.offset + mark.length <= len(text)
        assert not any(map(str.isspace, text[mark.offset :][: mark.length]))
        last = mark.offset + mark.length
