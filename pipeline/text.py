"""Text of a model may be cut between the halves of a surrogate pair, or hold one half; what leaves here never is."""

import re

REPLACEMENT = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH_AT_END = re.compile("[\ud800-\udbff]\\Z")


def mend(text: str) -> str:
    """*text* with pairs of surrogates joined and lone ones replaced by U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class SurrogateJoiner:
    """``mend`` for a stream: a first half at the end of a delta waits for the next delta."""

    __slots__ = ("_half",)

    def __init__(self) -> None:
        self._half = ""

    @property
    def waiting(self) -> bool:
        """There is a half that the next delta may complete."""
        return bool(self._half)

    def feed(self, text: str) -> str:
        """What of *text* is whole."""
        if not self._half and (text.isascii() or not _SURROGATE.search(text)):
            return text
        text = self._half + text
        self._half = text[-1] if _HIGH_AT_END.search(text) else ""
        return mend(text[:-1] if self._half else text)

    def flush(self) -> str:
        """What is left when nothing more comes."""
        rest, self._half = mend(self._half), ""
        return rest
