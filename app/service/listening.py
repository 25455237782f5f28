"""Makes the gRPC server of the settings and binds it to its address."""

import errno
import socket
from collections.abc import Sequence

import grpc
from grpc.aio._server import server as make_aio_server  # type: ignore[import-not-found,import-untyped,unused-ignore]

from app.settings.tables import Server, Settings
from interceptors.base import StreamInterceptor

KEEPALIVE_MS = 30_000
"""A connection without traffic is asked for a sign of life this often. gRPC's own default is two hours."""

PING_TIMEOUT_MS = 20_000
"""A client that gives no sign of life for this long is gone: its streams end, and its session can be asked again."""

LEAST_PING_GAP_MS = 10_000
"""Clients may ping this often. By gRPC's default, a client that pings more than every five minutes is cut off."""

MOST_GRPC_TAKES = 2**31 - 1
"""gRPC's own limit of a message."""

MOST_METADATA_BYTES = 16 * 1024
"""The metadata of a call. By gRPC's default, calls with more than half of it are refused now and then, without a
reason: a long token takes that much.
"""

WATCHERS = 4096
"""Calls beyond those that the limits admit: refused ones on their way, and clients that watch the health."""


TRANSPORT_FACTOR, TRANSPORT_BYTES = 4, 16 * 1024 * 1024
"""The transport takes so many times ``max_request_bytes`` and so many more, since what it refuses has no reason."""


class PortTaken(Exception):
    """The address cannot be listened on."""


def make_server(settings: Settings, links: Sequence[StreamInterceptor]) -> grpc.aio.Server:
    """Make a server that does not listen yet; *links* are its chain, the outermost first.

    Not by ``grpc.aio.server``: tracers replace that function, and put a link around ours that breaks every handler
    which writes its messages instead of yielding them.
    """
    # A call whose request never arrives passes no link, so gRPC itself must bound these. The limit is far above any
    # real load.
    most_calls = 4 * settings.limits.max_concurrent_streams + WATCHERS
    return make_aio_server(  # type: ignore[no-any-return,unused-ignore]
        interceptors=links, options=_channel_arguments(settings.server), maximum_concurrent_rpcs=most_calls
    )


def bind(server: grpc.aio.Server, settings: Server) -> str:
    """Bind *server* and return its ``HOST:PORT``, with the real port where the settings say 0. Raise PortTaken."""
    host = f"[{settings.host}]" if ":" in settings.host and not settings.host.startswith("[") else settings.host
    address = f"{host}:{settings.port}"
    if trouble := why_not(settings.host.strip("[]"), settings.port):
        raise PortTaken(f"cannot listen on {address}: {trouble}")
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise PortTaken(f"cannot listen on {address}: the port is taken") from None  # a moment ago
    return f"{host}:{port}"


def why_not(host: str, port: int) -> str:
    """Tell why nobody can listen on *port* of *host*; "" where one can.

    A name such as localhost stands for several addresses. Each that this machine has must be free: gRPC is content with
    one of them, and then the other's clients reach whoever has that.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return _text(error)
    trouble = "the name stands for no address"
    is_free = False
    for family, kind, _, _, address in addresses:
        try:
            with socket.socket(family, kind) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
        except OSError as error:
            trouble = _text(error)
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return trouble
        else:
            is_free = True
    return "" if is_free else trouble


def _text(error: OSError | UnicodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _channel_arguments(server: Server) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(server.workers > 1)),  # else a second server takes the same port in silence
        (
            "grpc.max_receive_message_length",
            min(MOST_GRPC_TAKES, server.max_request_bytes * TRANSPORT_FACTOR + TRANSPORT_BYTES),
        ),
        ("grpc.max_metadata_size", MOST_METADATA_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.keepalive_timeout_ms", PING_TIMEOUT_MS),
        ("grpc.http2.ping_timeout_ms", PING_TIMEOUT_MS),  # gRPC waits for the longer of the two, which is a minute
        ("grpc.http2.min_ping_interval_without_data_ms", LEAST_PING_GAP_MS),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", LEAST_PING_GAP_MS),
    ]
