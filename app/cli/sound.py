"""Saves the sound of an answer in a WAV file, or hands it to a player. Nothing of it is kept in memory."""

import io
import os
import wave
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from pipeline.pcm import SAMPLE_BYTES, seconds_of
from protos import streaming_pb2 as pb


class SoundError(Exception):
    """The sound cannot be saved or played. The text is one line."""


class Sink(Protocol):
    """Takes the sound of one answer: mono, 16 bit, one sample rate."""

    async def add(self, pcm: bytes, rate: int) -> None: ...

    async def finish(self) -> None:
        """Finish: all of the sound came."""
        ...

    def stop(self) -> None:
        """Stop at once: nobody wants the sound any more."""
        ...


class Sound:
    """Counts the sound of one answer and hands it to *sinks*: ``async with Sound(*sinks) as sound``.

    The sinks finish their work at the end of the block, also when the answer failed; in a block that is cancelled they
    stop at once. A sink that fails gets no more sound. Its SoundError, or that of sound of an unknown form, comes when
    the block ends, unless the answer failed: whoever reads on loses no text.
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks
        self._taking = list(sinks)
        self._error: SoundError | None = None
        self.seconds = 0.0
        """The length of the sound so far."""

    async def add(self, chunk: pb.AudioChunk) -> None:
        """Take one piece of sound."""
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
        self._error = self._error or error  # the first one tells the cause


class WavFile:
    """Writes the file *path*, from the first sound on. Without any sound, an old file stays as it is.

    The file is valid at any moment. *stdout* gets it instead, whole, since the length comes first and a pipe takes
    nothing back. Raises SoundError; the constructor does where *path* cannot be written.
    """

    def __init__(self, path: Path, stdout: BinaryIO | None = None) -> None:
        self.path = path
        self.seconds = 0.0
        """The length of the sound in the file."""
        self.on_stdout = stdout is not None
        self.name = "standard output" if self.on_stdout else str(path)
        self._stdout = stdout
        self._raw: io.FileIO | io.BytesIO | None = None
        self._file: wave.Wave_write | None = None
        if stdout is not None:
            return
        place = path if path.exists() else path.parent
        if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
            raise SoundError(f"{path} cannot be written: no such folder, or no right to write there")

    async def add(self, pcm: bytes, rate: int) -> None:
        """Write one piece."""
        try:
            if self._file is None:
                # Unbuffered, so that all sound is in the file whatever becomes of this process.
                self._raw = self.path.open("wb", buffering=0) if self._stdout is None else io.BytesIO()
                self._file = wave.open(self._raw, "wb")  # noqa: SIM115 (closed by stop)
                self._file.setparams((1, SAMPLE_BYTES, rate, 0, "NONE", ""))
            if self._file.getframerate() != rate:
                raise SoundError(f"{self.path} ends early: the voice went on at another sample rate")
            self._file.writeframes(pcm)
            self.seconds += seconds_of(pcm, rate)
        except OSError as error:
            raise SoundError(f"{self.name} cannot be written: {error.strerror}") from error

    async def finish(self) -> None:
        """Give standard output the whole; a file has every piece by now."""
        if self._stdout is not None and isinstance(self._raw, io.BytesIO):
            try:
                self._stdout.write(self._raw.getvalue())
                self._stdout.flush()
            except OSError as error:
                raise SoundError(f"{self.name} cannot be written: {error.strerror}") from error

    def stop(self) -> None:
        """Close the file."""
        with suppress(OSError):  # a full disk was told by add
            if self._file is not None:
                self._file.close()
        if self._raw is not None:
            self._raw.close()
