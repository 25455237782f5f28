"""HTTP/2 (RFC 9113) by h2, for servers that speak nothing else: it takes twice the CPU of HTTP/1.1 for each event.

One request at a time here too, though HTTP/2 could carry many: leaving an answer closes its connection, which no server
can miss, and a slow reader holds up nobody else's answer.
"""

import asyncio

import httpx2
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from pipeline.http.connection import MOST_BARREN_BYTES, HttpConnection

HEAD_BYTES = 9
GOAWAY = 7
"""Of a frame: its head, and a type. RFC 9113, sections 4.1 and 6.8."""

NOT_SENT = frozenset({b"host", b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
"""Headers that HTTP/2 has other words for: RFC 9113, section 8.2.2."""


class Http2Connection(HttpConnection):
    """See HttpConnection."""

    def __init__(self) -> None:
        super().__init__()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._h2.local_settings = Settings(
            initial_values={SettingCodes.ENABLE_PUSH: 0, SettingCodes.MAX_HEADER_LIST_SIZE: MOST_BARREN_BYTES}
        )
        self._stream = 0
        self._received = b""  # of a frame that is not complete
        self._unsent = memoryview(b"")
        self._unread = 0  # bytes, as the peer counts them
        self._leaving = False

    @property
    def is_idle(self) -> bool:
        """See HttpConnection."""
        return not self._leaving and not self._unsent and super().is_idle

    def send(self, request: httpx2.Request, content: bytes) -> None:
        """See HttpConnection."""
        self._begin()
        url = request.url
        target = {
            b":method": request.method.encode(),
            b":scheme": url.raw_scheme,
            b":authority": request.headers["host"].encode(),
            b":path": url.raw_path,
        }
        named = [(name.lower(), value) for name, value in request.headers.raw]
        self._stream = self._h2.get_next_available_stream_id()
        head = [*target.items(), *(header for header in named if header[0] not in NOT_SENT)]
        self._h2.send_headers(self._stream, head, end_stream=not content)
        self._unsent = memoryview(content)
        self._send_more()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: connected."""
        super().connection_made(transport)
        encrypted = transport.get_extra_info("ssl_object")
        if encrypted is not None and encrypted.selected_alpn_protocol() != "h2":
            self._fail(httpx2.RemoteProtocolError("the server speaks no HTTP/2"))
            return
        self._h2.initiate_connection()
        self._send_more()

    def _send_more(self) -> None:
        """As much of the request as the peer takes now, and whatever h2 has to say."""
        while self._unsent:
            most = min(self._h2.local_flow_control_window(self._stream), self._h2.max_outbound_frame_size)
            if most <= 0:
                break
            part, self._unsent = self._unsent[:most], self._unsent[most:]
            self._h2.send_data(self._stream, part, end_stream=not self._unsent)
        self._transport.write(self._h2.data_to_send())

    def _parse(self, data: bytes) -> None:
        """Frame by frame, because h2 ends everything at a GOAWAY, behind which a server may finish its answer (section
        6.8; python-hyper/h2#1181).
        """
        data = self._received + data
        at = 0
        try:
            while self._error is None and (frame := self._frame(data, at)):
                at += len(frame)
                if frame[3] == GOAWAY:
                    self._on_goaway(frame)
                else:
                    for event in self._h2.receive_data(frame):
                        self._on_event(event)
            self._send_more()
        except (ProtocolError, ValueError):  # a status that is no number
            self._fail(httpx2.RemoteProtocolError("not HTTP/2"))
        self._received = data[at:]

    def _frame(self, data: bytes, at: int) -> bytes:
        """The frame that begins at *at*, b"" while it is not complete; ProtocolError for one of more than we allow,
        which h2 would wait for.
        """
        size = int.from_bytes(data[at : at + 3], "big")
        if size > self._h2.max_inbound_frame_size:
            raise ProtocolError
        end = at + HEAD_BYTES + size
        return data[at:end] if end <= len(data) else b""

    def _on_goaway(self, frame: bytes) -> None:
        """No further request. This one is answered, if the server says that it has taken it."""
        self._leaving = True
        last = int.from_bytes(frame[HEAD_BYTES : HEAD_BYTES + 4], "big") & 0x7FFFFFFF
        if last < self._stream:
            self._fail(httpx2.ReadError("the server is going away"))

    def _on_event(self, event: events.Event) -> None:
        match event:
            case events.ResponseReceived():
                head = dict(event.headers)
                self.status = int(head[b":status"])
                self.headers = [(name, value) for name, value in event.headers if not name.startswith(b":")]
                self._begun = True
                self._wake()
            case events.DataReceived() if event.data:
                self._unread += event.flow_controlled_length
                self._add(event.data)
            case events.DataReceived():  # padding
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case events.StreamEnded():
                self._complete = True
                self._wake()
            case events.StreamReset():
                self._fail(httpx2.ReadError("the server broke off"))

    def _was_read(self) -> None:
        """The peer may send as much again, if it is still there: what it said before it left is read all the same."""
        if self._error is not None:
            return
        self._h2.acknowledge_received_data(self._unread, self._stream)
        self._unread = 0
        self._send_more()
