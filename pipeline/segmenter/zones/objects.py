"""Follows one JSON object through the stream: where it ends, and the words of the string ``text`` at its top.

Nothing is parsed here. Only depth, strings and the names at the top are followed, each character once. An object must
also end where a slip left something open, or it would swallow the rest of the reply.
"""

import re

from pipeline.segmenter.zones.strings import StringDecoder

_TOP = {'"': re.compile(r'["{}\[\]:,]'), "'": re.compile(r"[\"'{}\[\]:,]")}
_DEEP = {'"': re.compile(r'["{}\[\]]'), "'": re.compile(r"[\"'{}\[\]]")}
_IN_STRING = {'"': re.compile(r'["\\]'), "'": re.compile(r"['\\]")}
_ANY = re.compile(r".", re.DOTALL)
_NOT_SPACE = re.compile(r"\S")
_NOT_SPACE_OR_LINE = re.compile(r"[\S\n]")
_BRACKETS = re.compile(r"[{}\[\]]")
_AFTER_VALUE = frozenset(",:}]/#")
"""Characters that may stand behind a value; some begin a comment."""
_TEXT_END = re.compile(r'"\s*(?:\}|,?\s*"[^"\\\n]{1,64}"\s*:|,\s*\})')
"""The end of the text, with the name or the brace behind it. Another quote is a part of the text, not escaped."""
_TEXT_MAY_END = re.compile(r'"\s*(?:,?\s*(?:"[^"\\\n]{0,64}(?:"\s*)?)?)?\Z')
_LONGEST_NAME = 96
"""More characters of a name are not kept: no name that matters is longer, even if all of it is escaped."""


