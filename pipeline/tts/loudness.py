"""Makes all voices about as loud as each other: a slow gain for each, by the RMS of what it said so far.

numpy, an optional extra, does the sums. A piece of sound is never kept back: the loudness of a voice is known from its
sentences before, or from the piece itself.
"""

import importlib
import importlib.util
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from math import log10
from typing import Any

from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.pcm import whole
from pipeline.tts.engines import Due, Engine, Hz, Piece, at_once

FULL = 32768.0

TARGET_DB = -20.0
"""The RMS of all speech, in dBFS; its peaks have room above that."""

MOST_DB = 12.0
"""A voice gets at most so much louder or quieter."""

DB_PER_SECOND = 6.0
"""How fast a gain may change while a voice speaks: too slow to be heard."""

FRAMES = 100
"""Frames in a second. Only frames above SILENCE_DB are measured."""

SILENCE_DB = -50.0

ENOUGH_FRAMES = 20
"""A voice of which less than this was heard stays as it is."""

MEMORY_FRAMES = 500
"""What was said before that much speech counts little."""

KNEE = 0.7
"""Peaks above this part of full scale are bent, so that they never reach it."""

MOST_VOICES = 64


@dataclass(slots=True)
class Level:
    """How loud a voice is: the mean square of *frames* frames of its speech."""

    power: float = 0.0
    frames: int = 0

    def measure(self, powers: Any) -> None:
        """Take in the mean squares of frames, an array of floats."""
        speech = powers[powers > 10 ** (SILENCE_DB / 10)]
        if count := len(speech):
            self.frames = min(self.frames + count, MEMORY_FRAMES)
            self.power += (float(speech.mean()) - self.power) * min(1.0, count / self.frames)

    @property
    def gain_db(self) -> float | None:
        """The gain that brings the voice to TARGET_DB; None while too little was heard."""
        if self.frames < ENOUGH_FRAMES:
            return None
        return max(-MOST_DB, min(MOST_DB, TARGET_DB - 10 * log10(self.power)))


class Evened:
    """*engine*, each voice of which is brought to the same loudness, and never clips. What is known of a voice is kept
    for its next sentence. Raise ModuleNotFoundError when numpy is not installed.
    """

    def __init__(self, engine: Engine) -> None:
        _require_numpy()
        self._engine = engine
        self._levels: OrderedDict[tuple[str, str], Level] = OrderedDict()
        self.marks_words, self.rate_varies = engine.marks_words, engine.rate_varies
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    @property
    def sample_rate(self) -> int:
        return self._engine.sample_rate

    async def synthesize(
        self, text: str, voice: Voice, marks: bool = False, due: Due = at_once
    ) -> AsyncGenerator[Piece, None]:
        level = self._level(voice.name, self._engine.reads_in(text, voice))
        leveller = Leveller(self.sample_rate, level)
        async with closing(self._engine.synthesize(text, voice, marks, due)) as pieces:
            async for piece in pieces:
                if isinstance(piece, bytes | bytearray | memoryview):
                    yield leveller.feed(bytes(piece))
                else:
                    if isinstance(piece, Hz):
                        leveller = Leveller(piece.rate, level)
                    yield piece

    def _level(self, *key: str) -> Level:
        """Find what is known of a voice. Clients choose names, so only the latest are kept."""
        level = self._levels.setdefault((key[0], key[1]), Level())
        self._levels.move_to_end((key[0], key[1]))
        if len(self._levels) > MOST_VOICES:
            self._levels.popitem(last=False)
        return level


class Leveller:
    """Brings a sentence, mono int16 of *sample_rate* Hz, cut anywhere, to the loudness that *level* asks for, and tells
    *level* about it. As much comes out as went in, at once; half a sample waits for its other half.
    """

    def __init__(self, sample_rate: int, level: Level) -> None:
        self._numpy = importlib.import_module("numpy")
        self._frame = sample_rate // FRAMES
        self._step = DB_PER_SECOND / sample_rate
        self._level = level
        self._gain_db = level.gain_db
        self._held = b""
        self._unmeasured = self._numpy.zeros(0)

    def feed(self, pcm: bytes) -> bytes:
        """Take *pcm* in and give it at its new loudness."""
        pcm = self._held + pcm
        size = whole(len(pcm))
        self._held = pcm[size:]
        if not size:
            return b""
        samples = self._numpy.frombuffer(pcm[:size], dtype="<i2") / FULL
        self._measure(samples)
        bent = self._bent(samples * 10 ** (self._gains_db(len(samples)) / 20))
        given: bytes = (bent * FULL).astype("<i2").tobytes()
        return given

    def _measure(self, samples: Any) -> None:
        samples = self._numpy.concatenate((self._unmeasured, samples))
        size = len(samples) - len(samples) % self._frame
        self._unmeasured = samples[size:]
        self._level.measure((samples[:size].reshape(-1, self._frame) ** 2).mean(axis=1))

    def _gains_db(self, count: int) -> Any:
        """Give the gain of each of the next *count* samples, on its way to the one that is wanted."""
        wanted = self._level.gain_db
        if self._gain_db is None:  # nothing was given yet: there is nothing to go on from
            self._gain_db = wanted or 0.0
        most = self._step * self._numpy.arange(1, count + 1)
        gains = self._gain_db + self._numpy.clip((wanted or 0.0) - self._gain_db, -most, most)
        self._gain_db = float(gains[-1])
        return gains

    def _bent(self, samples: Any) -> Any:
        """Limit *samples* below full scale: a curve without a step, which needs not look ahead."""
        sizes = self._numpy.abs(samples)
        if sizes.max() <= KNEE:
            return samples
        bent = KNEE + (1 - KNEE) * self._numpy.tanh((sizes - KNEE) / (1 - KNEE))
        return self._numpy.where(
            sizes > KNEE, self._numpy.copysign(self._numpy.minimum(bent, 0.9999), samples), samples
        )


def _require_numpy() -> None:
    """Load numpy: it takes too long for the middle of an answer."""
    if importlib.util.find_spec("numpy") is None:
        raise ModuleNotFoundError("loudness = \"even\" needs numpy: pip install 'stentor[loudness]'", name="numpy")
    importlib.import_module("numpy")
