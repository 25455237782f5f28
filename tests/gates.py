"""A connection that passes nothing for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes import settle


@asynccontextmanager
async def gated(address: str, *, both_ways: bool = False) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """An address that leads to *address*. While the event is clear nothing comes back, so the connection's window
    closes, but the client's bytes still arrive. With *both_ways* they do not either: the connection is half open.
    """
    is_open = asyncio.Event()
    is_open.set()
    tasks: list[asyncio.Task[None]] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None) -> None:
        try:
            while data := await reader.read(4096):
                if gate is not None:
                    await gate.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*address.split(":"))
        tasks.append(asyncio.create_task(copy(reader, back, is_open if both_ways else None)))
        tasks.append(asyncio.create_task(copy(there, writer, is_open)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield "{}:{}".format(*server.sockets[0].getsockname()), is_open
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await settle()
