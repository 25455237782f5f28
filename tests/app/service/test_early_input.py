"""What is kept of turns that are still being spoken or typed."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from app.service import early_input
from app.service.early_input import EarlyInput
from interceptors.base import ANONYMOUS
from protos import streaming_pb2 as pb
from tests.fakes import ManualClock

SEEDS = range(50)


def chunk(text: str | None = None, seq: int = 1, **fields: Any) -> pb.StreamRequest:
    own = {"hardware_id": "mac", "session_id": "s", "phase": pb.REQUEST_PHASE_COLLECT, "chunk_seq": seq, **fields}
    return pb.StreamRequest(**({"chunk_text": text} if text is not None else {}), **own)


def commit(prompt: str = "", **fields: Any) -> pb.StreamRequest:
    return pb.StreamRequest(**{"prompt": prompt, "hardware_id": "mac", "session_id": "s", **fields})


class Store:
    """A store whose clock the test moves, and one client's view of it."""

    def __init__(self, who: str = ANONYMOUS) -> None:
        self.clock = ManualClock()
        self.store = EarlyInput(self.clock)
        self.who = who

    def add(self, *chunks: pb.StreamRequest) -> Any:
        return [self.store.collect(each, self.who) for each in chunks][-1]

    def filled(self, prompt: str = "", **fields: Any) -> tuple[str, str]:
        request = commit(prompt, **fields)
        self.store.fill(request, self.who)
        return request.prompt, request.screenshot


def test_what_a_commit_leaves_empty_is_filled() -> None:
    """Its own prompt and screenshot win; the last text and the last screenshot fill what is left."""
    store = Store()
    store.add(chunk("what", 1, screenshot="old", screen_width=7), chunk("what time", 2, screenshot="new"))
    store.add(chunk("what time is it", 3))
    assert store.filled() == ("what time is it", "new")
    assert store.filled(" \n") == ("what time is it", "new")
    assert store.filled("Who?") == ("Who?", "new")
    assert store.filled("Who?", screenshot="own") == ("Who?", "own")
    assert store.filled(screenshot="own") == ("what time is it", "own")


def test_the_size_of_the_screen_goes_with_its_picture() -> None:
    """Width and height are those of the screenshot that counts."""
    store = Store()
    store.add(chunk("a", 1, screenshot="x", screen_width=7, screen_height=8), chunk("b", 2, screen_width=1))
    request = commit(screen_width=3)
    store.store.fill(request, ANONYMOUS)
    assert (request.screen_width, request.screen_height) == (7, 8)
    own = commit(screenshot="own", screen_width=3)
    store.store.fill(own, ANONYMOUS)
    assert (own.screen_width, own.HasField("screen_height")) == (3, False)


def test_the_highest_number_wins() -> None:
    """A chunk that comes late changes nothing, but for a screenshot that no higher one has."""
    store = Store()
    store.add(chunk("third", 3), chunk("first", 1, screenshot="first"), chunk("second", 2, screenshot="second"))
    assert store.filled() == ("third", "second")
    store.add(chunk("again", 3))
    assert store.filled() == ("again", "second")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    """Chunks in any order give the turn of the highest numbers."""
    random = Random(seed)
    parts = [(n, f"text {n}" if random.random() < 0.7 else None, random.random() < 0.4) for n in range(8)]
    chunks = [chunk(text, n, **({"screenshot": f"shot {n}"} if shot else {})) for n, text, shot in parts]
    random.shuffle(chunks)
    store = Store()
    store.add(*chunks)
    texts = [text for _, text, _ in parts if text is not None]
    shots = [f"shot {n}" for n, _, shot in parts if shot]
    assert store.filled() == (texts[-1] if texts else "", shots[-1] if shots else "")


def test_a_version_is_what_a_guess_depends_on() -> None:
    """White space and end punctuation make no new one; words, a screenshot, a language or another voice do."""
    store = Store()
    parts = [chunk("what time", 1), chunk("What", 2), chunk(" What ?", 3), chunk("What", 4, voice="v")]
    parts += [chunk("What.", 5, voice="v"), chunk(None, 6, voice="v", screenshot="x"), chunk("What", 1)]
    versions = [store.add(part).version for part in parts]
    assert versions == [1, 2, 2, 3, 3, 4, 4]


