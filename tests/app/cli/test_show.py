"""How answers look."""

import io

import pytest
from rich.console import Console

from app.cli.printable import one_line, printable
from app.cli.show import PlainView, RichView
from protos import streaming_pb2 as pb


def shown(*messages: pb.StreamResponse, terminal: bool = False) -> str:
    """What RichView prints, on a terminal of 30 columns or into a file."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=30, color_system="standard" if terminal else None)
    view = RichView(console)
    for message in messages:
        view.message(message, 0.0)
    view.close()
    return out.getvalue()


def text(words: str) -> pb.StreamResponse:
    """A sentence."""
    return pb.StreamResponse(text_chunk=words)


def test_prose_flows() -> None:
    """Sentences are joined as they were written; into a file nothing is wrapped."""
    assert shown(text("One sentence."), text(" And another one follows it here."), text("\n\nNew.")) == (
        "One sentence. And another one follows it here.\n\nNew.\n"
    )


def test_prose_is_wrapped_between_words() -> None:
    """On a terminal no word is broken at its edge, also where sentences meet; indented lines stay so."""
    lines = shown(text("The quick brown fox jumps over"), text(" the lazy dog."), text("\n    code"), terminal=True)
    assert lines == "The quick brown fox jumps over\nthe lazy dog.\n    code\n"


def test_command_in_the_middle_of_prose() -> None:
    """A command has a line of its own, and the prose goes on after it without a blank; colours only on a terminal."""
    action = pb.ActionMessage(action_json='{"command":"open","args":{"name":"a b","n":5,"deep":[1]}}')
    messages = (text("One."), pb.StreamResponse(action_message=action), text(" Two."))
    assert shown(*messages) == 'One.\n  → open name="a b" n=5 deep=[1]\nTwo.\n'
    assert "\x1b[" in shown(*messages, terminal=True)


def test_command_of_another_server() -> None:
    """One whose JSON cannot be read is shown by its fields."""
    action = pb.ActionMessage(action_json="{", command="open")
    action.args.update({"name": "x"})
    assert shown(pb.StreamResponse(action_message=action)) == "  → open name=x\n"


def test_warnings_and_incomplete_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """What the listener did not get is said in every view."""
    warning = pb.StreamResponse(warning=pb.Warning(reason="SPEECH_FAILED", message="not spoken"))
    end = pb.StreamResponse(end_message="done", end=pb.EndInfo(reason=pb.END_REASON_LENGTH, total_ms=5))
    rich = shown(text("One."), warning, end)
    assert rich.startswith("One.\n  ! SPEECH_FAILED: not spoken\n  ! the model stopped at its length limit")
    for message in (warning, end):
        PlainView().message(message, 1.25)
    assert capsys.readouterr().out.splitlines() == [
        "Warning: SPEECH_FAILED: not spoken",
        "Warning: the model stopped at its length limit; the answer is not complete.",
        "Done: total 5 milliseconds, 1.2 seconds of speech.",
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b1;31mred", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1bcreset\x1b(B", "reset"),
        ("a\x00b\x7fc\x85d\re", "abcde"),
        ("left\u202etfel", "lefttfel"),
        ("tab\tand\nline, Привет, 😀, e\u0301", "tab\tand\nline, Привет, 😀, e\u0301"),
    ],
)
def test_printable(raw: str, expected: str) -> None:
    """Terminal sequences and control characters vanish; everything that is text stays."""
    assert printable(raw) == expected


def test_one_line() -> None:
    """Whatever separates lines is a blank."""
    assert one_line(" a\r\n\n b\u2028c\x0bd ") == "a b cd"
