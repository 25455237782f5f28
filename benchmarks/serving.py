"""Servers in processes of their own, for what is measured from outside."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

import grpc
import psutil

from protos import streaming_pb2_grpc as pb_grpc

Served = tuple[Any, psutil.Process]
"""The client side and the process of a server."""


@asynccontextmanager
async def serving(settings: str, *, logs: bool = False) -> AsyncIterator[Served]:
    """``stentor serve`` with *settings* (TOML), whose port must be 0. *logs*: they go to a file that nobody reads."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file, tempfile.TemporaryFile() as log:
        file.write(settings)
        file.flush()
        async with listening("app.cli", "serve", "--settings", file.name, stderr=log if logs else None) as served:
            yield served


@asynccontextmanager
async def listening(*command: str, stderr: IO[bytes] | None = None) -> AsyncIterator[Served]:
    """``python -m`` *command*, which prints where it listens, and runs until it is told to stop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, stdout=asyncio.subprocess.PIPE, stderr=stderr
    )
    assert process.stdout is not None
    try:
        address = (await process.stdout.readline()).decode().removeprefix("listening on ").strip()
        async with grpc.aio.insecure_channel(address) as channel:
            yield pb_grpc.StreamingServiceStub(channel), psutil.Process(process.pid)  # type: ignore[no-untyped-call]
    finally:
        process.terminate()
        await process.wait()
