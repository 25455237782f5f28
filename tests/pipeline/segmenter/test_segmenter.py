"""The segmenter as the pipeline sees it: sentences and objects, for any cutting of the reply."""

import json
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.settings.stages import RulesSegmenterSettings
from app.stages.options import options
from pipeline.events import JsonBlock, Segment, Sentence
from pipeline.segmenter.segmenter import RulesOptions, RulesSegmenter


def new_segmenter(**caps: int) -> RulesSegmenter:
    return RulesSegmenter(options(RulesOptions, RulesSegmenterSettings(), **caps))


def segments(*deltas: str, **caps: int) -> list[Segment]:
    """The segments of a reply that comes in these deltas."""
    segmenter = new_segmenter(**caps)
    out = [segment for delta in deltas for segment in segmenter.feed(delta)]
    return [*out, *segmenter.flush()]


def prose(found: list[Segment]) -> list[str]:
    return [segment.text for segment in found if isinstance(segment, Sentence)]


def objects(found: list[Segment]) -> list[tuple[str, str]]:
    return [(segment.raw, segment.refused) for segment in found if isinstance(segment, JsonBlock)]


A, B, C = (JsonBlock(f'{{"command": "{name}"}}') for name in "abc")
PRETTY = '{\n  "command": "a",\n  "args": {}\n}'
QUOTED = '{"command": "a", "args": {"x": "}\\"}", "y": "\\\\"}}'
SINGLE = "{'command': 'say', 'args': {'text': '}'}}"
LOOSE = '{"text": "Say "yes", "no" or "x".", "command": "a"}'
LATE = '{"session_id": "1", "text": "One.", "command": "a"}'
FIRST = '{"command": "a", "args": {"text": "no"}, "text": "Hi."}'
NESTED = json.dumps({"text": f"Say {A.raw} now."})
ESCAPES = '{"text": "Tab\\t, \\"quote\\", back\\\\slash, \\u00e9, \\ud83d\\ude00, half \\ud83d, \\u0439."}'
WRONG = '{"text": "a\\x b\\u12G4 c\\udc00."}'


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        # Each sentence has the white space that stood before it. The stage numbers them.
        ("Hi. How are you?\n Fine", ["Hi.", " How are you?", "\n Fine"]),
        # White space at the end is kept: alone it is a last blank sentence.
        ("Hi ", ["Hi "]),
        ("Hi.\n", ["Hi.", "\n"]),
        (" \n", [" \n"]),
        # An object makes no blank sentence in the middle.
        (f"Opening. {A.raw} Done.", ["Opening.", A, "  Done."]),
        # Several objects leave each for itself, in order, with what stands between them.
        (f"{A.raw}{B.raw}\n{C.raw}", [A, B, C, "\n"]),
        # Commas, brackets and line breaks between the objects of a fence belong to the fence.
        (f"```json\n[{A.raw},\n {B.raw}]\n```\nDone.", [A, B, "Done."]),
        # No backtick in the prose of a fence hides an object.
        (f"```\nrun `{A.raw}` now\n```", ["```", "\nrun `", A, "` now", "\n```"]),
        # So do those between the objects of an array; other brackets are prose.
        (f"Ok [1]. [{A.raw}, {B.raw}] Done [see {C.raw}].", ["Ok [1].", A, B, "  Done [see", C, " ]."]),
        (f"[ {A.raw}\n,{B.raw}", [A, B]),
        (f"[[{A.raw}], {B.raw}] Done.", [A, B, " Done."]),
        # A brace too many closes nothing, also where a template doubled it.
        (f"{A.raw}}} Done.", [A, " Done."]),
        (f"{{{A.raw}}} Done.", [A, " Done."]),
        (f"[{A.raw}}}, {B.raw}]\n```json\n{C.raw}}}\n```\nDone.", [A, B, C, "\nDone."]),
        ("Use {{name}} and `{{x}}`.", ["Use {{name}} and `{{x}}`."]),
        # A name without quotes is a slip: no prose.
        ('Ok {command: "a"} {commands: 1}', ["Ok", JsonBlock('{command: "a"}'), "  {commands: 1}"]),
        # The name of a text may be escaped, its quotes need not be.
        ('{"te\\u0078t": "Hi."}', ["Hi.", JsonBlock('{"te\\u0078t": "Hi."}')]),
        (LOOSE, ['Say "yes", "no" or "x".', JsonBlock(LOOSE)]),
        # Line breaks between the brace and the first name are white space.
        (PRETTY, [JsonBlock(PRETTY)]),
        # Braces in strings and escaped quotes do not end an object.
        (QUOTED + " Done.", [JsonBlock(QUOTED), " Done."]),
        # An object in single quotes is no JSON, but it is not spoken either.
        (SINGLE + " Done.", [JsonBlock(SINGLE), " Done."]),
        # A brace closes what was left open inside it.
        ('{"command": "a", "args": [1} Done.', [JsonBlock('{"command": "a", "args": [1}'), " Done."]),
        # An object that the reply's end cuts is refused and not spoken.
        *(
            (f"Opening. {cut}", ["Opening.", JsonBlock(cut, "truncated"), " "])
            for cut in ("{", "{ ", '{"', '{"command": "a"', '{"command": "a", "args": {"x": "y')
        ),
        # The sentences of an envelope come before its command, wherever the command stands in it.
        (FIRST, ["Hi.", JsonBlock(FIRST)]),
        # The text of an envelope is what its string means.
        (ESCAPES, ['Tab\t, "quote", back\\slash, é, 😀, half \ufffd, й.', JsonBlock(ESCAPES)]),
        # An escape that JSON does not know is spoken as its character.
        (WRONG, ["ax b\ufffdG4 c\ufffd.", JsonBlock(WRONG)]),
        ('{"text": "a\\ud83d"}', ["a\ufffd", JsonBlock('{"text": "a\\ud83d"}')]),
        # What was said of a cut envelope stays said; the object is refused, for it may have held a command.
        ('{"text": "Hi. You th', ["Hi.", " You th", JsonBlock('{"text": "Hi. You th', "truncated")]),
        # What follows an envelope is prose, or a further object.
        ('{"text": "Hi."} Then ' + A.raw, ["Hi.", JsonBlock('{"text": "Hi."}'), " Then", A, " "]),
        # An object written in an envelope's text is neither spoken nor a command.
        (NESTED, ["Say", JsonBlock(A.raw, "invalid_envelope"), "  now.", JsonBlock(NESTED)]),
        # Only the first text of an object is said.
        ('{"text": "One.", "text": "Two."}', ["One.", JsonBlock('{"text": "One.", "text": "Two."}')]),
        # Later in a reply an object is spoken by its text when it has no command.
        ('So: {"text": "One. Two."} Done.', ["So:", " One.", " Two.", JsonBlock('{"text": "One. Two."}'), " Done."]),
        ('So: {"text": "1", "command": null}', ["So:", " 1", JsonBlock('{"text": "1", "command": null}')]),
        ('So: {"text": "1", "command": "a"} Done.', ["So:", JsonBlock('{"text": "1", "command": "a"}'), "  Done."]),
        # An object with a session id is an envelope wherever it stands: its text is spoken before its command.
        ("So:\n" + LATE, ["So:", "\nOne.", JsonBlock(LATE)]),
    ],
)
def test_segments(reply: str, expected: list[str | JsonBlock]) -> None:
    """Sentences and objects leave in order, as the rule above a case says."""
    assert segments(reply) == [Sentence(0, part) if isinstance(part, str) else part for part in expected]


