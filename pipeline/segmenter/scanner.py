"""The zones of a reply: prose, JSON objects, the text of an envelope, fences, inline code.

Knows where prose is and where an object begins and ends; nothing of sentences, nothing of commands. Pure: text in,
pieces out, each character looked at once (a few dozen at a seam twice).
"""

import re

from pipeline.events import JsonBlock
from pipeline.segmenter.envelopes import ObjectReader
from pipeline.segmenter.objects import ObjectScanner
from pipeline.segmenter.pieces import Break, Piece

_PROSE = re.compile(r"[{`]")
_SPAN = re.compile(r"[{`\n]")
_SPAN_END = re.compile(r"[`\n]")
_TICKS = re.compile(r"`+")
_BRACE = re.compile(r"\{\s{0,256}")
_FENCE = re.compile(r"`+(?P<space>[^\S\n]{0,8})(?P<label>[\w+#-]{0,32})[\s\[]{0,256}")
_BETWEEN = re.compile(r"[\s,\[\]]*")
_MAX_TICKS = 16
_MAX_HEAD = 300
_MAX_BRACE = 257


def object_at(text: str, pos: int) -> bool | None:
    """Whether the brace at *pos* opens an object: a quote or the closing brace is next. None = too early to tell."""
    found = _BRACE.match(text, pos)
    if found is None:
        return False
    end = found.end()
    if end < len(text):
        return text[end] in "\"'}"
    return None if end - pos < _MAX_BRACE else False


