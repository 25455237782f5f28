"""The inside of a JSON string, decoded while it arrives."""

import re

from pipeline.text import REPLACEMENT, SurrogateJoiner

_STOP = re.compile(r'["\\]')
_HEX = frozenset("0123456789abcdefABCDEF")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class StringDecoder:
    """Decodes from the character after the opening quote to the closing one, at most one escape behind the stream.

    An escape that JSON does not know gives its character; one with wrong digits, or half of a surrogate pair, gives
    U+FFFD. Speech is not refused for a slip in its spelling.
    """

    def __init__(self) -> None:
        self.closed = False
        self._escape = ""
        self._joiner = SurrogateJoiner()

    def feed(self, text: str, pos: int, end: int) -> tuple[str, int]:
        """Return the meaning of ``text[pos:end]`` and the position behind what was read, the closing quote included."""
        out: list[str] = []
        while pos < end and not self.closed:
            if self._escape:
                pos = self._read_escape(text, pos, out)
                continue
            stop = _STOP.search(text, pos, end)
            if stop is None:
                out.append(text[pos:end])
                pos = end
                continue
            out.append(text[pos : stop.start()])
            pos = stop.end()
            self.closed = stop.group() == '"'
            self._escape = "" if self.closed else "\\"
        decoded = self._joiner.feed("".join(out))
        return decoded + self._joiner.flush() if self.closed else decoded, pos

    def _read_escape(self, text: str, pos: int, out: list[str]) -> int:
        """Take one character of the open escape. Return the position behind it."""
        char = text[pos]
        if len(self._escape) == 1:
            if char == "u":
                self._escape += char
            else:
                self._escape = ""
                out.append(_SHORT.get(char, char))
            return pos + 1
        if char not in _HEX:
            self._escape = ""
            out.append(REPLACEMENT)
            return pos
        self._escape += char
        if len(self._escape) == 6:
            out.append(chr(int(self._escape[2:], 16)))
            self._escape = ""
        return pos + 1
