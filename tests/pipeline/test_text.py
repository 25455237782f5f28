"""Surrogates: what is repaired, in a text and in a stream."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import SurrogateJoiner, mend


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("", ""),
        ("Привет 🦊", "Привет 🦊"),
        ("\ud83e\udd8a", "🦊"),
        ("a\ud83e", "a\ufffd"),
        ("\udd8ab", "\ufffdb"),
        ("\ud83ex\udd8a", "\ufffdx\ufffd"),
        ("\ud83e\ud83e\udd8a", "\ufffd🦊"),
        ("\ufeffa\ud83e", "\ufeffa\ufffd"),
        ("\0\ud83e", "\0\ufffd"),
    ],
)
def test_surrogates(text: str, repaired: str) -> None:
    """Halves that belong together are joined; a lone one is U+FFFD, and nothing beside it is lost."""
    assert mend(text) == repaired


def one(high: str, low: str) -> str:
    """The character that two halves are (Unicode 16, 3.8)."""
    return chr(0x10000 + ((ord(high) - 0xD800) << 10) + ord(low) - 0xDC00)


@given(st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from("\ud83e\udd8a"))))
def test_any_text_can_be_sent(text: str) -> None:
    """Whatever a stage gives, what leaves is UTF-8, and good text is not changed."""
    joined = re.sub("[\ud800-\udbff][\udc00-\udfff]", lambda pair: one(*pair[0]), text)
    assert mend(text) == re.sub("[\ud800-\udfff]", "\ufffd", joined)
    mend(text).encode()


@given(st.lists(st.text(st.sampled_from("ab\ud83e\udd8a"), max_size=3)))
def test_a_stream_is_mended_as_a_text(deltas: list[str]) -> None:
    """However a text is cut, its deltas, mended one by one, are the text, mended; only half a pair waits."""
    joiner = SurrogateJoiner()
    mended = "".join(map(joiner.feed, deltas))
    assert len(mended) >= len(mend("".join(deltas))) - 1
    assert mended + joiner.flush() == mend("".join(deltas))