class ObjectScanner:
    """Reads one object, from its opening brace to the closing one.

    *quote* is ``'`` for an object with strings in single quotes: it is no JSON, yet its end must be found. After each
    ``feed``:

    - ``words``: the words of ``text`` in it, decoded; ``text_ended``: the string was closed in it.
    - ``closed``: the object has ended. ``broken``: it ended without its last brace, before text that is no part of any
      object.
    - ``refused``: ``too_long`` or ``too_deep``. The object is then read to its end, but nothing of it is kept.
    - ``has_spoken``: a ``text`` is complete; a second one is not spoken.
    - ``command``: it has a ``command`` that is not null. ``session``: it has a ``session_id``, as envelopes have.
    """

    def __init__(self, *, quote: str, max_chars: int, max_depth: int) -> None:
        self.closed = False
        self.broken = False
        self._behind = ""  # "string" or "bracket", if one has just closed
        self.refused = ""
        self.command = False
        self.session = False
        self.text_ended = False
        self.has_spoken = False
        self.words = ""
        self._quote = quote
        self._top = _TOP[quote].search
        self._deep = _DEEP[quote].search
        self._next = self._top  # finds the next character that matters in this state
        self._room = max_chars
        self._max_depth = max_depth
        self._kept: list[str] = []
        self._braces: list[int] = []  # for each open brace, the number of brackets that are open in it
        self._nested = 0
        self._line = False  # a line break stands behind the string or bracket that has just closed
        self._astray = False  # strings have quotes in them, so a quote does not tell where a string ends
        self._name = ""
        self._place = ""  # "name": a name may follow; "value": the value of `text` or `command` follows
        self._string = ""  # the quote that opened the string at this place
        self._escaped = False
        self._decoder: StringDecoder | None = None
        self._quoted = ""  # a quote that may end the text, and what stands behind it

    @property
    def raw(self) -> str:
        """The object as it is written, as far as it was kept."""
        return "".join(self._kept)

    def feed(self, text: str, pos: int) -> int:
        """Read *text* from *pos* on. Return the position behind the part that belongs to the object."""
        self.words = ""
        self.text_ended = False
        if not self.refused:
            start, end = pos, min(len(text), pos + self._room)
            pos = self._read(text, pos, end)
            self._room -= pos - start
            self._kept.append(text[start:pos])
            if pos == end < len(text) and not self.closed and not self.refused:
                self.refused = "too_long"
        if self.refused:
            pos = self._read(text, pos, len(text))
        return pos

    def _read(self, text: str, pos: int, end: int) -> int:
        """Read up to *end*, or to the place where the object closes or gets too deep."""
        while pos < end and not self.closed:
            if self._decoder is not None:
                pos = self._decode(self._decoder, text, pos, end)
                continue
            match = self._next(text, pos, end)
            stop = match.end() if match else end
            if self._string and self._place == "name" and len(self._name) < _LONGEST_NAME:
                self._name += text[pos : match.start() if match else end]
            if match:
                self._meet(match.group())
                if self.broken:
                    return match.start()
                if self._nested > self._max_depth and not self.refused:
                    self.refused = "too_deep"
                    return stop
            pos = stop
        return pos

    def _meet(self, char: str) -> None:
        """Change the state by a character that matters."""
        if self._string:
            self._in_string(char)
        elif self._behind:
            self._after_value(char)
        elif self._place == "value":
            self._value(char)
        else:
            self._outside(char)

    def _in_string(self, char: str) -> None:
        if self._escaped:
            self._escaped = False
            if self._place == "name":
                self._name += char
            self._next = _IN_STRING[self._string].search
        elif char == "\\":
            self._escaped = True
            self._next = _ANY.search
            if self._place == "name":
                self._name += char
        else:
            self._string = ""
            self._go_on("string")

    def _after_value(self, char: str) -> None:
        """Judge the first character behind a string or a bracket.

        Prose there shows that the last brace was forgotten. On the line of a string, prose shows that the string has
        quotes in it: from there on only brackets count.
        """
        if char == "\n":
            self._line = True
            return
        behind, line = self._behind, self._line
        self._behind, self._line = "", False
        if char in _AFTER_VALUE or char == self._quote or (behind == "bracket" and char in "{["):
            self._outside(char)
        elif behind == "string" and (not line or char in "{["):
            self._astray = True
            self._place = ""
            self._outside(char)
        elif line or char.isalnum() or char == "`":
            self.broken = self.closed = True
        else:
            self._go_on()

    def _value(self, char: str) -> None:
        """Judge the first character of the value of ``text`` or ``command``."""
        self._place = ""
        if self._name == "command":
            self.command = char != "n"
        elif char == '"' and not self.has_spoken:
            self._decoder = StringDecoder()
            return
        self._outside(char)

    def _outside(self, char: str) -> None:
        if char in "\"'" and not self._astray:
            self._string = char
            self._next = _IN_STRING[char].search
            return
        if char in "{[":
            self._open(char)
        elif char in "}]":
            self._close(char)
            self._go_on("bracket")
            return
        elif self._nested == 1 and not self._astray:
            if char == ",":
                self._name, self._place = "", "name"
            elif char == ":":
                self._name = _unescaped(self._name)
                self.session = self.session or self._name == "session_id"
                self._place = "value" if self._name in ("text", "command") else ""
        self._go_on()

    def _go_on(self, behind: str = "") -> None:
        if self._astray:
            self._next = _BRACKETS.search
            return
        self._behind = behind
        if behind:
            self._next = _NOT_SPACE_OR_LINE.search
        elif self._place == "value":
            self._next = _NOT_SPACE.search
        else:
            self._next = self._top if self._nested <= 1 else self._deep

    def _open(self, char: str) -> None:
        self._nested += 1
        if char == "[":
            self._braces[-1] += 1
        else:
            self._braces.append(0)
        if self._nested == 1:
            self._place = "name"

    def _close(self, char: str) -> None:
        """Close a bracket or a brace. A brace also closes the brackets that were left open in it."""
        if char == "}":
            self._nested -= self._braces.pop() + 1
            self.closed = not self._braces
        elif self._braces[-1]:
            self._braces[-1] -= 1
            self._nested -= 1

    def _decode(self, decoder: StringDecoder, text: str, pos: int, end: int) -> int:
        if not self._quoted:
            words, pos = decoder.feed(text, pos, end)
            self._hear(words)
            self._quoted = '"' if decoder.closed else ""
            return pos
        judged = self._quoted + text[pos:end]
        if _TEXT_MAY_END.match(judged):
            self._quoted = judged
            return end
        behind, self._quoted = self._quoted[1:], ""
        if _TEXT_END.match(judged):
            self._decoder = None
            self.text_ended = self.has_spoken = True
            self._go_on("string")
        else:
            self._hear('"')
            self._decoder = StringDecoder()
        self._read(behind, 0, len(behind))
        return pos

    def _hear(self, words: str) -> None:
        if not self.refused:
            self.words += words


def _unescaped(name: str) -> str:
    if "\\" not in name:
        return name
    decoder = StringDecoder()
    return decoder.feed(name, 0, len(name))[0]
