"""The command line. What needs grpc is imported by the command that needs it: ``--help`` and ``--version`` come at
once.
"""

import asyncio
import io
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from app.cli.arguments import CommandWithText, a_target, as_utf8, in_a_folder, text_of
from app.cli.printable import one_line
from app.cli.stdout import Stdout, Unwritten, sound_alone

if TYPE_CHECKING:
    from app.cli.show import View
    from app.settings.tables import Settings

T = TypeVar("T")

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit codes: the call or the check failed; wrong usage or settings; Ctrl-C."""

# Without rich: its boxes are read aloud line by line.
cli = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


SettingsPath = Annotated[
    str | None,
    typer.Option("--settings", metavar="PATH", help="Settings file; else $STENTOR_SETTINGS, else ./settings.toml."),
]
Voice = Annotated[str, typer.Option(metavar="NAME", help='Speak with this voice; "stentor voices" lists them.')]
Language = Annotated[str, typer.Option(metavar="TAG", help="Language, such as en or ru-RU.")]
Wav = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        writable=True,
        allow_dash=True,
        callback=in_a_folder,
        help="Save the speech in this WAV file; - is standard output.",
    ),
]
Play = Annotated[bool, typer.Option("--play", help="Play the speech.")]


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    if sys.stderr is None:  # started without one: ``2>&-``
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (until the process ends)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")  # a narrow terminal encoding must not end an answer
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = Stdout.in_place_of(sys.stdout)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core writes lines of its own, also for a port that is taken
    try:
        _run_and_write()
    except Unwritten as error:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (until the process ends)
        print(f"standard output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(FAILED)
    finally:
        _give_up_unwritten_log()


def _run_and_write() -> None:
    try:
        cli(prog_name="stentor")
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _give_up_unwritten_log() -> None:
    """Lose what stderr does not take: Python's own last flush would fail too, and end the process with status 120."""
    try:
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (until the process ends)


@cli.callback()
def _stentor(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            help="Show the version and exit.",
            callback=lambda wanted: wanted and _tell_version(),
        ),
    ] = False,
) -> None:
    """A streaming voice assistant: text, speech and commands while the model is still writing."""


def _tell_version() -> NoReturn:
    try:
        print(f"stentor {version('stentor')}")
    except PackageNotFoundError:
        print("stentor, not installed as a package")
    raise typer.Exit


@cli.command()
def serve(
    settings: SettingsPath = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Listen here; 0 picks a free port.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Number of processes.")] = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what runs. Says on which address it listens."""
    from app import signals

    signals.ignore()
    with _told_in_one_line():
        loaded = _load(settings, {("server", "port"): port, ("server", "workers"): workers})
        from app import logs, server

        logs.configure(loaded.logging.format, loaded.logging.level)
        stdout = sys.stdout

        async def serving() -> None:
            with logs.background():
                await server.serve(loaded, lambda address: print(f"listening on {address}", file=stdout, flush=True))
            server.end_soon()

        with redirect_stdout(sys.stderr):  # what stages print must not be taken for our line
            _run(serving(), _fast_loop())


@cli.command(cls=CommandWithText)
def ask(
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="The question; - reads standard input.", show_default=False)
    ],
    settings: SettingsPath = None,
    target: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT", callback=a_target, help="Ask this server, instead of one started for this question."
        ),
    ] = "",
    wav: Wav = None,
    play: Play = False,
    plain: Annotated[bool, typer.Option("--plain", help="One event a line, in words; for screen readers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; for programs.")] = False,
    voice: Voice = "",
    language: Language = "",
    session: Annotated[str, typer.Option(metavar="ID", help="Go on with this session.")] = "",
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Another model of the configured server, for this question.")
    ] = "",
) -> None:
    """Ask one question and show the answer as it comes."""
    if target and model:
        raise typer.BadParameter("goes with a server of one's own, not with --target", param_hint="--model")
    prompt = text_of(prompt, "PROMPT")
    with _told_in_one_line(), sound_alone(wav) as stdout:
        loaded = None if target else _load(settings, {("pipeline", "llm", "model"): model or None})
        from app.cli import asking
        from protos.streaming_pb2 import StreamRequest

        words = as_utf8(prompt=prompt, session_id=session, voice=voice, language=language)
        request = StreamRequest(hardware_id=asking.HARDWARE_ID, speak_errors=play or None, **words)
        view, output = _view(plain, as_json), asking.Output(wav, play, stdout)
        if loaded is None:
            _run(asking.ask(target, request, view, output))
        else:
            _run(asking.ask_own(loaded, request, view, output))


