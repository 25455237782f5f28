"""How urgent a sentence is, for an engine that lets sentences wait for each other."""

from collections.abc import Callable
from contextvars import ContextVar


def at_once() -> float:
    """Somebody has been waiting for ever."""
    return 0.0


due: ContextVar[Callable[[], float]] = ContextVar("due", default=at_once)
"""When, by the loop's clock, the listener of the sentence that is being synthesised falls silent or fell silent;
infinite while another sentence comes before it. It changes: ask again, and speak first what is due first.

Not an argument: ``synthesize(text, voice)`` is what engines of one's own were promised, and what wraps an engine need
not know of this.
"""
