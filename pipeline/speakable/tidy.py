"""White space and characters that are no text."""

import re

SILENT = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
"""Soft hyphens, zero-width and direction marks, halves of surrogate pairs: an engine may stumble over them or spell
them. The zero-width joiners stay: Persian and Hindi are written with them."""

NOT_SPACE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Control characters that ``str.split`` does not take for white space."""


def tidied(text: str) -> str:
    """*text* without control characters and silent marks; lines kept, other white space collapsed, stripped."""
    if text.isprintable() and "  " not in text:  # neither silent marks nor white space but single spaces
        return text.strip()
    text = NOT_SPACE.sub(" ", SILENT.sub("", text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