@cli.command(cls=CommandWithText)
def speak(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to say; - reads standard input.", show_default=False)
    ],
    settings: SettingsPath = None,
    wav: Wav = None,
    play: Play = False,
    voice: Voice = "",
    language: Language = "",
) -> None:
    """Speak a text, without any model; into speech.wav if nothing else is said."""
    if wav and play:
        raise typer.BadParameter("cannot be used together with --play", param_hint="--wav")
    text = text_of(text, "TEXT")
    with _told_in_one_line(), sound_alone(wav) as stdout:
        loaded = _load(settings)
        from app.cli import asking
        from protos.streaming_pb2 import WelcomeRequest

        request = WelcomeRequest(**as_utf8(text=text, voice=voice, language=language))
        output = asking.Output(None if play else wav or Path("speech.wav"), play, stdout)
        _run(asking.speak(loaded, request, output))


@cli.command()
def voices(settings: SettingsPath = None) -> None:
    """List the voices of the configured engine."""
    with _told_in_one_line():
        loaded = _load(settings)
        from rich.console import Console

        from app.cli import checking

        kind = loaded.pipeline.tts.kind
        if kind == "off":
            print("Speech is off in the settings, so that there are no voices.")
        elif found := _run(checking.voices(loaded)):
            Console().print(checking.voice_table(found))
        else:
            print(f"The {kind} voice does not tell which voices it has.")


@cli.command()
def check(
    settings: SettingsPath = None,
    online: Annotated[bool, typer.Option("--online", help="Also ask the model and speech servers.")] = False,
) -> None:
    """Check settings, stages and voice, without serving."""
    with _told_in_one_line():
        loaded = _load(settings)
        from rich.console import Console

        from app.cli import checking

        if not _run(checking.check(loaded, online, Console(file=sys.stdout))):
            raise typer.Exit(FAILED)


def _load(path: str | None, options: Mapping[tuple[str, ...], Any] | None = None) -> "Settings":
    from app.settings.load import load

    return load(path, os.environ, options)


def _view(plain: bool, as_json: bool) -> "View":
    from rich.console import Console

    from app.cli import show

    if as_json:
        return show.JsonView()
    return show.PlainView() if plain else show.RichView(Console(file=sys.stdout))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give the event loop of the extra ``uvloop``, None where that is not installed."""
    try:
        import uvloop  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return,unused-ignore]


def _run(work: Coroutine[Any, Any, T], loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> T:
    """As asyncio.run, but Ctrl-C ends the process without a word, after *work* was cancelled and has cleaned up."""
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """What can go wrong without anybody's defect ends the process with a line on stderr, or one for each wrong key."""
    from app.settings.load import SettingsError

    try:
        yield
    except SettingsError as error:
        _fail(MISUSED, *error.args)
    except _expected() as error:
        _fail(FAILED, error)


def _expected() -> tuple[type[Exception], ...]:
    """Asked for only when something went wrong."""
    from app.cli.client import CallFailed
    from app.cli.sound import SoundError
    from app.service.listening import PortTaken

    return CallFailed, PortTaken, SoundError


def _fail(code: int, *errors: object) -> NoReturn:
    with suppress(OSError):  # where nobody reads it, the exit code still tells
        for error in errors:
            print(one_line(str(error)), file=sys.stderr)
    raise typer.Exit(code)
