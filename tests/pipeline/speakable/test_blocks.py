"""Where the blocks of code are in an answer, sentence by sentence."""

import pytest

from pipeline.segmenter.segmenter import RulesOptions, RulesSegmenter
from pipeline.speakable.blocks import CodeBlocks, Head, Part, Tail

CODE = [Head(""), Tail(1)]


def parts_of(answer: str, waits: bool = False) -> list[Part]:
    """What is to be said of an answer that the built-in segmenter cuts; white space and empty pieces left out."""
    segmenter = RulesSegmenter(RulesOptions(max_segment_chars=400, max_json_chars=65536, max_json_depth=32))
    blocks = CodeBlocks()
    parts: list[Part] = []
    for segment in [*segmenter.feed(answer), *segmenter.flush()]:
        parts += blocks.parts(getattr(segment, "text", ""), waits)
    parts += blocks.end()
    return [
        part.strip() if isinstance(part, str) else part for part in parts if not isinstance(part, str) or part.strip()
    ]


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ("Look:\n```python\na = 1\n\nb = 2\n```\nDone.", ["Look:", Head("Python"), Tail(3), "Done."]),
        ("```\na. B\nc\n```", [Head(""), Tail(2)]),
        ("```\na\n```\n```js\nb\nc\n```\n", [*CODE, Head("JavaScript"), Tail(2)]),
        ("~~~\na\n```\nb\n~~~\nDone.", [Head(""), Tail(3), "Done."]),
        ("````md\n```py\na\n```\n````\nDone.", [Head("Markdown"), Tail(3), "Done."]),
        ("```md\n# A\n```py\na\n```\nb\n```\nDone.", [Head("Markdown"), Tail(5), "Done."]),
        ("1. One:\n   ```sh\n   ls\n   ```\n2. Two.", ["1. One:", Head("shell"), Tail(1), "2. Two."]),
        ("> ```py\n> a\n> ```\nDone.", [Head("Python"), Tail(1), "Done."]),
        ('```py\ns = """\n    ```\n"""\n```\nDone.', [Head("Python"), Tail(3), "Done."]),
        ("Run: ```bash\nls```\nDone.", ["Run:", Head("shell"), Tail(1), "Done."]),
        ("Look:\n\n    a = 1\n\n    b = 2\n\nDone.", ["Look:", Head(""), Tail(3), "Done."]),
        ("```\nopen", CODE),
        ("```\n```\nDone.", ["Done."]),
        ("```foo-bar1\na\n```", CODE),
        ("```zig\na\n```", [Head("zig"), Tail(1)]),
        ('```json\n{"command": "a", "args": {}}\n```\nDone.', ["Done."]),
        ('```json\n{"command": "a", "args": {}}\nb\n```\nDone.', ["b", "Done."]),
        ('```\na\n{"command": "a", "args": {}}\n```\nDone.', [Head(""), Tail(2), "Done."]),
    ],
)
def test_blocks(answer: str, parts: list[Part]) -> None:
    """A block is announced once, at its end; nothing of it is prose, and all prose stays."""
    assert parts_of(answer) == parts


@pytest.mark.parametrize(
    "prose",
    [
        "Use ```npm i``` here.",
        "Write ``` twice.",
        "``` is a mark.",
        "- One\n\n    and more of it (really).\n\nTwo.",
        "Two words\n\n    indented words\n\nDone.",
        "A\n    b = c",
        "a `b` c",
    ],
)
def test_prose(prose: str) -> None:
    """Backticks within a sentence, and indented text within a list or behind a line, are no block."""
    assert " ".join(str(part) for part in parts_of(prose)).split() == prose.split()


def test_who_waits_is_told_before_the_end() -> None:
    """The head comes as soon as the listener waits, and only the lines at the end."""
    blocks = CodeBlocks()
    assert blocks.parts("```py", waits=False) == []
    assert blocks.parts("\na = 1", waits=True) == [Head("Python")]
    assert blocks.parts("\nb = 2", waits=True) == []
    assert blocks.open
    assert blocks.parts("\n```", waits=True) == [Tail(2)]
    assert not blocks.open


def test_a_custom_segmenter_may_strip_its_sentences() -> None:
    """Without line breaks the pieces count, and a fence still closes its block."""
    blocks = CodeBlocks()
    assert [blocks.parts(text, False) for text in ("Look:", "```py", "a = 1", "b = 2", "```", "Done.")] == [
        ["Look:"],
        [],
        [],
        [],
        [Head("Python"), Tail(2)],
        ["Done."],
    ]