def test_prose_before_an_object_leaves_when_the_object_opens() -> None:
    """The words before a command are not held back until the command is complete."""
    segmenter = new_segmenter()
    assert list(segmenter.feed('Opening Safari {"command":')) == [Sentence(0, "Opening Safari")]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("Opening", [Sentence(0, "Opening")]),
        ("Opening.", [Sentence(0, "Opening.")]),
        ("Opening. ", [Sentence(0, "Opening. ")]),
        ('{"command": "a", ', [JsonBlock('{"command": "a", ', "truncated")]),
        ('```json\n{"command": ', [JsonBlock('{"command": ', "truncated")]),
    ],
)
def test_flush(before: str, left: list[Segment]) -> None:
    """What is left when nothing more comes leaves as it is."""
    segmenter = new_segmenter()
    assert [*segmenter.feed(before), *segmenter.flush()] == left


def test_object_leaves_with_its_last_brace() -> None:
    """A command runs as soon as it is complete; the text of an envelope is said while it is still open."""
    segmenter = new_segmenter()
    assert [list(segmenter.feed(delta)) for delta in ('{"a": ', '{"b": 1}', ", ", '"c": 2', "} ")] == [
        *([], [], [], []),
        [JsonBlock('{"a": {"b": 1}, "c": 2}')],
    ]
    envelope = new_segmenter()
    assert list(envelope.feed('{"text": "Hi. ')) == []
    assert list(envelope.feed("You")) == [Sentence(0, "Hi.")]


