"""The speaking rate: length, pitch and cost of what is said faster or slower, by espeak and by a custom voice.

.venv/bin/python -m benchmarks.rate
"""

import asyncio
import math
import time
from array import array
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

from app.settings.tables import Settings
from app.stages.voice import voice
from pipeline.interfaces import Voice
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Engine
from pipeline.tts.speed import Stretched

HZ = 22_050
RATES = (0.5, 0.75, 1.5, 2.0, 3.0, 4.0)
TEXT = "The weather in Paris is mild today, with light clouds and a gentle breeze from the west in the afternoon. " * 3


class Sine:
    """Ten seconds of 220 Hz."""

    sample_rate = HZ

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncIterator[bytes]:
        wave = (int(9000 * math.sin(2 * math.pi * 220 * n / HZ)) for n in range(10 * HZ))
        sound = array("h", wave).tobytes()
        for start in range(0, len(sound), 8820):
            yield sound[start : start + 8820]


async def said(engine: Engine, rate: float) -> tuple[bytes, float]:
    """The sound, and its CPU in this process."""
    before = time.process_time()
    pieces = engine.synthesize(TEXT, Voice(language="en", speaking_rate=rate))
    pcm = b"".join([bytes(piece) async for piece in pieces if isinstance(piece, bytes)])
    return pcm, time.process_time() - before


def frequency(pcm: bytes) -> float:
    samples = array("h", pcm)
    return sum(before < 0 <= after for before, after in pairwise(samples)) * HZ / len(samples)


async def main() -> None:
    stage = voice(Settings().pipeline.tts, Path())
    assert stage is not None
    espeak, sine = stage.speakers[0].engine, Stretched(CustomSpeech(Sine()))
    await espeak.start()
    await said(sine, 2.0)  # loads the libraries
    spoken, hummed = (await said(espeak, 1.0))[0], (await said(sine, 1.0))
    print("| rate | espeak: length | a custom voice: length | pitch | CPU a second of sound, more than at 1 |")
    print("| --- | --- | --- | --- | --- |")
    for rate in RATES:
        (fast, _), (pcm, cpu) = await said(espeak, rate), await said(sine, rate)
        lengths = (len(fast) * rate / len(spoken), len(pcm) * rate / len(hummed[0]))
        seconds = len(pcm) / SAMPLE_BYTES / HZ
        more = (cpu - hummed[1]) * 1000 / seconds
        print(f"| {rate} | {lengths[0]:.3f} | {lengths[1]:.3f} | {frequency(pcm) / 220:.3f} | {more:.1f} ms |")
    await espeak.aclose()


if __name__ == "__main__":
    asyncio.run(main())
