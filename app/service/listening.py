"""Whether an address can be listened on."""

import errno
import socket


def why_not(host: str, port: int) -> str:
    """Why nobody can listen on *port* of *host*; "" where one can.

    A name such as localhost stands for several addresses. Each that this machine has must be free: gRPC is content with
    one of them, and then the other's clients reach whoever has that.
    """
    trouble = "the name stands for no address"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    is_free = False
    for family, kind, _, _, address in found:
        try:
            with socket.socket(family, kind) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
        except OSError as error:
            trouble = error.strerror or str(error)
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return trouble
        else:
            is_free = True
    return "" if is_free else trouble