class Scanner:
    """Cuts one reply into prose (``str``, in pieces of any size), ``Break`` and ``JsonBlock``.

    With *envelope*, an object that opens the reply has its ``text`` said while it is still open. The pieces' prose,
    joined, and their cuts do not depend on how the reply was cut for ``feed``.
    """

    def __init__(self, *, max_json_chars: int, max_json_depth: int, envelope: bool = True) -> None:
        self._max_json_chars = max_json_chars
        self._max_json_depth = max_json_depth
        self._envelope = envelope  # nothing but white space so far
        self._last = ""  # the last character of prose
        self._held = ""  # read, but too early to tell what it is
        self._zone = self._prose
        self._after = self._prose  # the zone that the open object stands in
        self._object: ObjectReader | None = None
        self._ticks = 0  # how many open the inline code
        self._span: list[str] = []  # inline code from an object in it on

    @property
    def plain(self) -> bool:
        """In prose, with nothing held: text without ``{`` and backtick is prose as it is and need not be fed."""
        return not self._envelope and not self._held and self._zone == self._prose

    @property
    def room(self) -> int:
        """How much text without a closing brace completes nothing for certain."""
        return 0 if self._object is None else self._object.room

    def feed(self, text: str, before: str = "") -> list[Piece]:
        """What *text* makes certain. *before*: the prose that passed by just before it."""
        out: list[Piece] = []
        self._last = before[-1:] or self._last
        self._read(text, out)
        return out

    def flush(self) -> list[Piece]:
        """What is left when nothing more comes; an object that is open is refused as ``truncated``."""
        out: list[Piece] = []
        if self._zone == self._held_span:
            self._resolve_stray("", out)
        held, self._held = self._held, ""
        if self._object is not None:
            self._object.cut(out)
            self._object = None
        elif held.startswith("{") and self._zone != self._code:
            out += [Break(), JsonBlock(held, "truncated")]
        elif held.startswith("`") and (self._zone == self._in_fence or any(map(str.isalpha, held))):
            pass  # a fence that was just being closed, or one of json that was just being opened
        elif held and self._zone != self._fence_end:
            out.append(held)
        return out

    def _read(self, text: str, out: list[Piece]) -> None:
        if self._held:
            text, self._held = self._held + text, ""
        pos = 0
        while pos < len(text):
            pos = self._zone(text, pos, out)
            if self._held and pos < len(text):
                text, self._held, pos = self._held + text[pos:], "", 0

    def _hold(self, text: str, pos: int) -> int:
        self._held = text[pos:]
        return len(text)

    def _say(self, piece: str, out: list[Piece]) -> None:
        if piece:
            out.append(piece)
            self._last = piece[-1]
            if self._envelope and not piece.isspace():
                self._envelope = False

    # Prose

    def _prose(self, text: str, pos: int, out: list[Piece]) -> int:
        found = _PROSE.search(text, pos)
        at = found.start() if found else len(text)
        self._say(text[pos:at], out)
        if found is None:
            return at
        return self._brace(text, at, out) if found.group() == "{" else self._backticks(text, at, out)

    def _brace(self, text: str, pos: int, out: list[Piece]) -> int:
        is_object = object_at(text, pos)
        if is_object is None:
            return self._hold(text, pos)
        if not is_object:
            self._say("{", out)
            return pos + 1
        return self._open_object(text, pos, out)

    def _backticks(self, text: str, pos: int, out: list[Piece]) -> int:
        """A fence or inline code begins."""
        ticks = self._run(text, pos)
        if ticks is None:
            return self._hold(text, pos)
        if len(ticks) >= 3:
            return self._open_fence(text, pos, len(ticks), out)
        end = pos + len(ticks)
        if not (ticks == "`" and self._last.isalnum() and text[end].isalnum()):  # that one is an apostrophe
            self._ticks = len(ticks)
            self._zone = self._in_span
        self._say(ticks, out)
        return end

    @staticmethod
    def _run(text: str, pos: int) -> str | None:
        """The backticks at *pos*; None = there may be more of them."""
        found = _TICKS.match(text, pos)
        assert found is not None
        return None if found.end() == len(text) and len(found.group()) < _MAX_TICKS else found.group()

    # Inline code: prose as written. A backtick not closed on its line opened none, so an object behind it waits.

    def _in_span(self, text: str, pos: int, out: list[Piece]) -> int:
        found = _SPAN.search(text, pos)
        at = found.start() if found else len(text)
        self._say(text[pos:at], out)
        if found is None:
            return at
        if found.group() == "\n":
            self._zone = self._prose
            return at
        if found.group() == "{":
            return self._brace_in_span(text, at, out)
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) == self._ticks or len(ticks) >= 3:
            self._zone = self._prose
            if len(ticks) >= 3:
                return at
        self._say(ticks, out)
        return at + len(ticks)

    def _brace_in_span(self, text: str, pos: int, out: list[Piece]) -> int:
        is_object = object_at(text, pos)
        if is_object is None:
            return self._hold(text, pos)
        if is_object:
            self._zone = self._held_span
            return pos
        self._say("{", out)
        return pos + 1

    def _held_span(self, text: str, pos: int, out: list[Piece]) -> int:
        """Inline code with an object in it, up to the backticks that prove it or the line's end that denies it."""
        found = _SPAN_END.search(text, pos)
        at = found.start() if found else len(text)
        self._span.append(text[pos:at])
        if found is None:
            return at
        if found.group() == "\n":
            self._resolve_stray(text[at], out)
            return at + 1
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            self._resolve_stray("", out)
            return at
        self._span.append(ticks)
        if len(ticks) == self._ticks:
            code, self._span = "".join(self._span), []
            self._zone = self._prose
            self._say(code, out)
        return at + len(ticks)

    def _resolve_stray(self, more: str, out: list[Piece]) -> None:
        """The backtick was none: read what waited behind it again, as prose."""
        code, self._span = "".join(self._span) + more, []
        held, self._held = self._held, ""
        self._zone = self._prose
        self._read(code + held, out)

    # Fences

    def _open_fence(self, text: str, pos: int, ticks: int, out: list[Piece]) -> int:
        """Three backticks or more: one that begins with an object, bare or marked json, is no text at all."""
        head = _FENCE.match(text, pos)
        assert head is not None
        label, end = head.group("label").lower(), head.end()
        undecided = end == len(text) and end - pos < _MAX_HEAD
        if label in ("", "json"):
            is_object = None if undecided else object_at(text, end)
        else:
            is_object = None if undecided and head.end("label") == end else False
        if is_object is None:
            return self._hold(text, pos)
        if is_object:
            self._zone = self._in_fence
            return end
        if label not in ("", "json") and not head.group("space") and text[head.end("label")].isspace():
            self._zone = self._code
        else:
            self._zone = self._prose if self._zone == self._fence_text else self._fence_text
        self._say(text[pos : pos + ticks], out)
        return pos + ticks

    def _fence_text(self, text: str, pos: int, out: list[Piece]) -> int:
        """A bare or json fence with more in it: prose with objects, so that no slip in the fences hides a command."""
        found = _PROSE.search(text, pos)
        at = found.start() if found else len(text)
        self._say(text[pos:at], out)
        if found is None:
            return at
        if found.group() == "{":
            return self._brace(text, at, out)
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            return self._open_fence(text, at, len(ticks), out)
        self._say(ticks, out)
        return at + len(ticks)

    def _in_fence(self, text: str, pos: int, out: list[Piece]) -> int:
        """Between the objects of a fence."""
        between = _BETWEEN.match(text, pos)
        at = between.end() if between else pos
        if at == len(text):
            return at
        if text[at] == "{":
            is_object = object_at(text, at)
            if is_object is None:
                return self._hold(text, at)
            if is_object:
                return self._open_object(text, at, out)
        elif text[at] == "`":
            ticks = self._run(text, at)
            if ticks is None:
                return self._hold(text, at)
            if len(ticks) >= 3:
                self._zone = self._fence_end
                return at + len(ticks)
        self._zone = self._fence_text
        return at

    def _fence_end(self, text: str, pos: int, out: list[Piece]) -> int:
        """One line break after the closing backticks belongs to them."""
        del out
        if text[pos] == "\r" and pos + 1 == len(text):
            return self._hold(text, pos)
        self._zone = self._prose
        if text.startswith("\r\n", pos):
            return pos + 2
        return pos + (text[pos] == "\n")

    def _code(self, text: str, pos: int, out: list[Piece]) -> int:
        """A fence of something else: prose as written, up to its end."""
        found = _TICKS.search(text, pos)
        at = found.start() if found else len(text)
        self._say(text[pos:at], out)
        if found is None:
            return at
        ticks = self._run(text, at)
        if ticks is None:
            return self._hold(text, at)
        if len(ticks) >= 3:
            self._zone = self._prose
        self._say(ticks, out)
        return at + len(ticks)

    # Objects

    def _open_object(self, text: str, pos: int, out: list[Piece]) -> int:
        out.append(Break())
        found = _BRACE.match(text, pos)
        assert found is not None
        scanned = ObjectScanner(
            quote="'" if text[found.end()] == "'" else '"',
            max_chars=self._max_json_chars,
            max_depth=self._max_json_depth,
        )
        self._object = ObjectReader(scanned, envelope=self._envelope, text_scanner=self._text_scanner)
        self._envelope = False
        self._after = self._zone
        self._zone = self._in_object
        return pos

    def _text_scanner(self) -> "Scanner":
        return Scanner(max_json_chars=self._max_json_chars, max_json_depth=self._max_json_depth, envelope=False)

    def _in_object(self, text: str, pos: int, out: list[Piece]) -> int:
        assert self._object is not None
        pos = self._object.feed(text, pos, out)
        if self._object.closed:
            self._object = None
            self._zone = self._after
        return pos
