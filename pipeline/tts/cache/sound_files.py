"""Keeps sounds in a folder, by key: bounded, written whole or not at all, checked when they are read.

Every method blocks, and may be called from many threads at once. Several processes may share a folder; each may take a
sixteenth beyond the bound until it looks again.
"""

import hashlib
import os
import re
import struct
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

_HEADER = struct.Struct("<4sQ32s")
_MAGIC = b"STN1"
_SUFFIX = ".sound"
_OURS = re.compile(r"[0-9a-f]{64}\.sound|stentor-\w+\.part")
_UNFINISHED_SECONDS = 3600.0

PART = 16
"""A sixteenth of the room is made free in one go: a look at a folder of 2,000 files takes 10 ms of a thread."""


class SoundFiles:
    """Holds at most *max_bytes* of files in *folder*, which is made when it is missing; the least lately used go first.

    Keys are hex SHA-256 digests: no text is in a file's name. Only the owner may read the files. Other files in the
    folder are left alone. Every method may raise OSError.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._free = 0
        self._lock = threading.Lock()

    def read(self, key: str) -> bytes | None:
        """Give the sound, None when there is none. Remove a damaged file."""
        file = self._folder / f"{key}{_SUFFIX}"
        try:
            raw = file.read_bytes()
        except FileNotFoundError:
            return None
        with suppress(OSError):  # a folder that may only be read is good enough here
            os.utime(file)
        sound = raw[_HEADER.size :]
        if raw[: _HEADER.size] != _header(sound):
            file.unlink(missing_ok=True)
            return None
        return sound

    def write(self, key: str, sound: bytes) -> None:
        """Keep *sound*, and remove others until all fit."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = _HEADER.size + len(sound)
        if size > self._max_bytes:
            return
        with self._lock:
            if size > self._free:
                self._make_room(max(size, self._max_bytes // PART))
            self._free -= size
        handle, name = tempfile.mkstemp(".part", "stentor-", self._folder)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_header(sound))
                file.write(sound)
            part.replace(self._folder / f"{key}{_SUFFIX}")  # the checksum, not an fsync, tells what a crash left
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _make_room(self, size: int) -> None:
        """Make *size* bytes free. Look at the folder anew each time: other processes write there too."""
        with os.scandir(self._folder) as entries:
            seen = [(entry.path, status) for entry in entries if (status := _status(entry))]
        sounds = sorted((status.st_mtime, status.st_size, path) for path, status in seen if path.endswith(_SUFFIX))
        total = size + sum(old for _, old, _ in sounds)
        for _, old, path in sounds:
            if total <= self._max_bytes:
                break
            Path(path).unlink(missing_ok=True)
            total -= old
        for path, status in seen:  # left by a process that was killed while it wrote
            if not path.endswith(_SUFFIX) and status.st_mtime < time.time() - _UNFINISHED_SECONDS:
                Path(path).unlink(missing_ok=True)
        self._free = size


def _status(entry: "os.DirEntry[str]") -> os.stat_result | None:
    """Give the status of a file of ours; None for others, and for one that is gone by now."""
    if not _OURS.fullmatch(entry.name):
        return None
    try:
        return entry.stat()
    except FileNotFoundError:
        return None


def _header(sound: bytes) -> bytes:
    return _HEADER.pack(_MAGIC, len(sound), hashlib.sha256(sound).digest())
