"""Standard output that tells its own failures from all others."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from app.cli.arguments import DASH


class Unwritten(OSError):
    """Standard output cannot be written, such as on a full disk."""


class Stdout(io.TextIOWrapper):
    """Raise Unwritten where nothing can be written; show what the encoding does not have as "?"."""

    @classmethod
    def in_place_of(cls, stdout: io.TextIOWrapper) -> "Stdout":
        """Take over what *stdout* writes to. What others write there, such as libraries in C and processes that a stage
        starts, goes to stderr from now on.
        """
        own = open(os.dup(stdout.fileno()), "wb")  # noqa: SIM115  (until the process ends)
        with suppress(OSError):  # there is no stderr
            os.dup2(2, stdout.fileno())
        lines, through = stdout.line_buffering, stdout.write_through
        return cls(own, stdout.encoding, "replace", line_buffering=lines, write_through=through)

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            _raise(error)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _raise(error)


def _raise(error: OSError) -> NoReturn:
    raise Unwritten(error.errno, error.strerror) from None


@contextmanager
def sound_alone(wav: Path | None) -> Iterator[BinaryIO | None]:
    """Where the sound goes to standard output, give that, and let all else go to stderr."""
    if wav != Path(DASH):
        yield None
        return
    if sys.stdout is None:  # started without one: ``>&-``
        raise Unwritten(errno.EBADF, os.strerror(errno.EBADF))
    stdout = sys.stdout.buffer
    with redirect_stdout(sys.stderr):
        yield stdout
