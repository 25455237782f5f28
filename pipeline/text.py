"""Repairs surrogates. A model's text may be cut between the halves of a pair, or hold a lone half, which UTF-8 cannot
carry.
"""

import re

REPLACEMENT = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH_AT_END = re.compile("[\ud800-\udbff]\\Z")


def mend(text: str) -> str:
    """Join the pairs of surrogates in *text* and replace lone ones by U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class SurrogateJoiner:
    """Mends a stream of text: a first half at the end of a delta waits for the next delta."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """Return the part of *text* that is whole, mended."""
        if not self._half and (text.isascii() or not _SURROGATE.search(text)):
            return text
        text = self._half + text
        self._half = text[-1] if _HIGH_AT_END.search(text) else ""
        return mend(text[:-1] if self._half else text)

    def flush(self) -> str:
        """Return the half that still waits, as U+FFFD."""
        rest, self._half = mend(self._half), ""
        return rest
