"""Asks and speaks: ``stentor ask`` and ``stentor speak``, with a server of their own where none is named."""

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import BinaryIO

from app import logs
from app.cli.client import answer, recital
from app.cli.player import player
from app.cli.printable import one_line
from app.cli.show import View, is_unspoken
from app.cli.sound import Sound, SoundError, WavFile
from app.server import Running, running, warnings_at_start
from app.settings.auth import NoAuthSettings
from app.settings.load import SettingsError
from app.settings.tables import Settings
from protos import streaming_pb2 as pb

HARDWARE_ID = "stentor-cli"

NOTICE_SECONDS = 0.5
"""A server in this process notices at once that its client has left, or soon."""


class Output:
    """Takes the sound of one answer: into the file *wav*, to a player if *plays*, to both, or nowhere. *stdout* stands
    for the file, and gets it when the answer is over.

    Raises SoundError where no player is installed or *wav* cannot be written.
    """

    def __init__(self, wav: Path | None, plays: bool, stdout: BinaryIO | None = None) -> None:
        self._file = WavFile(wav, stdout) if wav else None
        self.sound = Sound(*([self._file] if self._file else []), *([player()] if plays else []))

    @property
    def saved(self) -> str:
        """Tell in one line what became of the file; "" where none was asked for."""
        if self._file is None or (self._file.seconds and self._file.on_stdout):
            return ""
        if not self._file.seconds:
            return one_line(f"No speech was saved in {self._file.name}.")
        return one_line(f"Saved {self._file.name}: {self._file.seconds:.1f} seconds of speech.")


@asynccontextmanager
async def own_server(settings: Settings) -> AsyncIterator[Running]:
    """Run a server in this process, on this machine and a free port, while the block runs.

    It asks for no credential: its client is whoever started it.

    It logs warnings and errors only, and all at DEBUG. What a stage prints goes to stderr. Raise SettingsError.
    """
    level = settings.logging.level
    logs.configure(settings.logging.format, "WARNING" if level == "INFO" else level)
    # The only client is in this process. Once it has left, there is nobody to finish an answer for.
    changes = {"host": "127.0.0.1", "port": 0, "workers": 1, "reflection": False, "grace_seconds": NOTICE_SECONDS}
    server = settings.server.model_copy(update=changes)
    with redirect_stdout(sys.stderr):
        async with running(settings.model_copy(update={"server": server, "auth": NoAuthSettings()})) as own:
            yield own


async def ask(target: str, request: pb.StreamRequest, view: View, output: Output) -> None:
    """Show the answer to *request* as it comes, and give its sound to *output*. Raise CallFailed, and SoundError, also
    when the voice failed at every sentence.
    """
    failed = False
    try:
        async with output.sound as sound, aclosing(answer(target, request)) as messages:
            async for message in messages:
                await sound.add(message.audio_chunk)
                await sound.add(message.error_audio)
                view.message(message, sound.seconds)
                failed |= is_unspoken(message)
        if failed and not sound.seconds:
            raise SoundError("no sentence could be spoken; the log of the server says why")
    finally:
        view.close()
        if output.saved:
            view.note(output.saved)


async def ask_own(settings: Settings, request: pb.StreamRequest, view: View, output: Output) -> None:
    """Ask a server of these settings that runs for this question only. Raise SettingsError, CallFailed, SoundError."""
    for warning in warnings_at_start(settings):
        print(f"Note: {warning}", file=sys.stderr, flush=True)
    if request.session_id:
        print("Note: --session without --target remembers nothing: the server ends with its answer", file=sys.stderr)
    async with own_server(settings) as server:
        _check_voice(request.voice, settings, server)
        await ask(server.address, request, view, output)


def _check_voice(name: str, settings: Settings, server: Running) -> None:
    """Refuse a voice that the configured engine does not have: whoever typed it wants no other one."""
    speech = server.container.stages().speech
    if speech is not None and not speech.speakers[0].engine.knows(name):
        kind = settings.pipeline.tts.kind
        raise SettingsError(f"--voice: {kind} has no voice {name!r}; `stentor voices` lists them ({settings.source})")


async def speak(settings: Settings, request: pb.WelcomeRequest, output: Output) -> None:
    """Speak a text with the voice of these settings. Raise SettingsError, CallFailed, SoundError."""
    stdout = sys.stdout
    async with own_server(settings) as server:
        _check_voice(request.voice, settings, server)
        try:
            async with output.sound as sound, aclosing(recital(server.address, request)) as messages:
                async for message in messages:
                    await sound.add(message.audio_chunk)
        finally:
            if output.saved:
                print(output.saved, file=stdout)
