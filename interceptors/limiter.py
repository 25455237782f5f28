"""Decides who may run, by exact counts of the streams that run now: all of them, and those of each client."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Protocol

from interceptors.errors import Rejected

RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one stream. Only its holder knows the random ``token``, so nobody else can give it back."""

    token: str
    key: str


class Limiter(Protocol):
    """Decides at the door."""

    def admit(self, key: str, instead_of: Lease | None = None) -> AbstractAsyncContextManager[Lease]:
        """Enter at once, with a lease until the block ends, or raise Rejected; never queue.

        The place of *instead_of*, a lease of the same key, passes on to the new lease; giving *instead_of* back has no
        effect then.
        """
        ...


class MemoryLimiter:
    """The limits of one process: *most* streams at once, *most_per_key* of them for one client (0 = no such limit).

    There is no await between check and count, so within one event loop the counts are exact without a lock.
    """

    def __init__(self, most: int, most_per_key: int) -> None:
        self._most = most
        self._most_per_key = most_per_key
        self._leases: set[Lease] = set()
        self._per_key: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many leases are held."""
        return len(self._leases)

    @asynccontextmanager
    async def admit(self, key: str, instead_of: Lease | None = None) -> AsyncIterator[Lease]:
        """Hold a lease for *key* in the block. Raise Rejected (STREAM_LIMIT_EXCEEDED), which names the limit."""
        if instead_of in self._leases:
            self._remove(instead_of)
        lease = self.acquire(key)
        try:
            yield lease
        finally:
            self.release(lease)

    def acquire(self, key: str) -> Lease:
        """Return a lease for *key*. Raise Rejected as ``admit`` does."""
        if len(self._leases) >= self._most:
            raise _full("max_concurrent_streams", self._most)
        if self._most_per_key and self._per_key[key] >= self._most_per_key:
            raise _full("max_streams_per_client", self._most_per_key)
        lease = Lease(token_hex(16), key)
        self._leases.add(lease)
        self._per_key[key] += 1
        return lease

    def release(self, lease: Lease) -> None:
        """Give *lease* back. A lease that is not held, or no longer, has no effect."""
        if lease in self._leases:
            self._remove(lease)

    def _remove(self, lease: Lease) -> None:
        self._leases.remove(lease)
        self._per_key[lease.key] -= 1
        if not self._per_key[lease.key]:
            del self._per_key[lease.key]


def _full(limit: str, value: int) -> Rejected:
    return Rejected("STREAM_LIMIT_EXCEEDED", retry_after=RETRY_SECONDS, metadata={"limit": limit, "value": str(value)})