@pytest.mark.parametrize("label", ["", "json", "JSON", "json ", " json", "jsonc", "json5", "jsonl"])
def test_fences_of_commands_vanish(label: str) -> None:
    """A bare or json fence around an object is in no sentence, nor is the line break behind it."""
    found = segments(f'Opening.\n```{label}\n{{"command": "a"}}\n```\nDone.')
    assert found == [Sentence(0, "Opening."), JsonBlock('{"command": "a"}'), Sentence(0, "\nDone.")]


def test_other_fences_are_prose() -> None:
    """A fence with another label is spoken as written and holds no object."""
    text = 'Look:\n```python\nrun({"command": "a"})\n```\nDone.'
    found = segments(text)
    assert objects(found) == []
    assert "".join(prose(found)) == text


def test_fence_with_more_than_objects() -> None:
    """In a bare fence there may be prose around an object; the fence is then spoken as written."""
    found = segments('```\nrun {"command": "a"} now\n```\nDone.')
    assert objects(found) == [('{"command": "a"}', "")]
    assert "".join(prose(found)) == "```\nrun  now\n```\nDone."


@pytest.mark.parametrize("slip", ["```\n", "```\nls\n```\n", '```json\n{"x": 1}\nmore\n'])
def test_slip_in_the_fences_hides_no_object(slip: str) -> None:
    """After a fence that was never opened or never closed, objects are still found."""
    found = segments(slip + 'So {"command": "a"}\n```json\n{"command": "b"}\n```\nDone {"command": "c"}')
    assert [raw for raw, _ in objects(found)][-3:] == ['{"command": "a"}', '{"command": "b"}', '{"command": "c"}']
    assert "json" not in "".join(prose(found))


def test_object_behind_another_fence_is_found() -> None:
    """A fence of code ends where it is closed."""
    assert objects(segments('```python\nx = {"a": 1}\n```\n{"command": "a"}')) == [('{"command": "a"}', "")]


@pytest.mark.parametrize("ticks", ["`", "``"])
def test_inline_code_is_prose(ticks: str) -> None:
    """An object in inline code is part of its sentence."""
    text = f'Say {ticks}{{"command": "a"}}{ticks} to me. Then wait.'
    found = segments(text)
    assert objects(found) == []
    assert prose(found) == [f'Say {ticks}{{"command": "a"}}{ticks} to me.', " Then wait."]


def test_inline_code_ends_with_as_many_backticks() -> None:
    """Code in two backticks may hold one, before an object and in it."""
    for text in ('Say ``a ` {"command": "a"}`` now', 'Say ``{"x": "`", "y": {"command": "a"}}`` now'):
        assert prose(segments(text)) == [text]


