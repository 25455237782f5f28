"""The sound that passes through the pipeline: PCM signed 16-bit little endian, mono."""

SAMPLE_BYTES = 2

LEAST_HZ, MOST_HZ = 4000, 384_000
RATES = range(LEAST_HZ, MOST_HZ + 1)
"""The sample rates that speech can have, in Hz."""


def seconds_of(pcm: bytes, sample_rate: int) -> float:
    """Give the length of *pcm* in seconds."""
    return len(pcm) / SAMPLE_BYTES / sample_rate


def whole(size: int) -> int:
    """Give how many of *size* bytes are whole samples."""
    return size - size % SAMPLE_BYTES
