"""Where the sound of an answer goes: into a WAV file, to a player, or nowhere. Nothing of it is kept in memory."""

import io
import os
import wave
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from pipeline.pcm import SAMPLE_BYTES, seconds_of
from protos import streaming_pb2 as pb


class SoundError(Exception):
    """The sound cannot be saved or played. The text is one line."""


class Sink(Protocol):
    """Takes the sound of one answer: mono, 16 bit, one sample rate."""

    async def add(self, pcm: bytes, rate: int) -> None: ...

    async def finish(self) -> None:
        """All of it came."""
        ...

    def stop(self) -> None:
        """Nobody wants it any more."""
        ...


class Sound:
    """``async with Sound(sinks) as sound``: counts what comes and hands it to *sinks*.

    They finish their work at the end of the block, also when an answer failed; when it is cancelled, they stop at once.
    A sink that fails gets no more. The end of the block raises its SoundError, or that of sound of an unknown form,
    unless the answer failed: whoever reads on loses no text.
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._taking = list(sinks)
        self._error: SoundError | None = None
        self.seconds = 0.0
        """The length of what came."""

    async def add(self, chunk: pb.AudioChunk) -> None:
        """Take one piece."""
        if not chunk.audio_data:
            return
        if chunk.sample_rate <= 0 or chunk.channels > 1 or chunk.dtype not in ("", "int16"):
            self._failed(SoundError("the server sends sound of a form that is not known here"))
            return
        self.seconds += seconds_of(chunk.audio_data, chunk.sample_rate)
        for sink in tuple(self._taking):
            try:
                await sink.add(chunk.audio_data, chunk.sample_rate)
            except SoundError as error:
                self._taking.remove(sink)
                self._failed(error)

    async def __aenter__(self) -> "Sound":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None or isinstance(error, Exception):
                await self._finish()
        finally:
            for sink in self._sinks:
                sink.stop()
        if error is None and self._error is not None:
            raise self._error

    async def _finish(self) -> None:
        for sink in self._sinks:
            try:
                await sink.finish()
            except SoundError as error:
                self._failed(error)

    def _failed(self, error: SoundError) -> None:
        self._error = self._error or error  # the first one is the one to tell


class WavFile:
    """Writes to *path*, from the first sound on: without any, there is no new file and an old one stays as it is.

    The file is a valid one at any moment. Raises SoundError, at once if *path* cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = 0.0
        """The length of what is in it."""
        self._raw: io.FileIO | None = None
        self._file: wave.Wave_write | None = None
        place = path if path.exists() else path.parent
        if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
            raise SoundError(f"{path} cannot be written: no such folder, or no right to write there")

    async def add(self, pcm: bytes, rate: int) -> None:
        """Write one piece."""
        try:
            if self._file is None:
                # Not buffered: what was written is there, whatever becomes of this process.
                self._raw = self.path.open("wb", buffering=0)
                self._file = wave.open(self._raw, "wb")  # noqa: SIM115 (closed by stop)
                self._file.setparams((1, SAMPLE_BYTES, rate, 0, "NONE", ""))
            if self._file.getframerate() != rate:
                raise SoundError(f"{self.path} ends early: the voice went on at another sample rate")
            self._file.writeframes(pcm)
            self.seconds += seconds_of(pcm, rate)
        except OSError as error:
            raise SoundError(f"{self.path} cannot be written: {error.strerror}") from error

    async def finish(self) -> None:
        """Nothing to wait for."""

    def stop(self) -> None:
        """Close the file."""
        with suppress(OSError):  # a full disk was told by add
            if self._file is not None:
                self._file.close()
        if self._raw is not None:
            self._raw.close()
