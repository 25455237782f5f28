"""What every model is inside the house; custom ones become it where they are built."""

from typing import Protocol

from pipeline.interfaces import Model


class Engine(Model, Protocol):
    """A ``Model`` with everything that a server needs of it."""

    async def start(self) -> None:
        """Get ready; the first turn comes after it. What it raises stops the start of the server."""
        ...

    async def aclose(self) -> None:
        """Close what is open; an answer that is still being written may fail."""
        ...
