"""The memory of one process: bounded in every direction."""

from typing import Any

import pytest

from app.settings.stages import ProcessMemorySettings
from app.stages.options import options
from pipeline.interfaces import Message
from pipeline.memory import memory as module
from pipeline.memory.memory import MemoryOptions, ProcessMemory
from tests.fakes import ManualClock


def memory_of(clock: ManualClock | None = None, **changes: Any) -> ProcessMemory:
    """A memory with the default bounds but for *changes*."""
    return ProcessMemory(options(MemoryOptions, ProcessMemorySettings(**changes)), clock or ManualClock())


def turn(text: str) -> tuple[Message, Message]:
    return Message("user", f"{text}?"), Message("assistant", f"{text}.")


def answers(memory: ProcessMemory, session_id: str = "s", client: str = "mac") -> list[str]:
    return [message.text for message in memory.recall(("me", client, session_id)) if message.role == "assistant"]


def test_order() -> None:
    """Turns come back oldest first, the user's message before the assistant's."""
    memory = memory_of()
    for text in ("one", "two"):
        memory.remember(("me", "mac", "s"), turn(text))
    assert memory.recall(("me", "mac", "s")) == (*turn("one"), *turn("two"))


def test_max_turns() -> None:
    """The oldest turns go."""
    memory = memory_of(max_turns=2)
    for text in ("one", "two", "three"):
        memory.remember(("me", "mac", "s"), turn(text))
    assert answers(memory) == ["two.", "three."]


def test_max_sessions() -> None:
    """The session that was unused longest goes; being spoken in is use, and so is being answered from."""
    memory = memory_of(max_sessions=2)
    for session_id in ("a", "b", "a", "c"):
        memory.remember(("me", "mac", session_id), turn(session_id))
    assert (answers(memory, "a"), answers(memory, "b"), answers(memory, "c")) == (["a.", "a."], [], ["c."])
    memory.recall(("me", "mac", "a"))
    memory.remember(("me", "mac", "d"), turn("d"))
    assert (answers(memory, "a"), answers(memory, "c"), answers(memory, "d")) == (["a.", "a."], [], ["d."])
    assert len(memory) == 2


def test_time() -> None:
    """A session is gone when it was unused for its time, and its memory is free."""
    clock = ManualClock()
    memory = memory_of(clock, ttl_seconds=10.0)
    memory.remember(("me", "mac", "old"), turn("old"))
    clock.advance(9.0)
    memory.remember(("me", "mac", "new"), turn("new"))
    assert len(memory) == 2
    clock.advance(1.0)
    assert answers(memory, "old") == []
    assert len(memory) == 1


def test_time_that_an_answer_takes() -> None:
    """A turn that begins in time does not lose what it was answered from, if it ends after that time."""
    clock = ManualClock()
    memory = memory_of(clock, ttl_seconds=10.0)
    memory.remember(("me", "mac", "s"), turn("one"))
    clock.advance(9.0)
    assert answers(memory) == ["one."]
    clock.advance(9.0)
    memory.remember(("me", "mac", "s"), turn("two"))
    assert answers(memory) == ["one.", "two."]


def test_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long answers push old turns out, but never the last one; of that the beginning is kept."""
    monkeypatch.setattr(module, "SESSION_CHARS", 100)
    memory = memory_of()
    for text in ("one", "two" * 10, "three" * 8):
        memory.remember(("me", "mac", "s"), turn(text))
    assert answers(memory) == ["three" * 8 + "."]
    memory.remember(("me", "mac", "s"), turn("four" * 40))
    kept = "four" * 12 + "fo"
    assert memory.recall(("me", "mac", "s")) == (Message("user", kept, cut=True), Message("assistant", kept, cut=True))


def test_clients_are_apart() -> None:
    """Two clients with one session id do not hear of each other."""
    memory = memory_of()
    memory.remember(("me", "mac", "s"), turn("secret"))
    assert answers(memory, client="phone") == []