def test_stray_backtick_hides_no_object() -> None:
    """A backtick that is not closed on its line opened no code, so an object behind it is one."""
    assert objects(segments('It`s done {"command": "a"}\nBye')) == [('{"command": "a"}', "")]
    assert objects(segments('It`s done {"command": "a"}')) == [('{"command": "a"}', "")]
    for deltas in (
        ('It`s done {"command": "a"} in `x` now',),
        ("Yes.", " It", "`", 's done {"command": "a"} in `x` now'),
    ):
        assert objects(segments(*deltas)) == [('{"command": "a"}', "")]


def test_stray_backticks_lose_nothing() -> None:
    """Behind one stray backtick there may be another, with an object of its own."""
    assert objects(segments('It` {"a": 1} in ``{"b": 2}')) == [('{"a": 1}', ""), ('{"b": 2}', "")]


def test_a_long_row_of_backticks() -> None:
    """A row of backticks may be longer than any that a fence has."""
    for text in ("`" * 300 + "x", "`" * 300 + "x " * 99):
        assert "".join(prose(segments(text))) == text


BRACES = """{"word"} and {"a", "b"} or {'tis the season}, [{x}] or [1, {"a"}]"""


@pytest.mark.parametrize("text", ["{smile} Hello", "Use {x} or {{y}} here", "f(x) { return 1; }", "a { b", BRACES])
def test_braces_of_prose(text: str) -> None:
    """A brace opens an object only if a name with its colon, or the closing brace, is next."""
    assert objects(segments(text)) == []
    assert "".join(prose(segments(text))) == text


@pytest.mark.parametrize(
    ("raw", "then"),
    [
        ('{"command": "a", "args": {"x": 1}', " Done. And more."),
        ('{"command": "a", "args": {"x": [1]', "\n\nDone. And more."),
        ('{"command": "a", "args": {"x": 1}', "\n\n**Done.** And more."),
        ('{"command": "a"', "\n\nDone. And more."),
        ('{"command": "a", "args": {"x": "5" tall"}}', " Done. And more."),
        ('{"command": "a", "args": {"x": "use "{b}", or not"}}', " Done. And more."),
        ("{'command': 'a', 'args': {'x': 'it's'}}", " Done. And more."),
    ],
)
def test_slip_in_an_object_does_not_swallow_the_reply(raw: str, then: str) -> None:
    """Where the last brace is missing, or a string has quotes in it, prose goes on and later commands run."""
    found = segments(raw + then + ' {"command": "b"} End.')
    assert [text for text, _ in objects(found)] == [raw, '{"command": "b"}']
    assert "".join(prose(found)) == then + "  End."


def test_missing_brace_in_a_fence() -> None:
    """The backticks that close a fence close the object in it, too; it leaves as refused."""
    found = segments('Ok.\n```json\n{"command": "a", "args": {"x": 1}\n```\nDone. {"command": "b"}')
    assert found[:3] == [
        Sentence(0, "Ok."),
        JsonBlock('{"command": "a", "args": {"x": 1}', "invalid_json"),
        Sentence(0, "\nDone."),
    ]
    assert objects(found)[1:] == [('{"command": "b"}', "")]


@pytest.mark.parametrize("space", [" ", "\n", "\n\n"])
def test_missing_brace_is_told_by_the_next_word(space: str) -> None:
    """Prose behind an object without its end is not held back until another brace comes."""
    segmenter = new_segmenter()
    assert list(segmenter.feed('{"command": "a", "args": {}')) == []
    assert list(segmenter.feed(space)) == []
    assert list(segmenter.feed("Done")) == [JsonBlock('{"command": "a", "args": {}', "invalid_json")]
    assert list(segmenter.feed(".")) == []
    assert list(segmenter.release()) == [Sentence(0, space + "Done.")]


@pytest.mark.parametrize(
    "raw",
    [
        '{\n  "a": {\n\n  }\n\n,\n "b": "x"\n\n}',
        '{"a": {"x": 1} "b": "y"\n"c": []\n// no\n}',
        '{"a": "x" /* why */, "b": "```\n\nso"}',
        '{"a": b, c: {"d": True}}',
        '{"a": {"b": "say "\n{"command": "c"}"}}',
    ],
)
def test_other_slips_end_no_object(raw: str) -> None:
    """Blank lines, comments, bare words and missing commas end no object, and nothing that stands in it runs."""
    assert objects(segments(raw + " Done.")) == [(raw, "")]


