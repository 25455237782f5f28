"""Where a first sentence may be cut before its end is known: gold sentences with every allowed cut marked by hand.

The split ``first`` was marked before the rule was written, ``fresh`` when it was done; both were then mended.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.segmenter import boundaries, new_segmenter
from pipeline.events import Sentence
from pipeline.segmenter.sentences.breaths import breath
from pipeline.speakable import speakable

DATA = Path(__file__).parents[3] / "data"
LEAST_FOUND = 0.65


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def marked(row: dict[str, Any]) -> tuple[str, set[int]]:
    """Give the sentence without marks, and where it may be cut."""
    parts = row["marked"].split("| ")
    ends = [len("".join(parts[:n]).rstrip()) for n in range(1, len(parts))]
    return "".join(parts), set(ends)


def cuts(text: str) -> set[int]:
    """Give every place that is cut at, whenever the model pauses."""
    return {cut for end in range(1, len(text) + 1) if (cut := breath(text[:end]))}


GOLD = rows("first_clauses.jsonl")


@pytest.mark.parametrize("row", GOLD, ids=lambda row: row["id"])
def test_no_wrong_cut(row: dict[str, Any]) -> None:
    """Whatever has been written so far, a sentence is cut only where a reader allows it."""
    text, allowed = marked(row)
    assert cuts(text) <= allowed


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("split", ["first", "fresh"])
def test_most_are_cut(lang: str, split: str) -> None:
    """Of the sentences that may be cut, most are."""
    texts = [marked(row) for row in GOLD if (row["lang"], row["split"]) == (lang, split)]
    allowed = [text for text, places in texts if places]
    assert sum(map(bool, map(cuts, allowed))) >= LEAST_FOUND * len(allowed)


@pytest.mark.parametrize("row", GOLD, ids=lambda row: row["id"])
def test_both_sides_are_said_as_one(row: dict[str, Any]) -> None:
    """The cut changes no word of a number or date, nor does the mark that gives the tone."""
    text, _ = marked(row)
    for cut in cuts(text):
        parts = [speakable(part, row["lang"]) for part in (text[:cut], text[cut:])]
        assert " ".join(parts) == speakable(text, row["lang"])
        assert parts[0][-1] == text[cut - 1]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_what_stands_behind_is_cut_as_ever(lang: str) -> None:
    """All boundaries are those without the first clause; its own is the only new one."""
    for row in rows("boundaries.jsonl"):
        if row["lang"] == lang:
            text = "".join(row["segments"])
            whole, early = pieces(text, breathes=False), pieces(text, breathes=True)
            assert "".join(early) == text
            assert set(boundaries(whole)) <= set(boundaries(early))
            assert len(early) <= len(whole) + 1


def pieces(text: str, *, breathes: bool) -> list[str]:
    """Cut *text*, written by the character; a first sentence that *breathes* is cut as soon as it can be."""
    segmenter = new_segmenter()
    out: list[Any] = []
    for char in text:
        out += segmenter.feed(char)
        if breathes and not out:
            out += segmenter.breath()
    return [segment.text for segment in [*out, *segmenter.flush()] if isinstance(segment, Sentence)]
