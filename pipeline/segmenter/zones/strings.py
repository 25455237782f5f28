"""The inside of a JSON string, decoded while it arrives."""

import re

_STOP = re.compile(r'["\\]')
_HEX = frozenset("0123456789abcdefABCDEF")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
REPLACEMENT = "\ufffd"


class StringDecoder:
    """Decodes from the character after the opening quote to the closing one, at most one escape behind the stream.

    An escape that JSON does not know gives its character, one with wrong digits gives U+FFFD, and so does half of a
    surrogate pair: what is spoken is not refused for a slip in its spelling.
    """

    def __init__(self) -> None:
        self.closed = False
        self._escape = ""
        self._high = 0

    def feed(self, text: str, pos: int, end: int) -> tuple[str, int]:
        """What ``text[pos:end]`` says, and the position after what was read (the closing quote is read)."""
        out: list[str] = []
        while pos < end and not self.closed:
            if self._escape:
                pos = self._read_escape(text, pos, out)
                continue
            found = _STOP.search(text, pos, end)
            stop = found.start() if found else end
            if stop > pos:
                self._put(text[pos:stop], out)
            pos = stop
            if found:
                pos += 1
                self._stop(found.group(), out)
        return "".join(out), pos

    def _stop(self, char: str, out: list[str]) -> None:
        if char == "\\":
            self._escape = char
        else:
            self._put("", out)
            self.closed = True

    def _read_escape(self, text: str, pos: int, out: list[str]) -> int:
        """Take one character of the escape that is open."""
        char = text[pos]
        if len(self._escape) == 1:
            if char == "u":
                self._escape += char
            else:
                self._escape = ""
                self._put(_SHORT.get(char, char), out)
            return pos + 1
        if char not in _HEX:
            self._escape = ""
            self._put(REPLACEMENT, out)
            return pos
        self._escape += char
        if len(self._escape) == 6:
            unit, self._escape = int(self._escape[2:], 16), ""
            self._put_unit(unit, out)
        return pos + 1

    def _put(self, piece: str, out: list[str]) -> None:
        if self._high:
            self._high = 0
            out.append(REPLACEMENT)
        out.append(piece)

    def _put_unit(self, unit: int, out: list[str]) -> None:
        """One UTF-16 unit: a first half waits for its second."""
        if 0xDC00 <= unit < 0xE000:
            if self._high:
                out.append(chr(0x10000 + ((self._high - 0xD800) << 10) + unit - 0xDC00))
                self._high = 0
            else:
                out.append(REPLACEMENT)
        elif 0xD800 <= unit < 0xDC00:
            self._put("", out)
            self._high = unit
        else:
            self._put(chr(unit), out)