# Refusals


def test_too_deep() -> None:
    """A nesting beyond the cap is refused at the brace that exceeds it; the rest of the object is skipped."""
    assert prose(segments('{"x": {"y": [1}, "text": "Hi."}', max_json_depth=3)) == ["Hi."], "a brace closes brackets"
    deep = '{"a": ' * 3 + "[1]" + "}" * 3
    assert objects(segments(deep, max_json_depth=4)) == [(deep, "")]
    found = segments(deep + " Done.", max_json_depth=3)
    assert found == [JsonBlock(deep[: deep.index("[") + 1], "too_deep"), Sentence(0, " Done.")]


def test_too_long() -> None:
    """An object beyond the cap is refused, kept up to the cap, and skipped to its end."""
    raw = '{"a": "' + "x" * 50 + '"}'
    assert objects(segments(raw, max_json_chars=len(raw))) == [(raw, "")]
    found = segments(raw + " Done.", max_json_chars=len(raw) - 1)
    assert found == [JsonBlock(raw[:-1], "too_long"), Sentence(0, " Done.")]


# Envelopes


def test_envelope_is_spoken_while_it_is_open() -> None:
    """The text of an envelope is spoken as it comes. Its quote is the end when the next name shows it."""
    segmenter = new_segmenter()
    assert list(segmenter.feed('{"session_id": "1", "text": "Hi. H')) == [Sentence(0, "Hi.")]
    assert list(segmenter.feed('ow are you?"')) == []
    assert list(segmenter.feed(', "command":')) == [Sentence(0, " How are you?")]
    rest = [*segmenter.feed(' "a"}'), *segmenter.flush()]
    assert rest == [JsonBlock('{"session_id": "1", "text": "Hi. How are you?", "command": "a"}')]


@pytest.mark.parametrize("before", ["", "\n", "```\n", "```json\n"])
def test_envelope_behind_white_space_or_in_a_fence(before: str) -> None:
    """An envelope may stand in a fence."""
    after = "\n```" if "`" in before else ""
    found = segments(before + '{"text": "Hi. You."}' + after)
    assert [text.strip() for text in prose(found)] == ["Hi.", "You."]
    assert objects(found) == [('{"text": "Hi. You."}', "")]


def test_envelope_too_long() -> None:
    """The text of an envelope beyond the cap is not spoken."""
    raw = '{"text": "' + "word " * 10 + '"}'
    found = segments(raw, max_json_chars=20)
    assert found == [Sentence(0, "word word"), JsonBlock(raw[:20], "too_long"), Sentence(0, " ")]


# Surrogates


def test_surrogates() -> None:
    """Halves of a character are joined over deltas; a lone one becomes U+FFFD."""
    assert prose(segments("a \ud83d", "\ude00 b \ud83d c \udc00")) == ["a 😀 b \ufffd c \ufffd"]
    assert prose(segments("a\ud83d")) == ["a\ufffd"]
    assert objects(segments('{"a\ud83d', "b", "c")) == [('{"a\ufffdbc', "truncated")]
    assert objects(segments('{"a', "b\ud83d", "\ude00c")) == [('{"ab😀c', "truncated")]


# Release


def test_release_gives_a_finished_sentence() -> None:
    """A sentence that is at its end does not wait for the next one."""
    segmenter = new_segmenter()
    assert list(segmenter.feed("Hi there.")) == []
    assert list(segmenter.release()) == [Sentence(0, "Hi there.")]
    assert list(segmenter.release()) == []
    assert [*segmenter.feed(" Next."), *segmenter.flush()] == [Sentence(0, " Next.")]


HALVES = ["Hi", "Hi, Dr.", "It costs 3.", "At 5 p.m.", "J.", "1.", "彼は「はい。", "He said. ("]


