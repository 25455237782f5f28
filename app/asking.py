"""What ``stentor ask`` and ``stentor speak`` do: a server of one's own if none is named, a call, and its sound."""

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from app import logs
from app.client import answer, recital
from app.player import player
from app.printable import one_line
from app.server import running
from app.settings import Settings
from app.show import View
from app.sound import Sink, Sound, WavFile
from protos import streaming_pb2 as pb

HARDWARE_ID = "stentor-cli"


@asynccontextmanager
async def own_server(settings: Settings) -> AsyncIterator[str]:
    """The ``HOST:PORT`` of a server that runs in this process while the block runs: on this machine, on a free port.

    It logs warnings and errors only. Raises SettingsError.
    """
    logs.configure(settings.logging.format, "ERROR" if settings.logging.level == "ERROR" else "WARNING")
    server = settings.server.model_copy(update={"host": "127.0.0.1", "port": 0, "workers": 1, "reflection": False})
    async with running(settings.model_copy(update={"server": server})) as it:
        yield it.address


def sinks(wav: Path | None, plays: bool) -> list[Sink]:
    """Where the sound shall go. Raises SoundError for a file that cannot be written, or when nothing can play."""
    files: list[Sink] = [WavFile(wav)] if wav else []
    return [*files, player()] if plays else files


async def ask(target: str, request: pb.StreamRequest, view: View, wav: Path | None, plays: bool) -> None:
    """Show the answer to *request* as it comes; save its sound in *wav* and play it. Raises CallFailed, SoundError."""
    sound = Sound(*sinks(wav, plays))
    try:
        async with sound, aclosing(answer(target, request)) as messages:
            async for message in messages:
                await sound.add(message.audio_chunk)
                view.message(message, sound.seconds)
    finally:
        if wav:
            view.note(saved(wav, sound.seconds))


async def ask_own(settings: Settings, request: pb.StreamRequest, view: View, wav: Path | None, plays: bool) -> None:
    """The same with a server of one's own."""
    if settings.pipeline.llm.kind == "demo":
        print("Note: no language model is connected; a demonstration answers by rules.", file=sys.stderr, flush=True)
    async with own_server(settings) as target:
        await ask(target, request, view, wav, plays)


async def speak(settings: Settings, request: pb.WelcomeRequest, wav: Path | None) -> None:
    """Speak a text into *wav*, else through a player. Raises SettingsError, CallFailed, SoundError."""
    sound = Sound(*sinks(wav, plays=not wav))
    try:
        async with own_server(settings) as target, sound, aclosing(recital(target, request)) as messages:
            async for message in messages:
                await sound.add(message.audio_chunk)
    finally:
        if wav:
            print(saved(wav, sound.seconds))


def saved(wav: Path, seconds: float) -> str:
    """One line on what became of the file."""
    if not seconds:
        return one_line(f"No speech came: {wav} was not written.")
    return one_line(f"Saved {wav}: {seconds:.1f} seconds of speech.")
