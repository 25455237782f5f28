"""The gold sets: replies cut and judged by hand, before anybody looked at what the code makes of them.

Those of the splits ``later`` and ``last`` were written when the rules were done, by somebody who knew neither them nor
the others; those of ``words`` before the rules that they are about, and measured then; those of ``fresh`` against the
finished rules, which were then mended.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.settings.stages import JsonCommandsSettings
from app.stages.options import options
from benchmarks.segmenter import Score, boundaries, delays, group, new_segmenter, ours
from pipeline.commands.extractor import JsonCommands, JsonOptions
from pipeline.errors import CommandRefused
from pipeline.events import JsonBlock, Segment, Sentence

DATA = Path(__file__).parents[2] / "data"
LEAST = {"en": 0.985, "ru": 0.995, "others": 0.98}
LEAST_EXACT = 0.95
MISSES = {
    *("zh-021", "x-zh-014", "x-ja-013", "w-en-132", "w-tr-005"),
    *("f-es-2001", "f-en-3017", "f-ru-5030", "f-tr-5002", "f-en-26015", "f-ru-26015", "f-ru-8151", "f-ru-8164"),
}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def replies() -> list[dict[str, Any]]:
    return lines("boundaries.jsonl")


@pytest.mark.parametrize("split", ["dev", "held", "later", "last", "words", "fresh"])
@pytest.mark.parametrize("column", LEAST)
def test_boundaries(replies: list[dict[str, Any]], column: str, split: str) -> None:
    """Sentences begin and end where a careful editor says they do."""
    score = Score()
    for reply in replies:
        if group(reply["lang"]) == column and reply["split"] == split:
            text = "".join(reply["segments"])
            score.add(boundaries(reply["segments"]), boundaries(ours(text, reply["lang"])))
    assert score.f1 >= LEAST[column]
    assert score.exact / score.replies >= LEAST_EXACT


def test_known_misses(replies: list[dict[str, Any]]) -> None:
    """Every reply is cut exactly right, but for those that are known: whoever mends one takes it off the list."""
    cut = {reply["id"]: ours("".join(reply["segments"]), reply["lang"]) for reply in replies}
    wrong = {reply["id"] for reply in replies if boundaries(cut[reply["id"]]) != boundaries(reply["segments"])}
    assert wrong == MISSES


def test_delay(replies: list[dict[str, Any]]) -> None:
    """A sentence comes out at the latest with the first letter of the next word."""
    waits = sorted(delays(replies))
    assert waits[len(waits) // 2] <= 2
    assert waits[len(waits) * 9 // 10] <= 3


def test_nothing_is_lost(replies: list[dict[str, Any]]) -> None:
    """The segments joined are the reply."""
    for reply in replies:
        text = "".join(reply["segments"])
        assert "".join(ours(text, reply["lang"])) == text


def segments(reply: str) -> Iterator[Segment]:
    """Fed in one go, and by the character: the same segments."""
    at_once, by_char = new_segmenter(), new_segmenter()
    whole = [*at_once.feed(reply), *at_once.flush()]
    assert whole == [*(segment for char in reply for segment in by_char.feed(char)), *by_char.flush()]
    return iter(whole)


@pytest.mark.parametrize("case", lines("commands.jsonl"), ids=lambda case: case["id"])
def test_commands(case: dict[str, Any]) -> None:
    """No wrong command runs, none is missed, none twice; refusals have their class; what is no command is said."""
    extractor = JsonCommands(options(JsonOptions, JsonCommandsSettings()))
    spoken: list[str] = []
    commands: list[dict[str, Any]] = []
    refused: list[str] = []
    for segment in segments(case["reply"]):
        if isinstance(segment, Sentence):
            spoken += [segment.text] if segment.text.strip() else []
            continue
        try:
            command = extract(extractor, segment)
        except CommandRefused as refusal:
            refused += [refusal.reason] if refusal.reason != "no_command" else []
        else:
            commands += [{**command, "after": len(spoken)}] if command else []
    assert len(refused) == len(case["refused"])
    assert all(got in allowed.split("|") for got, allowed in zip(refused, case["refused"], strict=True))
    if case.get("compare") == "joined":  # text of a fence that holds no command: prose, however it is cut
        assert "".join(" ".join(spoken).split()) == "".join(" ".join(case["spoken"]).split())
        assert [command["name"] for command in commands] == [command["name"] for command in case["commands"]]
    else:
        assert squeezed(spoken) == squeezed(case["spoken"])
        assert commands == case["commands"]


def extract(extractor: JsonCommands, block: JsonBlock) -> dict[str, Any] | None:
    if block.refused:
        raise CommandRefused(block.refused)
    command = extractor.extract(block)
    return None if command is None else {"name": command.name, "args": dict(command.args)}


def squeezed(texts: list[str]) -> list[str]:
    """White space may stand on either side of a boundary."""
    return [" ".join(text.split()) for text in texts if text.strip()]
