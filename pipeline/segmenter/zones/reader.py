"""The zones of a reply: prose, JSON objects, the text of an envelope, fences, inline code.

The reader knows where prose is and where an object begins and ends. It knows nothing of sentences and commands.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial

from pipeline.events import JsonBlock
from pipeline.segmenter.zones.cursor import Break, Cursor, Piece
from pipeline.segmenter.zones.envelopes import ObjectReader
from pipeline.segmenter.zones.fences import HEAD, is_code, opens_with_object
from pipeline.segmenter.zones.objects import ObjectScanner

_OPENING = re.compile(r"[{`\[]")
_BRACKET = re.compile(r"\[[\s\[]{0,256}")
_IN_ARRAY = re.compile(r"[\s,}]*")
_TICK = re.compile(r"`")
_IN_CODE = re.compile(r"[{`\n]")
_CODE_END = re.compile(r"[`\n]")
_BETWEEN = re.compile(r"[\s,\[\]}]*")
_BRACES = re.compile(r"\}*")


class Zone(Enum):
    """What the next character of the reply belongs to."""

    PROSE = auto()
    OBJECT = auto()
    BEHIND = auto()
    """Behind an object, where a brace closes nothing."""
    ARRAY = auto()
    """Between the objects of an array of commands."""
    FENCE = auto()
    """Between the objects of a fence of commands."""
    FENCE_END = auto()
    """Right behind the backticks that close a fence of commands."""
    FENCE_TEXT = auto()
    """A bare or json fence with more than objects in it: prose."""
    CODE = auto()
    """A fence of another language: prose without objects."""
    INLINE_CODE = auto()
    HELD_CODE = auto()
    """Inline code with an object in it: held until backticks prove it or the end of the line denies it."""


class ZoneReader:
    """Cuts one reply into prose (``str``, in pieces of any size), ``Break`` and ``JsonBlock``.

    With *envelope*, the ``text`` of an object that opens the reply is prose while the object is still open. The
    pieces' prose, joined, and the places of the others do not depend on how the reply is cut for ``feed``.
    """

    def __init__(self, *, max_json_chars: int, max_json_depth: int, envelope: bool = True) -> None:
        self._envelope = envelope
        self._scanner = partial(ObjectScanner, max_chars=max_json_chars, max_depth=max_json_depth)
        caps = {"max_json_chars": max_json_chars, "max_json_depth": max_json_depth}
        self._text_reader = partial(ZoneReader, **caps, envelope=False)
        self._cursor = Cursor()
        self._zone = Zone.PROSE
        self._object: ObjectReader | None = None
        self._around = Zone.PROSE  # the zone that the open object stands in
        self._around_array = Zone.PROSE
        self._brackets = 0  # of the array, that are open
        self._headless = False  # the open fence began with objects, so that its head is in no prose
        self._ticks = 0  # the backticks that opened the inline code
        self._held: list[str] = []  # the inline code from its object on

    def feed(self, text: str) -> list[Piece]:
        """Return the pieces that *text* makes certain."""
        self._cursor.text += text
        self._read()
        return self._cursor.take()

    def flush(self) -> list[Piece]:
        """Return the rest of the reply. An object that is still open is refused as ``truncated``."""
        while self._zone is Zone.HELD_CODE:
            self._release_code()
            self._read()
        out = self._cursor.take()
        rest = self._cursor.text
        if self._object is not None:
            self._object.cut(out)
        elif (begun := rest.lstrip("[ \t\r\n")).startswith("{"):
            out += [Break(), JsonBlock(begun, "truncated")]
        elif rest.startswith("`") and (self._zone is Zone.FENCE or any(map(str.isalpha, rest))):
            pass  # a fence of commands was about to close or to open
        elif rest and self._zone is not Zone.FENCE_END:
            out.append(rest)
        return out

    def _read(self) -> None:
        cursor = self._cursor
        while cursor.pos < len(cursor.text) and _HANDLERS[self._zone](self, cursor):
            pass

    # One handler for each zone: it reads on. False = the text at the cursor can't be judged before more comes.

    def _prose(self, cursor: Cursor) -> bool:
        """Read prose. In a fence it has no inline code, so that no slip in the fences hides a command.

        A single backtick between letters is an apostrophe.
        """
        char = cursor.say_until(_OPENING)
        if char == "[":
            return self._open_array(cursor)
        if char != "`":
            return char == "" or self._brace(cursor)
        ticks = cursor.count_ticks()
        if ticks >= 3:
            return self._open_fence(cursor, ticks)
        is_apostrophe = ticks == 1 and cursor.last.isalnum() and cursor.text[cursor.pos + 1].isalnum()
        if ticks and self._zone is Zone.PROSE and not is_apostrophe:
            self._ticks = ticks
            self._zone = Zone.INLINE_CODE
        cursor.say(ticks)
        return ticks > 0

    def _brace(self, cursor: Cursor) -> bool:
        opens = cursor.opens_object()
        if opens == "" and self._zone is not Zone.INLINE_CODE and (opens := cursor.opens_object(1)):
            cursor.pos += 1  # a template's brace before that of the object
        if opens and self._zone is Zone.INLINE_CODE:
            self._zone = Zone.HELD_CODE
        elif opens:
            self._open_object(cursor, opens)
        elif opens is not None:
            cursor.say(1)
        return opens is not None

    def _open_array(self, cursor: Cursor) -> bool:
        """Begin an array if an object follows the bracket; its brackets and commas are no text then."""
        bracket = _BRACKET.match(cursor.text, cursor.pos)
        assert bracket is not None
        length = bracket.end() - bracket.start()
        opens = None if bracket.end() == len(cursor.text) else cursor.opens_object(length)
        if opens:
            self._around_array, self._zone = self._zone, Zone.ARRAY
            self._brackets = bracket.group().count("[")
            cursor.pos += length
        elif opens is not None:
            cursor.say(1)
        return opens is not None

    def _array(self, cursor: Cursor) -> bool:
        between = _IN_ARRAY.match(cursor.text, cursor.pos)
        assert between is not None
        cursor.pos = between.end()
        opens = cursor.opens_object()
        if opens:
            self._open_object(cursor, opens)
        elif opens is not None and cursor.next:
            closes = cursor.next == "]"
            cursor.pos += closes
            self._brackets -= closes
            if not (closes and self._brackets):
                self._zone = self._around_array
        return opens is not None

    def _open_object(self, cursor: Cursor, first: str) -> None:
        """Begin the object at the cursor. *first*: the character behind its brace."""
        self._object = ObjectReader(
            self._scanner(quote="'" if first == "'" else '"'),
            envelope=self._envelope and cursor.blank,
            text_reader=self._text_reader,
        )
        self._envelope = False
        self._around, self._zone = self._zone, Zone.OBJECT
        cursor.out.append(Break())

    def _in_object(self, cursor: Cursor) -> bool:
        assert self._object is not None
        cursor.pos = self._object.feed(cursor.text, cursor.pos, cursor.out)
        if self._object.closed:
            cursor.unread(self._object.behind)
            self._object = None
            self._zone = Zone.BEHIND if self._around in (Zone.PROSE, Zone.FENCE_TEXT) else self._around
        return True

    def _behind(self, cursor: Cursor) -> bool:
        braces = _BRACES.match(cursor.text, cursor.pos)
        assert braces is not None
        cursor.pos = braces.end()
        if cursor.next:
            self._zone = self._around
        return True

    def _open_fence(self, cursor: Cursor, ticks: int) -> bool:
        """Begin a fence. One that begins with an object, bare or marked json, is no text at all."""
        head = HEAD.match(cursor.text, cursor.pos)
        assert head is not None
        opens = opens_with_object(head, cursor)
        if opens:
            self._zone = Zone.FENCE
            cursor.pos = head.end()
        elif opens is False:
            self._turn_fence(cursor, ticks, is_code=is_code(head))
        return opens is not None

    def _turn_fence(self, cursor: Cursor, ticks: int, is_code: bool) -> None:
        """Go into a fence that is text, or out of it. Backticks whose other half was left out are left out too."""
        is_closing = self._zone is Zone.FENCE_TEXT and not is_code
        if is_closing and self._headless:
            cursor.pos += ticks
        else:
            cursor.say(ticks)
        self._zone = Zone.CODE if is_code else Zone.PROSE if is_closing else Zone.FENCE_TEXT
        self._headless = False

    def _fence(self, cursor: Cursor) -> bool:
        between = _BETWEEN.match(cursor.text, cursor.pos)
        assert between is not None
        cursor.pos = between.end()
        opens, ticks = cursor.opens_object(), cursor.count_ticks()
        if opens is None or (cursor.next == "`" and ticks == 0):
            return False
        if opens:
            self._open_object(cursor, opens)
        elif ticks >= 3:
            self._zone = Zone.FENCE_END
            cursor.pos += ticks
        elif cursor.next:
            self._zone, self._headless = Zone.FENCE_TEXT, True
        return True

    def _fence_end(self, cursor: Cursor) -> bool:
        """Skip one line break: it belongs to the backticks before it."""
        if cursor.text[cursor.pos :] == "\r":
            return False
        if cursor.text.startswith(("\n", "\r\n"), cursor.pos):
            cursor.pos = cursor.text.index("\n", cursor.pos) + 1
        self._zone = Zone.PROSE
        return True

    def _code(self, cursor: Cursor) -> bool:
        cursor.say_until(_TICK)
        ticks = cursor.count_ticks()
        if ticks >= 3:
            self._zone = Zone.PROSE
        cursor.say(ticks)
        return ticks > 0

    def _inline_code(self, cursor: Cursor) -> bool:
        """Read inline code. Backticks that are not closed on their line, or before a fence, have opened none."""
        char = cursor.say_until(_IN_CODE)
        if char == "\n":
            self._zone = Zone.PROSE
            return True
        if char == "{":
            return self._brace(cursor)
        ticks = cursor.count_ticks()
        if ticks == self._ticks or ticks >= 3:
            self._zone = Zone.PROSE
        if ticks < 3:
            cursor.say(ticks)
        return ticks > 0

    def _held_code(self, cursor: Cursor) -> bool:
        match = _CODE_END.search(cursor.text, cursor.pos)
        end = match.start() if match else len(cursor.text)
        self._held.append(cursor.text[cursor.pos : end])
        cursor.pos = end
        ticks = cursor.count_ticks()
        if ticks >= 3 or cursor.next == "\n":
            self._release_code()
            return True
        self._held.append("`" * ticks)
        cursor.pos += ticks
        if ticks == self._ticks:
            cursor.say(self._release_code())
        return ticks > 0

    def _release_code(self) -> int:
        """Read the held code again, as prose. Return its length."""
        code = "".join(self._held)
        self._held.clear()
        self._cursor.unread(code)
        self._zone = Zone.PROSE
        return len(code)


_HANDLERS: Mapping[Zone, Callable[[ZoneReader, Cursor], bool]] = {
    Zone.PROSE: ZoneReader._prose,
    Zone.OBJECT: ZoneReader._in_object,
    Zone.BEHIND: ZoneReader._behind,
    Zone.ARRAY: ZoneReader._array,
    Zone.FENCE: ZoneReader._fence,
    Zone.FENCE_END: ZoneReader._fence_end,
    Zone.FENCE_TEXT: ZoneReader._prose,
    Zone.CODE: ZoneReader._code,
    Zone.INLINE_CODE: ZoneReader._inline_code,
    Zone.HELD_CODE: ZoneReader._held_code,
}