def test_the_text_may_stand_in_the_prompt() -> None:
    """``chunk_text`` wins over ``prompt``; a chunk with neither keeps the text; an empty ``chunk_text`` is a text."""
    store = Store()
    store.add(chunk(None, 1, prompt="in the prompt"))
    assert store.filled()[0] == "in the prompt"
    store.add(chunk("in its own field", 2, prompt="in the prompt"))
    store.add(chunk(None, 3, screenshot="x"))
    assert store.filled() == ("in its own field", "x")
    store.add(chunk("", 4))
    assert store.filled() == ("", "x")


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "session": ("a", {"session_id": "t"}),
    "device": ("a", {"hardware_id": "pc"}),
    "no device": ("a", {"hardware_id": ""}),
    "identity": ("b", {}),
    "no identity": (ANONYMOUS, {}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_two_clients_never_mix(other: str) -> None:
    """Another identity, device or session neither gets the input nor closes it."""
    store = Store("a")
    store.add(chunk("a secret", screenshot="x"))
    who, fields = OTHERS[other]
    stranger = commit(**fields)
    store.store.fill(stranger, who)
    assert (stranger.prompt, stranger.screenshot) == ("", "")
    store.store.commit(stranger, who)
    assert store.filled() == ("a secret", "x")


def test_of_nobody_nothing_is_kept() -> None:
    """Without auth and device one client can't be told from another."""
    store = Store()
    assert store.add(chunk("a secret", hardware_id="")) is None
    store.store.commit(commit("a secret", hardware_id=""), ANONYMOUS)
    assert store.filled(hardware_id="") == ("", "")
    assert len(store.store) == store.store.kept_bytes == 0
    known = Store("somebody")
    known.add(chunk("mine", hardware_id=""))
    assert known.filled(hardware_id="") == ("mine", "")


def test_thirty_seconds() -> None:
    """Input is kept so long after its last chunk."""
    store = Store()
    store.add(chunk("what", 1))
    store.clock.advance(29)
    store.add(chunk("what time", 2))
    store.clock.advance(29.9)
    assert store.filled()[0] == "what time"
    store.clock.advance(0.2)
    assert store.filled()[0] == ""
    assert len(store.store) == store.store.kept_bytes == 0


def test_an_admitted_commit_closes_the_turn() -> None:
    """The next turn begins with nothing, whatever its numbers."""
    store = Store()
    entry = store.add(chunk("what time is it", 9, screenshot="x"))
    store.store.commit(commit("What time is it?"), ANONYMOUS)
    assert not entry.is_open
    assert store.filled() == ("", "")
    store.add(chunk("and now", 1))
    assert store.filled() == ("and now", "")


@pytest.mark.parametrize("text", ["What", "What  time", "What time is it", "What time is it?!", "", None])
def test_an_overtaken_chunk_is_forgotten(text: str | None) -> None:
    """Within two seconds a beginning of the committed prompt belongs to the committed turn."""
    store = Store()
    store.store.commit(commit("What time is it?"), ANONYMOUS)
    store.clock.advance(1.9)
    assert store.add(chunk(text, screenshot="stale")) is None
    assert store.filled() == ("", "")
    store.clock.advance(0.2)
    assert store.add(chunk(text, screenshot="new")) is not None
    assert store.filled()[1] == "new"


@pytest.mark.parametrize("text", ["Who", "time is it", "What time is it in Rome", "what"])
def test_a_chunk_of_the_next_turn_is_kept(text: str) -> None:
    """What is no beginning of the committed prompt was said after it."""
    store = Store()
    store.store.commit(commit("What time is it?"), ANONYMOUS)
    store.add(chunk(text))
    assert store.filled()[0] == text


def test_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries and bytes of all clients together are bounded; the entry with the oldest last chunk goes first."""
    monkeypatch.setattr(early_input, "MOST_ENTRIES", 3)
    store = Store()
    entries = [store.add(chunk(f"text {n}", session_id=f"s{n}")) for n in range(3)]
    store.add(chunk("text 0", session_id="s0"), chunk("text 3", session_id="s3"))
    assert [entry.is_open for entry in entries] == [True, False, True]
    monkeypatch.setattr(early_input, "MOST_BYTES", store.store.kept_bytes + 150)
    store.add(chunk("text 4", session_id="s4", screenshot="x" * 100))
    assert [entry.is_open for entry in entries] == [True, False, False]
    store.add(chunk("text 5", session_id="s5", screenshot="x" * 1000))
    assert len(store.store) == store.store.kept_bytes == 0


def test_the_caps_are_the_promised_ones() -> None:
    """30 s, 10,000 entries, 64 MiB, 2 s."""
    assert (early_input.LIFE_SECONDS, early_input.OVERTAKEN_SECONDS) == (30, 2)
    assert (early_input.MOST_ENTRIES, early_input.MOST_BYTES) == (10_000, 64 * 2**20)


def steps(random: Random) -> Iterator[tuple[str, pb.StreamRequest]]:
    for _ in range(60):
        own = {"session_id": f"s{random.randrange(4)}", "hardware_id": f"d{random.randrange(3)}"}
        if random.random() < 0.8:
            text = f"{own['session_id']} {own['hardware_id']} {random.randrange(1000)}"
            yield "collect", chunk(text, random.randrange(5), screenshot=f"{text} " * random.randrange(3), **own)
        else:
            yield "commit", commit(**own)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_script(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes in whatever order, a request is only filled with its own client's words, and the caps hold."""
    monkeypatch.setattr(early_input, "MOST_ENTRIES", 5)
    monkeypatch.setattr(early_input, "MOST_BYTES", 400)
    random, store = Random(seed), Store()
    for verb, request in steps(random):
        store.clock.advance(random.choice([0, 0.1, 1, 10]))
        if verb == "collect":
            store.add(request)
        else:
            store.store.fill(request, ANONYMOUS)
            own = f"{request.session_id} {request.hardware_id} "
            assert request.prompt == "" or request.prompt.startswith(own)
            assert request.screenshot == "" or request.screenshot.startswith(own)
            store.store.commit(request, ANONYMOUS)
        assert len(store.store) <= 5
        entries = store.store._entries.values()
        assert store.store.kept_bytes == sum(entry.turn.ByteSize() for entry in entries) <= 400
