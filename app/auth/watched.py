"""Keeps what a file of credentials says, and reads the file again when it has changed."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

LOOK_SECONDS = 1.0
"""A file is looked at this often at most, and only when somebody asks for its content."""

T = TypeVar("T")
Mark = tuple[int, ...]

log = structlog.get_logger(scope="auth")


class WatchedFile(Generic[T]):
    """What ``parse(data)`` makes of the file at *path*.

    *key* is the setting that names the file. Making one reads the file: OSError or ValueError for one that cannot be
    used. Later such a file, or one that is gone, leaves what was read before, and the log says so once.
    """

    def __init__(
        self, path: Path, parse: Callable[[bytes], T], key: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._parse = parse
        self._key = key
        self._clock = clock
        self._mark = mark_of(path)
        self._value = parse(path.read_bytes())
        self._looked = clock()
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        """Return the content as it was a second ago at the latest."""
        if self._is_old():
            async with self._lock:
                if self._is_old():
                    await self.look()
        return self._value

    async def look(self) -> None:
        """Read the file again if it has changed."""
        now = self._clock()
        await asyncio.to_thread(self._look)  # a file of ten thousand tokens takes a third of a second
        self._looked = now

    def _is_old(self) -> bool:
        return self._clock() - self._looked >= LOOK_SECONDS

    def _look(self) -> None:
        mark = mark_of(self._path)
        if mark == self._mark:
            return
        self._mark = mark
        try:
            self._value = self._parse(self._path.read_bytes())
        except (OSError, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else "") or str(error)
            log.warning("a file of credentials cannot be used", decision="keep the old", key=self._key, why=why)
        else:
            log.info("a file of credentials was read again", decision="use the new", key=self._key)


def mark_of(path: Path) -> Mark:
    """Return what changes when the file at *path* does, also when another one takes its name; () where there is
    none.
    """
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size
