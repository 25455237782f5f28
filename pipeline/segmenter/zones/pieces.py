"""What the zones of a reply are made of."""

from dataclasses import dataclass

from pipeline.events import JsonBlock


@dataclass(frozen=True, slots=True)
class Break:
    """The prose before this does not go on in the prose after it."""


Piece = str | Break | JsonBlock
"""``str`` is prose, in pieces of any size."""