@pytest.mark.parametrize("text", [*HALVES, 'He asked, "Why?', "Look (now!", "**Note!", 'Wait! {"command":'])
def test_release_never_gives_half_a_sentence(text: str) -> None:
    """What may go on is not released."""
    segmenter = new_segmenter()
    assert [s for s in segmenter.feed(text) if isinstance(s, Sentence) and s.text != "Wait!"] == []
    assert list(segmenter.release()) == []


@pytest.mark.parametrize(
    "text", ["Really?", "Let me see...", "Готово!", "はい！", "ठीक है।", '"Done."', "**Done.**", "Great! 🎉"]
)
def test_release_of_other_ends(text: str) -> None:
    """Any mark that ends a sentence does, with what closes behind it."""
    segmenter = new_segmenter()
    list(segmenter.feed(text))
    assert [s.text for s in segmenter.release() if isinstance(s, Sentence)] == [text]


@pytest.mark.parametrize(
    "text", ["We take plan B.", "It costs 3.", "At 5 p.m.", "Hi, Dr.", "See Photo.JPG.", "And so on, etc."]
)
def test_doubtful_ends(text: str) -> None:
    """A number, a letter or an abbreviation may be the end: told apart, and never taken back."""
    segmenter = new_segmenter()
    assert list(segmenter.feed(text)) == list(segmenter.release()) == []
    assert list(segmenter.doubtful()) == [Sentence(0, text)]
    assert list(segmenter.doubtful()) == []
    assert segmenter.feed("5 is more. and so on") == []
    assert segmenter.flush() == [Sentence(0, "5 is more. and so on")]


@pytest.mark.parametrize("text", ["Hi", "1.", "Steps:\n1.", "He said. (", 'He asked, "Why?', "**Note!", "彼は「はい。"])
def test_a_half_is_not_in_doubt(text: str) -> None:
    """Text without an end mark, the number of an item, and what is open, are not released however long the pause."""
    segmenter = new_segmenter()
    list(segmenter.feed(text))
    assert list(segmenter.doubtful()) == []


@pytest.mark.parametrize("text", ["Write to Mary.Major@post.org today.", "Open Plan.Draft.pdf now."])
def test_a_name_before_the_end_holds_nothing_up(text: str) -> None:
    """A name with dots is judged as soon as it is there, so the sentence behind it leaves in a pause."""
    segmenter = new_segmenter()
    list(segmenter.feed(text))
    assert list(segmenter.release()) == [Sentence(0, text)]


# Properties

WORDS = [
    *("Hi", "Dr.", "3.5", "etc.", "e.g.", "Next", "p.m.", "EST", "Main St.", "Sat–Mon.", "Nov.", "Elm–St.", "iT"),
    *("да", "г.", "т. е.", "«Ну?»", "好。", "「あ？」と", "हाँ।", "نعم؟", "😀", "\U0001f389", "**b**", "`x`", "a`b"),
    *("The", "1.", "-", "J. K.", "U.S.", "example.com", "...", "?!", '"Why?"', "{x}", "```\n"),
    *("Anna.Lee@a.B", "Plan.Draft.pdf", "5)", "ch.", "II", "B.", "Steps: 1."),
]
SPACES = [" ", "  ", "\n", "\n\n", "", "\u00a0", "\r\n"]
OBJECTS = [
    '{"command": "QQ"}',
    '{"command": "QQ", "args": {"x": ["QQ", "}\\"QQ"], "text": "QQ"}}',
    '```json\n{"command": "QQ"}\n```\n',
    '```\n[{"command": "QQ"}]\n```',
    "{'command': 'QQ'}",
    '{"QQ": [1}',
    "{}",
    '{"QQ": "\\ud83d\\ude00"}',
]
ENVELOPES = [
    '{"text": "Hi \\u043f\\u0440\\ud83d\\ude00. \\"Yes!\\" \\n ok \\ud83d x", "command": "QQ"}',
    '```json\n{"session_id": "QQ", "command": "QQ", "text": "A. B {\\"QQ\\": 1} c."}\n```\n',
    "",
]
replies = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(ENVELOPES),
        st.lists(st.tuples(st.sampled_from(WORDS + OBJECTS), st.sampled_from(SPACES)).map("".join), max_size=12).map(
            "".join
        ),
        st.sampled_from(["", '{"QQ', "{ ", "`", "```js", "\ud83d"]),
    ),
)
slips = st.lists(
    st.sampled_from(
        ['{"a": {}', '{"a": "b"', '{"text": "5" b"}', "\n", "\n\n", " ", "```", "b. A", '{"a": 1}', "**", "}"]
    ),
    max_size=12,
).map("".join)
wild = st.text(st.sampled_from("aA1 .!?\n\"'`{}[]:,\\u0d8e*-(«»。「」\ud83d\ude00😀"), max_size=60)


