"""Gets the API key of a model server. No key is ever part of an error, a log line or a ``repr``."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Protocol

from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.errors import ModelFailed
from pipeline.llm.openai.options import OpenAIModelOptions

MOST_CHARS = 16384

KILL_SECONDS = 1.0
"""How long to wait for a killed command. Some cannot be killed, such as those of another user."""


class Key(Protocol):
    """Gives the key for ``Authorization: Bearer …``. A custom one may give tokens that expire."""

    async def get(self, refused: str = "") -> str:
        """Return the present key; "" sends none. Called for each request, many at once.

        *refused* is the key that the server just answered with 401; it is returned again if there is no better one. A
        ConnectionError or a StageError tells that no key can be had.
        """
        ...

    async def aclose(self) -> None:
        """Close what is open, when the model is closed."""
        ...


def key_of(options: OpenAIModelOptions, clock: Callable[[], float]) -> Key:
    """Return the key that *options* name: that of a command, else that of an environment variable."""
    if options.api_key_command:
        return CommandKey(options.api_key_command, options.api_key_seconds, clock)
    return EnvironmentKey(options.api_key_env)


class EnvironmentKey:
    """Reads an environment variable anew each time; "" if it is not set."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ) -> None:
        self._name = name
        self._environment = environment

    async def get(self, refused: str = "") -> str:  # noqa: ARG002  (there is only one)
        """See Key."""
        return clean(self._environment.get(self._name, "") if self._name else "")

    async def aclose(self) -> None:
        """See Key."""


class CommandKey:
    """Runs a command that prints the key, such as ``["yc", "iam", "create-token"]``.

    The key is kept for *seconds*, or until the server refuses it. The command runs once for all turns that wait for it.
    When nobody waits any more, it is killed with everything that it started. Its stderr is not read: it may hold
    secrets.
    """

    def __init__(self, command: Sequence[str], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._command = tuple(command)
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._key = ""
        self._good_until = clock()

    async def get(self, refused: str = "") -> str:
        """See Key. Raise ModelFailed (MODEL_UNAVAILABLE) when the command fails or prints no key."""
        async with self._lock:
            if self._clock() >= self._good_until or self._key == refused:
                self._key = clean(await _output(self._command))
                if not self._key:
                    raise no_key()
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
        raise no_key() from None
    async with AsyncExitStack() as unless_done:
        unless_done.push_async_callback(_kill, process)
        output, _ = await process.communicate()
        unless_done.pop_all()
    if process.returncode:
        raise no_key()
    return output.decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill *process* and everything that it started: all of them hold its pipe, for whose end asyncio waits."""
    with suppress(OSError):  # they are gone, or belong to another user
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(KILL_SECONDS):
            await process.wait()


def clean(key: str) -> str:
    """Return *key* without white space around it. Raise ModelFailed if a header cannot hold it: the HTTP library would
    show it in an error.
    """
    key = key.strip()
    if len(key) > MOST_CHARS or not (key.isascii() and key.isprintable()):
        raise no_key()
    return key


def no_key() -> ModelFailed:
    """Return the failure of a turn for which no key can be had."""
    return upstream_errors.unavailable("there is no key for the language model")
