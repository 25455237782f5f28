"""Python processes that a test starts: none outlives it, whatever goes wrong."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


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
