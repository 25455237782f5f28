"""What every model has. Custom models get it from ``CustomModel`` when they are built."""

from typing import Protocol

from pipeline.interfaces import Model


class Engine(Model, Protocol):
    """A ``Model`` that is started and closed."""

    async def start(self) -> None:
        """Get ready before the first turn. An exception stops the start of the server."""
        ...

    async def aclose(self) -> None:
        """Close what is open. An answer that is still being written may fail."""
        ...
