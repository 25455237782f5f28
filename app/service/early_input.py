"""Keeps the input of turns that are still being spoken or typed, until they are committed."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.service.wire import core
from interceptors.base import ANONYMOUS
from protos import streaming_pb2 as pb

LIFE_SECONDS = 30.0
"""Input is forgotten so long after its last chunk."""

MOST_ENTRIES = 10_000
MOST_BYTES = 64 * 1024 * 1024
"""The most that is kept of all clients together. The entry whose last chunk is the oldest goes."""

OVERTAKEN_SECONDS = 2.0
"""A beginning of the committed prompt that arrives so soon after the COMMIT was sent before it."""

MOST_COMMITTED = 10_000
"""The most committed prompts that are kept for OVERTAKEN_SECONDS."""

Key = tuple[str, str, str]
"""Whose turn it is: identity, hardware_id and session_id."""


def key_of(request: Any, who: str) -> Key | None:
    """Return whose turn *request* is a part of. Without auth and device nobody can be told from anybody else: None."""
    device = getattr(request, "hardware_id", "")
    return (who, device, request.session_id) if who != ANONYMOUS or device else None


Conversation = Callable[[Any, str], Key]
"""``conversation(request, identity)`` names what a request continues."""


def conversation_of(is_one: bool, request: Any, who: str) -> Key:
    """Return the key of a session, or, where all sessions of a client are *one* conversation, of the client."""
    if not is_one:
        return who, request.hardware_id, request.session_id
    return who, request.hardware_id if who == ANONYMOUS else "", ""


@dataclass(slots=True, eq=False)
class Entry:
    """The input of one turn so far."""

    key: Key
    turn: pb.StreamRequest
    """The request that would commit it."""
    touched: float
    """When its last chunk came, in seconds of the store's clock."""
    seq: int = -1
    """The ``chunk_seq`` of the newest chunk. The text and the screenshot may be older, each with its own."""
    text_seq: int = -1
    screenshot_seq: int = -1
    is_open: bool = True
    """The turn is neither committed nor forgotten."""
    version: int = 0
    """Grows with each change of ``turn`` that is more than white space and end punctuation."""
    waits: int = 0
    """The version that a guess waits for."""
    guessed: bool = False
    """A guess at its answer was begun."""

    def add(self, chunk: pb.StreamRequest, now: float) -> None:
        """Take in *chunk*. The highest ``chunk_seq`` wins, of equal ones the later; a part that it lacks stays."""
        turn = pb.StreamRequest()
        turn.CopyFrom(self.turn if chunk.chunk_seq < self.seq else chunk)
        for field in ("phase", "chunk_seq", "chunk_text", "replace"):
            turn.ClearField(field)
        self._add_text(chunk, turn)
        self._add_screenshot(chunk, turn)
        self.seq = max(self.seq, chunk.chunk_seq)
        self.touched = now
        self.version += not _alike(turn, self.turn)
        self.turn = turn

    def _add_text(self, chunk: pb.StreamRequest, turn: pb.StreamRequest) -> None:
        if (chunk.prompt or chunk.HasField("chunk_text")) and chunk.chunk_seq >= self.text_seq:
            self.text_seq = chunk.chunk_seq
            turn.prompt = text_of(chunk)
        else:
            turn.prompt = self.turn.prompt

    def _add_screenshot(self, chunk: pb.StreamRequest, turn: pb.StreamRequest) -> None:
        if chunk.screenshot and chunk.chunk_seq >= self.screenshot_seq:
            self.screenshot_seq = chunk.chunk_seq
            copy_screenshot(chunk, turn)
        else:
            copy_screenshot(self.turn, turn)


class EarlyInput:
    """The early input of all clients. Touched only from the event loop, without an await in between."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[Key, Entry] = OrderedDict()  # the oldest last chunk first
        self._bytes = 0
        self._committed: OrderedDict[Key, tuple[float, str]] = OrderedDict()  # the oldest first

    def __len__(self) -> int:
        """Return how many turns there is input of."""
        return len(self._entries)

    @property
    def kept_bytes(self) -> int:
        """Return how many bytes of input are kept."""
        return self._bytes

    def collect(self, chunk: pb.StreamRequest, who: str) -> Entry | None:
        """Keep *chunk*, a valid request of phase COLLECT. Return its turn so far, None for a chunk that is forgotten:
        nobody can tell whose it is, or a COMMIT has overtaken it.
        """
        key = key_of(chunk, who)
        now = self._clock()
        self._expire(now)
        if key is None or self._is_overtaken(key, chunk):
            return None
        entry = self._entries.pop(key, None) or Entry(key, pb.StreamRequest(), now)
        self._bytes -= entry.turn.ByteSize()
        entry.add(chunk, now)
        self._bytes += entry.turn.ByteSize()
        self._entries[key] = entry
        while len(self._entries) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._drop(next(iter(self._entries)))
        return entry

    def fill(self, request: pb.StreamRequest, who: str) -> None:
        """Give *request*, which commits a turn, the prompt and the screenshot of the turn where it has none."""
        self._expire(self._clock())
        key = key_of(request, who)
        entry = self._entries.get(key) if key is not None else None
        if entry is None:
            return
        if not request.prompt.strip():
            request.prompt = entry.turn.prompt
        if not request.screenshot and entry.turn.screenshot:
            copy_screenshot(entry.turn, request)

    def commit(self, request: pb.StreamRequest, who: str) -> None:
        """Forget the input of the turn that *request* commits: it was admitted."""
        key = key_of(request, who)
        now = self._clock()
        self._expire(now)
        if key is None:
            return
        if key in self._entries:
            self._drop(key)
        self._committed.pop(key, None)
        self._committed[key] = now, core(request.prompt)
        if len(self._committed) > MOST_COMMITTED:
            self._committed.popitem(last=False)

    def _is_overtaken(self, key: Key, chunk: pb.StreamRequest) -> bool:
        _, prompt = self._committed.get(key, (0.0, None))
        return prompt is not None and prompt.startswith(core(text_of(chunk)))

    def _expire(self, now: float) -> None:
        while self._committed and next(iter(self._committed.values()))[0] <= now - OVERTAKEN_SECONDS:
            self._committed.popitem(last=False)
        while self._entries and next(iter(self._entries.values())).touched <= now - LIFE_SECONDS:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key)
        entry.is_open = False
        self._bytes -= entry.turn.ByteSize()


def _alike(turn: pb.StreamRequest, other: pb.StreamRequest) -> bool:
    if core(turn.prompt) != core(other.prompt):
        return False
    same = pb.StreamRequest()
    same.CopyFrom(turn)
    same.prompt = other.prompt
    return same == other


def text_of(chunk: pb.StreamRequest) -> str:
    """Return the whole text so far that *chunk* tells."""
    return chunk.chunk_text if chunk.HasField("chunk_text") else chunk.prompt


def copy_screenshot(source: pb.StreamRequest, target: pb.StreamRequest) -> None:
    """Give *target* the screenshot of *source*, or none, and the size of the screen."""
    for field in ("screenshot", "screen_width", "screen_height"):
        target.ClearField(field)
        if source.HasField(field):
            setattr(target, field, getattr(source, field))
