"""The memory of one process: bounded in every direction."""

from typing import Any

import pytest

from app.settings.stages import ProcessMemorySettings
from app.stages.options import options
from pipeline.events import ModelEnd, Sentence
from pipeline.interfaces import Message
from pipeline.memory import answer as answer_module
from pipeline.memory import memory as module
from pipeline.memory.answer import Answer, Heard
from pipeline.memory.memory import MemoryOptions, ProcessMemory
from tests.fakes import ManualClock


def memory_of(clock: ManualClock | None = None, **changes: Any) -> ProcessMemory:
    """A memory with the default bounds but for *changes*."""
    return ProcessMemory(options(MemoryOptions, ProcessMemorySettings(**changes)), clock or ManualClock())


def turn(text: str) -> tuple[Message, Message]:
    return Message("user", f"{text}?"), Message("assistant", f"{text}.")


def answer(text: str) -> Answer:
    """The answer to a question, as it was sent and heard."""
    given = Answer(f"{text}?")
    given.sent(Sentence(1, f"{text}.", final=True))
    given.sent(ModelEnd())
    return given


def remember(memory: ProcessMemory, text: str, session_id: str = "s", client: str = "mac") -> None:
    given = answer(text)
    memory.begin(("me", client, session_id), given)
    memory.end(("me", client, session_id), given)


def answers(memory: ProcessMemory, session_id: str = "s", client: str = "mac") -> list[str]:
    return [message.text for message in memory.recall(("me", client, session_id)) if message.role == "assistant"]


def test_order() -> None:
    """Turns come back oldest first, the user's message before the assistant's."""
    memory = memory_of()
    for text in ("one", "two"):
        remember(memory, text)
    assert memory.recall(("me", "mac", "s")) == (*turn("one"), *turn("two"))


def test_max_turns() -> None:
    """The oldest turns go."""
    memory = memory_of(max_turns=2)
    for text in ("one", "two", "three"):
        remember(memory, text)
    assert answers(memory) == ["two.", "three."]


def test_max_sessions() -> None:
    """The session that was unused longest goes; being spoken in is use, and so is being answered from."""
    memory = memory_of(max_sessions=2)
    for session_id in ("a", "b", "a", "c"):
        remember(memory, session_id, session_id)
    assert (answers(memory, "a"), answers(memory, "b"), answers(memory, "c")) == (["a.", "a."], [], ["c."])
    memory.recall(("me", "mac", "a"))
    remember(memory, "d", "d")
    assert (answers(memory, "a"), answers(memory, "c"), answers(memory, "d")) == (["a.", "a."], [], ["d."])
    assert len(memory) == 2


def test_time() -> None:
    """A session is gone when it was unused for its time, and its memory is free."""
    clock = ManualClock()
    memory = memory_of(clock, ttl_seconds=10.0)
    remember(memory, "old", "old")
    clock.advance(9.0)
    remember(memory, "new", "new")
    assert len(memory) == 2
    clock.advance(1.0)
    assert answers(memory, "old") == []
    assert len(memory) == 1


def test_time_that_an_answer_takes() -> None:
    """A turn that begins in time does not lose what it was answered from, if it ends after that time."""
    clock = ManualClock()
    memory = memory_of(clock, ttl_seconds=10.0)
    remember(memory, "one")
    clock.advance(9.0)
    assert answers(memory) == ["one."]
    clock.advance(9.0)
    remember(memory, "two")
    assert answers(memory) == ["one.", "two."]


def test_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long answers push old turns out, but never the last one; of that the beginning is kept."""
    monkeypatch.setattr(module, "SESSION_CHARS", 100)
    monkeypatch.setattr(answer_module, "MESSAGE_CHARS", 50)
    memory = memory_of()
    for text in ("one", "two" * 10, "three" * 8):
        remember(memory, text)
    assert answers(memory) == ["three" * 8 + "."]
    remember(memory, "four" * 40)
    kept = "four" * 12 + "fo"
    assert memory.recall(("me", "mac", "s")) == (Message("user", kept, cut=True), Message("assistant", kept, cut=True))


def test_clients_are_apart() -> None:
    """Two clients with one session id do not hear of each other."""
    memory = memory_of()
    remember(memory, "secret")
    assert answers(memory, client="phone") == []


def test_an_answer_that_is_not_over() -> None:
    """What was said of an answer so far counts for whoever asks meanwhile, in the order of the questions."""
    memory, first, key = memory_of(), Answer("first?"), ("me", "mac", "")
    memory.begin(key, first)
    assert memory.recall(key) == ()
    first.sent(Sentence(1, "One.", final=True))
    assert memory.recall(key) == (Message("user", "first?"), Message("assistant", "One.", cut=True))
    second = answer("second")
    memory.begin(key, second)
    memory.end(key, second)
    first.sent(Sentence(2, " Two.", final=True))
    first.sent(ModelEnd())
    memory.end(key, first)
    assert memory.recall(key) == (Message("user", "first?"), Message("assistant", "One. Two."), *turn("second"))


def test_an_answer_without_a_word() -> None:
    """It takes no place: neither of the turns nor of what was heard."""
    memory, key, silent = memory_of(max_turns=1), ("me", "mac", "s"), Answer("silent?")
    remember(memory, "one")
    memory.begin(key, silent)
    memory.end(key, silent)
    memory.hear(key, Heard(0, 0.0))
    assert memory.recall(key) == turn("one")
    remember(memory, "two")
    assert memory.recall(key) == turn("two")


def test_a_forgotten_session() -> None:
    """An answer that outlives its session begins it anew. What was heard in a session that is gone has no effect."""
    clock, key, late = ManualClock(), ("me", "mac", "s"), answer("late")
    memory = memory_of(clock, ttl_seconds=10.0)
    memory.begin(key, late)
    clock.advance(10.0)
    memory.hear(key, Heard(0, 0.0))
    memory.end(key, late)
    assert memory.recall(key) == turn("late")


@pytest.mark.parametrize("is_over", [True, False])
def test_heard(is_over: bool) -> None:
    """What was heard cuts the last answer, be it over or not, and no other one. The last telling counts."""
    memory, key, given = memory_of(), ("me", "mac", "s"), answer("two")
    remember(memory, "one")
    memory.begin(key, given)
    if is_over:
        memory.end(key, given)
    memory.hear(key, Heard(0, 0.0))
    assert memory.recall(key) == (*turn("one"), Message("user", "two?"), Message("assistant", "", cut=True))
    memory.end(key, given)
    memory.hear(key, Heard(2, 0.0))
    assert memory.recall(key) == (*turn("one"), *turn("two"))
    memory.hear(key, Heard(1, 0.0))
    remember(memory, "three")
    assert answers(memory) == ["one.", "", "three."]