def cut(text: str, sizes: list[int]) -> list[str]:
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return [*out, text[at:]]


@given(replies | slips | wild, st.lists(st.integers(1, 9), max_size=60))
def test_segments_do_not_depend_on_the_deltas(text: str, sizes: list[int]) -> None:
    """The same reply gives the same segments, wherever its deltas are cut, also in escapes and between surrogates."""
    whole = segments(text)
    assert segments(*text) == whole
    assert segments(*cut(text, sizes)) == whole


@example('{"a": 1}... ', 2, 8)
@given(replies | slips | wild, st.integers(2, 40), st.integers(8, 40))
def test_caps_do_not_depend_on_the_deltas(text: str, max_segment_chars: int, max_json_chars: int) -> None:
    """What the caps cut and refuse is the same for any deltas."""
    caps = {"max_segment_chars": max_segment_chars, "max_json_chars": max_json_chars, "max_json_depth": 2}
    assert segments(*text, **caps) == segments(text, **caps)


@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)).map("".join), max_size=20).map("".join),
    st.integers(2, 400),
)
def test_prose_is_lossless(text: str, max_segment_chars: int) -> None:
    """All sentences of a reply without objects, joined, are the reply."""
    assert "".join(prose(segments(text, max_segment_chars=max_segment_chars))) == text


@given(replies, st.sets(st.integers(0, 150)))
def test_nothing_of_an_object_is_spoken(text: str, pauses: set[int]) -> None:
    """No piece of an object is spoken, nothing is doubled or lost, also when sentences are released at any moment."""
    segmenter = new_segmenter()
    out: list[Segment] = []
    for at, char in enumerate(text):
        out += segmenter.feed(char)
        if at in pauses:
            out += [*segmenter.release(), *segmenter.doubtful()]
    out += segmenter.flush()
    steady = segments(text)
    assert "QQ" not in "".join(prose(out))
    assert "".join(prose(out)).split() == "".join(prose(steady)).split()
    assert objects(out) == objects(steady)
    assert not any("\ud800" <= char <= "\udfff" for char in "".join(prose(out)))


UNITS = ["One more. ", '`{"a" ', "```json\n", '{"a": [1, "b"]} ', '{"a": {}\n b ', '{"text": "']


@pytest.mark.parametrize(
    "unit", [*UNITS, "Word.Next", "A.b@", "1. a ", ": 1. A 2. ", "word ", "「あ。", "[a](b", '."', *"a. {\\*"]
)
def test_cost_grows_linearly(unit: str) -> None:
    """Ten times as much text costs about ten times as much: no buffer is read again and again."""
    assert _steps(unit, 20_000) < 14 * _steps(unit, 2_000) + 1_000


def _steps(unit: str, size: int) -> int:
    """Characters that regular expressions and copies may touch, as line events of Python: one for each line run."""
    text = (unit * (size // len(unit) + 1))[:size]
    count = 0

    def trace(_frame: object, _event: str, _arg: object) -> object:
        nonlocal count
        count += 1
        return trace

    list(segments(text[:400]))  # the tables are read once
    segmenter = new_segmenter()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for at in range(0, size, 4):
            list(segmenter.feed(text[at : at + 4]))
        list(segmenter.flush())
    finally:
        sys.settrace(before)
    return count
