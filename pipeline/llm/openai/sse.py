"""Reads server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.5 and 9.2.6.

It reads bytes, because lines of text also end at U+2028, and because a packet may end within a character.
"""

BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Far more than any event of a model. A line without an end must not fill the memory."""


class EventTooLong(ValueError):
    """An event, or a line of it, is longer than the decoder allows."""


class SSEDecoder:
    """Turns the bytes of one stream, cut anywhere, into the data of its events.

    Lines end with LF, CR LF or CR, in any mixture. As the specification says, an event without data (a comment, a ping,
    ``retry:``, ``event:`` or ``id:`` alone) does not count, nor does an event that no blank line ended. The values of
    ``event``, ``id`` and ``retry`` are ignored.

    ``junk`` tells whether there was a line that is not a field of the protocol, such as a line of HTML. The
    specification ignores such lines, but a stream of nothing else is not an event stream.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._partial: list[bytes] = []  # the line that has not ended yet
        self._data: list[bytes] = []  # the event that has not ended yet
        self._size = 0  # bytes in both
        self._after_cr = False
        self._first = True
        self.junk = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of each event that *chunk* completes, its lines joined with LF. Raise EventTooLong."""
        if not chunk:
            return []
        if not self._size and self._is_one_event(chunk):
            self._first = self._after_cr = False
            return [chunk[6:-2]]
        if self._after_cr and chunk[0] == 0x0A:
            chunk = chunk[1:]  # the second half of a CR LF that a packet cut in two
        self._after_cr = chunk.endswith(b"\r")
        events: list[bytes] = []
        for line in self._lines(chunk):
            if line:
                self._field(line)
            else:
                self._end_event(events)
        return events

    def _field(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._add(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            self._add(b"")
        elif not line.startswith((b":", b"event:", b"id:", b"retry:")):
            self.junk = True

    def _is_one_event(self, chunk: bytes) -> bool:
        """Tell whether *chunk* is one whole event of one line, as nearly all packets are: this saves 3 of 4 µs."""
        return (
            chunk.startswith(b"data: ")
            and chunk.endswith(b"\n\n")
            and chunk.find(b"\n") == len(chunk) - 2
            and b"\r" not in chunk
            and len(chunk) <= self._max
        )

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Return the lines that *chunk* completes, without their ends. Keep the rest."""
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep(chunk)
            return []
        lines = chunk.splitlines()  # bytes are split at LF, CR LF and CR only
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        if self._partial:
            self._size -= sum(map(len, self._partial))
            lines[0] = b"".join((*self._partial, lines[0]))
            self._partial.clear()
        if self._first:
            lines[0] = lines[0].removeprefix(BOM)
            self._first = False
        self._keep(rest)
        return lines

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._grow(len(piece))
            self._partial.append(piece)

    def _add(self, value: bytes) -> None:
        self._grow(len(value) + 1)
        self._data.append(value)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._max:
            raise EventTooLong(f"an event of more than {self._max} bytes")

    def _end_event(self, events: list[bytes]) -> None:
        if self._data:
            events.append(b"\n".join(self._data))
            self._size -= sum(map(len, self._data)) + len(self._data)
            self._data.clear()
