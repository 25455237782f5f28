"""The inside of a JSON string, decoded while it arrives."""

import re

from pipeline.text import REPLACEMENT, SurrogateJoiner

_HEX = "[0-9a-fA-F]"
_WHOLE = re.compile(rf'(?:[^"\\]+|\\(?:[^u]|u{_HEX}{{4}}|u{_HEX}{{0,3}}(?!{_HEX}|\Z)))*', re.DOTALL)
"""Characters and escapes up to the closing quote, or to an escape of which more may come."""
_ESCAPE = re.compile(rf"\\(u{_HEX}{{0,4}}|.)", re.DOTALL)
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
        piece = self._escape + text[pos:end]
        whole = _WHOLE.match(piece)
        assert whole is not None
        self._escape = rest = piece[whole.end() :]
        read = whole.group()
        words = self._joiner.feed(_ESCAPE.sub(_meaning, read) if "\\" in read else read)
        if not rest.startswith('"'):
            return words, end
        self.closed = True
        return words + self._joiner.flush(), end - len(rest) + 1


def _meaning(escape: re.Match[str]) -> str:
    code = escape[1]
    if code[0] != "u":
        return _SHORT.get(code, code)
    return chr(int(code[1:], 16)) if len(code) == 5 else REPLACEMENT
