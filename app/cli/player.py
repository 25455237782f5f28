"""Plays sound with a program of the system. Only sound that was not played yet is kept in memory."""

import asyncio
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from app.cli.sound import SoundError, WavFile

PLAYERS = {
    "paplay": ("--raw", "--format=s16le", "--rate={rate}", "--channels=1"),
    "aplay": ("-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "1"),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error", "-f", "s16le", "-sample_rate", "{rate}", "-i", "-"),
    "play": ("-q", "-t", "raw", "-r", "{rate}", "-e", "signed", "-b", "16", "-c", "1", "-"),
}
"""Programs that play their stdin, the best first, with the arguments that tell them the form of the sound."""

FILE_PLAYER = "afplay"
"""The program of macOS plays files only, so it starts when the answer is complete."""


class Player:
    """Plays through one of ``PLAYERS`` while more sound comes."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._process: Process | None = None
        self._rate = 0

    async def add(self, pcm: bytes, rate: int) -> None:
        """Play one piece behind those before it, without waiting for it."""
        if self._process is None:
            self._rate = rate
            arguments = (argument.format(rate=rate) for argument in PLAYERS[self._program])
            self._process = await _spawn(self._program, *arguments)
        if rate != self._rate:
            await self.finish()
            self._process = None
            await self.add(pcm, rate)
        elif self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(pcm)  # not drained: a slow listener must not hold up the server

    async def finish(self) -> None:
        """Wait until all of the sound was heard. Raise SoundError if the player failed."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            await _wait(self._program, self._process)

    def stop(self) -> None:
        """Be silent at once."""
        _kill(self._process)


class FilePlayer:
    """Plays through ``FILE_PLAYER`` after all of the sound came."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stentor-")
        self._file = WavFile(Path(self._folder.name) / "answer.wav")
        self._process: Process | None = None

    async def add(self, pcm: bytes, rate: int) -> None:
        """Keep one piece of sound."""
        await self._file.add(pcm, rate)

    async def finish(self) -> None:
        """Play the sound and wait until it was heard. Raise SoundError if the player failed."""
        self._file.stop()
        if self._file.path.exists():
            self._process = await _spawn(FILE_PLAYER, str(self._file.path))
            await _wait(FILE_PLAYER, self._process)

    def stop(self) -> None:
        """Be silent at once."""
        _kill(self._process)
        self._file.stop()
        self._folder.cleanup()


def player() -> Player | FilePlayer:
    """Return the best player that is installed. Raise SoundError, with programs to install, if there is none."""
    for program in PLAYERS:
        if shutil.which(program):
            return Player(program)
    if shutil.which(FILE_PLAYER):
        return FilePlayer()
    names = ", ".join((*PLAYERS, FILE_PLAYER))
    raise SoundError(f"no program to play sound was found ({names}): install one, or use --wav FILE")


async def _spawn(program: str, *arguments: str) -> Process:
    try:
        return await asyncio.create_subprocess_exec(program, *arguments, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        raise SoundError(f"{program} cannot be started: {error.strerror}") from error


async def _wait(program: str, process: Process) -> None:
    _, errors = await process.communicate()
    if process.returncode:
        last = (errors.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise SoundError(f"{program} could not play the sound: {last}")


def _kill(process: Process | None) -> None:
    if process is not None and process.returncode is None:
        process.kill()
