"""The real espeak-ng, and workers of it that a test changes; whoever imports this is skipped without the extra."""

import importlib.util
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from pipeline.tts.espeak import worker as espeak_worker
from pipeline.tts.espeak.engine import worker_command
from pipeline.tts.espeak.pool import Pool

if importlib.util.find_spec("espeakng_loader") is None:
    pytest.skip("espeakng-loader is not installed (extra `espeak`)", allow_module_level=True)

PACKAGES = str(Path(importlib.util.find_spec("espeakng_loader").origin).parent.parent)
COMMAND = worker_command(PACKAGES, 175, 50)
SLOW = "w, " * 133
"""80 seconds of sound in one piece of text: a sixth of a second of work."""


def changed(script: Path, code: str) -> list[str]:
    """The command of a worker that *script*, with *code* in it, changes before it serves."""
    folder = str(Path(espeak_worker.__file__).parent)
    head = f"import sys; sys.path.append({folder!r})\nimport os, worker as espeak_worker\n"
    script.write_text(f"{head}{code}\nespeak_worker.main()\n")
    return [str(script) if part == espeak_worker.__file__ else part for part in COMMAND]


@asynccontextmanager
async def pool_of(command: Sequence[str]) -> AsyncIterator[Pool]:
    """A pool of one worker, started."""
    async with aclosing(Pool(command, 1)) as pool:
        await pool.start()
        yield pool
