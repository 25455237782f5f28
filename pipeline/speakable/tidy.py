"""White space, and characters that are not text."""

import re

SILENT = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
"""Soft hyphens, zero-width and direction marks, halves of surrogate pairs: an engine may fail at them or spell them.

Zero-width joiners stay, since Persian and Hindi are written with them.
"""

NOT_SPACE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Control characters that ``str.split`` does not split at."""


def tidied(text: str) -> str:
    """Return *text* without control characters and silent marks, stripped; white space within a line is collapsed."""
    if text.isprintable() and "  " not in text:  # no silent mark, no white space but single spaces
        return text.strip()
    text = NOT_SPACE.sub(" ", SILENT.sub("", text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
