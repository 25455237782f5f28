"""Python processes that a test starts: none outlives it, whatever goes wrong."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NODE_MODULES = ROOT / "tests" / "node" / "node_modules"
"""What ``make test-slow`` installs where Node is."""


@asynccontextmanager
async def python(*arguments: str, **more: Any) -> AsyncIterator[Process]:
    """``python ARGUMENTS`` in the project's folder, with pipes; killed when the block is left, if it still runs.

    *more*: other arguments of the process.
    """
    options = {"cwd": ROOT, "stdout": PIPE, "stderr": PIPE, **more}
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(*arguments: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr of ``python ARGUMENTS``."""
    async with python(*arguments) as process:
        output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def settings(folder: Path, text: str) -> str:
    """The path of a settings file with this text."""
    file = folder / "settings.toml"
    file.write_text(text)
    return str(file)
