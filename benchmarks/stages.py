"""Stages that cost next to nothing, so that what is measured is the server around them."""

from collections.abc import AsyncIterator

from pipeline.interfaces import Turn, Voice

SENTENCE = " This is one sentence of an ordinary answer."
PIECE = b"\0" * 8820
"""0.2 seconds at 22,050 Hz: one message."""

PIECES = 10
SAMPLE_RATE = 22050


class Model:
    """The prompt is the number of sentences."""

    async def stream(self, turn: Turn) -> AsyncIterator[str]:
        """One delta for each sentence."""
        for _ in range(int(turn.prompt)):
            yield SENTENCE


class Speech:
    """Two seconds of silence for each sentence."""

    sample_rate = SAMPLE_RATE

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncIterator[bytes]:
        """Ten messages' worth."""
        for _ in range(PIECES):
            yield PIECE
