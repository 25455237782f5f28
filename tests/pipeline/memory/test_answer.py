"""What is kept of an answer: what was sent, or what was heard of it."""

from collections.abc import Iterable

import pytest

from pipeline.events import AudioChunk, Command, EndReason, ModelEnd, Sentence, WordMark
from pipeline.interfaces import Message
from pipeline.memory.answer import CHAR_MS, Answer, Heard

HZ = 1000
"""Samples a second of the sound here: one a millisecond."""


def sound(sentence: int, ms: int, *, final: bool = True, words: Iterable[tuple[int, float]] = ()) -> AudioChunk:
    """Sound of a sentence. *words*: where each word stands, and when it begins."""
    marks = tuple(WordMark(offset, 1, start) for offset, start in words)
    return AudioChunk(sentence, bytes(2 * ms), HZ, final, marks)


def given(*events: Sentence | AudioChunk | Command | ModelEnd) -> Answer:
    answer = Answer("What?")
    for event in events:
        answer.sent(event)
    return answer


def said(answer: Answer) -> tuple[str, bool]:
    """What the conversation has of *answer*, and whether it is cut."""
    question, message = answer.messages()
    assert (question, message.role) == (Message("user", "What?"), "assistant")
    return message.text, message.cut


def two_sentences() -> Answer:
    """The first sentence has marks, the second one, of ten words, none. Each is said in a second."""
    return given(
        Sentence(1, "It is warm."),
        sound(1, 400, final=False, words=[(0, 0.0), (3, 300.0)]),
        sound(1, 600, words=[(6, 600.0)]),
        Command("open", {}),
        Sentence(2, " 11 22 33 44 55 66 77 88 99 00."),
        sound(2, 1000),
        ModelEnd(),
    )


COMMAND = ' {"command":"open","args":{}}'
WHOLE = f"It is warm.{COMMAND} 11 22 33 44 55 66 77 88 99 00."


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ((0, 0.0), COMMAND.strip()),
        ((0, 5000.0), COMMAND.strip()),
        ((1, 0.0), COMMAND.strip()),
        ((1, 299.0), COMMAND.strip()),
        ((1, 300.0), f"It{COMMAND}".replace("It", "It ")),
        ((1, 999.0), f"It is {COMMAND}"),
        ((1, 1000.0), f"It is warm.{COMMAND}"),
        ((2, 0.0), f"It is warm.{COMMAND}"),
        ((2, 500.0), f"It is warm.{COMMAND} 11 22 33 44 55"),
        ((2, 999.0), f"It is warm.{COMMAND} 11 22 33 44 55 66 77 88 99"),
        ((2, 1000.0), WHOLE),
        ((3, 0.0), WHOLE),
        ((2_000_000, 1e300), WHOLE),
    ],
)
def test_heard(heard: tuple[int, float], kept: str) -> None:
    """Sentences before the one that was heard last are whole. Of that one, the words that were over stay: by their
    marks, or by their share of the sound. Commands stay. Beyond the answer it has no effect.
    """
    answer = two_sentences()
    answer.hear(Heard(*heard))
    assert said(answer) == (kept, kept != WHOLE)


def test_heard_twice() -> None:
    """The later telling counts, though the first one kept less; once settled, none does."""
    answer = two_sentences()
    answer.hear(Heard(0, 0.0))
    answer.hear(Heard(1, 1000.0))
    assert said(answer) == (f"It is warm.{COMMAND}", True)
    answer.settle()
    answer.hear(Heard(3, 0.0))
    assert said(answer) == (f"It is warm.{COMMAND}", True)


def test_heard_in_advance() -> None:
    """What comes behind what was heard is not kept either: a stream that is about to end still sends."""
    answer = given(Sentence(1, "One."), sound(1, 100))
    answer.hear(Heard(1, 100.0))
    for event in (Sentence(2, " Two."), sound(2, 100), ModelEnd()):
        answer.sent(event)
    assert said(answer) == ("One.", True)


@pytest.mark.parametrize(
    ("before", "ms", "kept"),
    [
        ([], 5 * CHAR_MS, "aaaa"),
        ([Sentence(1, "ten chars."), sound(1, 1000)], 500, "ten chars.aaaa"),
        ([Sentence(1, "no sound.", final=True)], 5 * CHAR_MS, "no sound.aaaa"),
    ],
    ids=["by a guess", "by the sentence before", "without any sound before"],
)
def test_sound_that_broke_off(before: list[Sentence | AudioChunk], ms: float, kept: str) -> None:
    """Of a sentence that was ended in the middle of its sound the rest of the words was not heard."""
    answer = given(*before, Sentence(2, "aaaa bbbb cccc dddd."), sound(2, int(ms), final=False))
    answer.hear(Heard(2, ms))
    assert said(answer) == (kept, True)


def test_a_word_that_broke_off() -> None:
    """Where there are marks, the last word of such a sentence is the one that was being said."""
    answer = given(Sentence(1, "aa bb cc."), sound(1, 200, final=False, words=[(0, 0.0), (3, 100.0)]))
    answer.hear(Heard(1, 5000.0))
    assert said(answer) == ("aa", True)


def test_scripts_without_white_space() -> None:
    """Of these, characters are kept."""
    answer = given(Sentence(1, "今日は天気がいい。そう"), sound(1, 1100))
    answer.hear(Heard(1, 550.0))
    assert said(answer) == ("今日は天気", True)


def test_a_sentence_without_sound() -> None:
    """It is heard once anything of it is; a sentence of which the sound has not begun does not count, unless told."""
    silent = given(Sentence(1, "One.", final=True), ModelEnd())
    silent.hear(Heard(1, 0.0))
    assert said(silent) == ("", True)
    silent.hear(Heard(1, 1.0))
    assert said(silent) == ("One.", False)
    waiting = given(Sentence(1, "One."))
    assert waiting.messages() == ()
    waiting.hear(Heard(0, 0.0))
    assert said(waiting) == ("", True)


def test_a_filtered_question() -> None:
    """It did not happen, whatever was heard of the notice: the filter would refuse every later turn for it."""
    answer = given(Sentence(1, "Refused.", apart=True), sound(1, 100), ModelEnd(EndReason.CONTENT_FILTER))
    answer.hear(Heard(0, 0.0))
    assert answer.messages() == ()
