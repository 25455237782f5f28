"""What was said so far: the conversation of one device, as the listener knows it."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

from pipeline.interfaces import Message
from pipeline.memory.answer import Answer, Heard

SESSION_CHARS = 200_000
"""The most that one session keeps, so that long answers are bounded too: far more than a model reads."""

Key = tuple[str, str, str]
"""Whose conversation it is: identity, hardware_id and session_id."""


@dataclass(slots=True)
class _Session:
    used: float
    answers: list[Answer] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptions:
    """The bounds of a ProcessMemory."""

    max_turns: int
    """Of one session; the oldest turns go."""
    max_sessions: int
    """The session that was unused longest goes."""
    ttl_seconds: float
    """A session that was not used for this long, by ``recall``, ``begin`` or ``end``, is gone."""


class ProcessMemory:
    """Remembers turns in one process, bounded in turns, text, sessions and time.

    An answer belongs to its session from its begin on, so that what was heard of it may be told before it has ended.
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
        if key not in self._sessions:
            return ()
        return tuple(chain.from_iterable(answer.messages() for answer in self._used(key).answers))

    def begin(self, key: Key, answer: Answer) -> None:
        """Add a turn whose *answer* is only about to be given: ``heard`` is about this one from now on."""
        self._expire()
        session = self._used(key)
        for older in session.answers:
            if older.is_over:
                older.settle()
        session.answers = [older for older in session.answers if older.messages() or not older.is_over]
        session.answers.append(answer)

    def end(self, key: Key, answer: Answer) -> None:
        """Keep the turn of *answer*, to which nothing is added any more. The oldest turns go when there are too many,
        or too much text.
        """
        self._expire()
        session = self._used(key)
        if answer not in session.answers:  # the session was forgotten meanwhile
            session.answers.append(answer)
        answer.is_over = True
        if answer is not session.answers[-1]:
            answer.settle()
        while self._is_too_long(session):
            del session.answers[0]
        while len(self._sessions) > self._options.max_sessions:
            self._sessions.popitem(last=False)

    def hear(self, key: Key, heard: Heard) -> None:
        """Cut the last answer, be it over or not, to what was *heard* of it."""
        self._expire()
        if key in self._sessions:
            self._sessions[key].answers[-1].hear(heard)

    def _used(self, key: Key) -> _Session:
        session = self._sessions.setdefault(key, _Session(0.0))
        session.used = self._clock()
        self._sessions.move_to_end(key)
        return session

    def _is_too_long(self, session: _Session) -> bool:
        turns = [turn for answer in session.answers if (turn := answer.messages())]
        chars = sum(len(message.text) for turn in turns for message in turn)
        return len(turns) > self._options.max_turns or chars > SESSION_CHARS

    def _expire(self) -> None:
        oldest = self._clock() - self._options.ttl_seconds
        while self._sessions and next(iter(self._sessions.values())).used <= oldest:
            self._sessions.popitem(last=False)
