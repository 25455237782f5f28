"""What was said so far: the conversation of one device in one session, as the listener knows it."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from pipeline.interfaces import Message

SESSION_CHARS = 200_000
"""The most that one session keeps, so that long answers are bounded too: far more than a model reads."""

Key = tuple[str, str, str]
"""Whose conversation it is: identity, hardware_id and session_id."""


@dataclass(slots=True)
class _Session:
    turns: deque[tuple[Message, ...]]
    used: float
    chars: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """The bounds of a ProcessMemory."""

    max_turns: int
    """Of one session; the oldest turns go."""
    max_sessions: int
    """The session that was unused longest goes."""
    ttl_seconds: float
    """A session that was not used for this long, by ``recall`` or ``remember``, is gone."""


class ProcessMemory:
    """Remembers turns in one process, bounded in turns, text, sessions and time.

    What it is told of an answer is what was really sent.
    Touched only from the event loop, without an await in between.
    """

    def __init__(self, options: MemoryOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._sessions: OrderedDict[Key, _Session] = OrderedDict()  # the longest unused first

    def __len__(self) -> int:
        """How many sessions are remembered."""
        return len(self._sessions)

    def recall(self, key: Key) -> tuple[Message, ...]:
        """The turns so far, oldest first: a user's message, then the assistant's."""
        self._expire()
        session = self._sessions.get(key)
        if session is None:
            return ()
        session.used = self._clock()
        self._sessions.move_to_end(key)
        return tuple(chain.from_iterable(session.turns))

    def remember(self, key: Key, turn: Sequence[Message]) -> None:
        """Add one turn. The oldest turns go when there are too many, or too much text. Of a longer message than half of
        what a session keeps only the beginning is kept, as cut.
        """
        self._expire()
        session = self._sessions.pop(key, None) or _Session(deque(), 0.0)
        turn = tuple(map(_bounded, turn))
        session.turns.append(turn)
        session.chars += _chars(turn)
        while len(session.turns) > self._options.max_turns or session.chars > SESSION_CHARS:
            session.chars -= _chars(session.turns.popleft())
        session.used = self._clock()
        self._sessions[key] = session
        while len(self._sessions) > self._options.max_sessions:
            self._sessions.popitem(last=False)

    def _expire(self) -> None:
        oldest = self._clock() - self._options.ttl_seconds
        while self._sessions and next(iter(self._sessions.values())).used <= oldest:
            self._sessions.popitem(last=False)


def _bounded(message: Message) -> Message:
    most = SESSION_CHARS // 2
    return message if len(message.text) <= most else replace(message, text=message.text[:most], cut=True)


def _chars(turn: Sequence[Message]) -> int:
    return sum(len(message.text) for message in turn)
