"""Makes foreign text fit to be shown: a model may write anything."""

import re

# Whole terminal sequences first, so that nothing of them is left to be read aloud; then every control character but
# tab and newline, and what turns the direction of the text around.
_SEQUENCES = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]"
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_UNPRINTABLE = re.compile(f"{_SEQUENCES}|{_CONTROLS}")


def printable(text: str) -> str:
    """Remove control characters and terminal sequences from *text*; tabs and newlines stay."""
    return _UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    """Make *text* ``printable``, with all white space as single blanks."""
    return " ".join(printable(text).split())
