"""Where the key of a model server comes from. No key is ever part of a text, a log line or a ``repr``."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.errors import ModelFailed
from pipeline.llm.openai.options import OpenAIModelOptions

MOST_CHARS = 16384

KILL_SECONDS = 1.0
"""How long the end of a command that was killed is waited for: some cannot be killed, such as one of another user."""


class Key(Protocol):
    """Gives the key for ``Authorization: Bearer …``; a custom one may give tokens that expire."""

    async def get(self, refused: str = "") -> str:
        """The key of now; empty = none is sent. *refused*: the one that the server just answered with 401; if it is
        still the best one, it is given again. Called for each request, many at once. A ConnectionError or a
        StageError says that there is none to be had.
        """
        ...

    async def aclose(self) -> None:
        """Called when the model is closed."""
        ...


def key_of(options: OpenAIModelOptions, clock: Callable[[], float]) -> Key:
    """The key that *options* name: that of a command, else that of an environment variable."""
    if options.api_key_command:
        return CommandKey(options.api_key_command, options.api_key_seconds, clock)
    return EnvironmentKey(options.api_key_env)


class EnvironmentKey:
    """The value of an environment variable, read anew each time; nothing where it is not set."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ) -> None:
        self._name = name
        self._environment = environment

    async def get(self, refused: str = "") -> str:  # noqa: ARG002  (there is no other)
        """See Key."""
        return clean(self._environment.get(self._name, "") if self._name else "")

    async def aclose(self) -> None:
        """See Key."""


class CommandKey:
    """What a command prints, such as ``["yc", "iam", "create-token"]``: kept for *seconds*, asked anew when the server
    refuses it. However many turns wait for it, the command runs once. If nobody waits any more, it is killed with all
    that it started.

    Its own errors stay unread: they may hold what nobody should see.
    """

    def __init__(self, command: Sequence[str], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._command = tuple(command)
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._key = ""
        self._good_until = clock()

    async def get(self, refused: str = "") -> str:
        """See Key. Raises ModelFailed (MODEL_UNAVAILABLE) when the command fails or prints no key."""
        async with self._lock:
            if self._clock() >= self._good_until or self._key == refused:
                self._key = clean(await _output(self._command))
                if not self._key:
                    raise _no_key()
                self._good_until = self._clock() + self._seconds
            return self._key

    async def aclose(self) -> None:
        """See Key."""


async def _output(command: Sequence[str]) -> str:
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=nothing, stdout=asyncio.subprocess.PIPE, stderr=nothing, start_new_session=True
        )
    except OSError:
        raise _no_key() from None
    try:
        output, _ = await process.communicate()
    except BaseException:
        await _kill(process)
        raise
    if process.returncode:
        raise _no_key()
    return output.decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End *process* and all that it started: what is left of them holds its pipe, and asyncio waits for that too."""
    with suppress(OSError):  # they are gone, or are somebody else's
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(KILL_SECONDS):
            await process.wait()


def clean(key: str) -> str:
    """*key* as a header can carry it. ModelFailed where that can't be: the HTTP library would put it into an error."""
    key = key.strip()
    if len(key) > MOST_CHARS or not (key.isascii() and key.isprintable()):
        raise _no_key()
    return key


def _no_key() -> ModelFailed:
    return upstream_errors.unavailable("there is no key for the language model")
