"""Decides who may run, by exact counts of the streams that run now: all of them, and those of each client."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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


@dataclass(slots=True, eq=False)
class Loan:
    """A place that is used only while no stream needs it."""

    give_way: Callable[[], Awaitable[None]]
    """Ends the work in it, and returns when the lease is back."""
    stream: Lease | None = None
    """The stream that shares the place: they count as one."""


class Limiter(Protocol):
    """Decides at the door."""

    def admit(
        self, key: str, instead_of: Lease | None = None, beside: Lease | None = None
    ) -> AbstractAsyncContextManager[Lease]:
        """Enter with a lease until the block ends, or raise Rejected; never queue.

        The place of *instead_of*, a lease of the same key, passes on to the new lease; giving *instead_of* back has no
        effect then. *beside*, the lease of work that the stream may take over, shares one place with the new lease.
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
        self._loans: dict[Lease, Loan] = {}  # the oldest first
        self._per_key: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many places are taken."""
        return len(self._leases) + sum(1 for _ in self._alone())

    @asynccontextmanager
    async def admit(
        self, key: str, instead_of: Lease | None = None, beside: Lease | None = None
    ) -> AsyncIterator[Lease]:
        """Hold a lease for *key* in the block. Raise Rejected (STREAM_LIMIT_EXCEEDED), which names the limit.

        The block begins when enough of what was lent has given way.
        """
        if instead_of in self._leases:
            self._remove(instead_of)
        lease = self.acquire(key)
        try:
            self._share(lease, instead_of, beside)
            while len(self) > self._most:
                await next(self._alone()).give_way()
            yield lease
        finally:
            self.release(lease)

    def lend(self, give_way: Callable[[], Awaitable[None]]) -> Lease | None:
        """Return a lease that no stream is refused for, None where no place is free.

        ``give_way()`` must end the work that holds it and return when the lease is back. It counts for no client.
        """
        if len(self) >= self._most:
            return None
        lease = Lease(token_hex(16), "")
        self._loans[lease] = Loan(give_way)
        return lease

    def _share(self, lease: Lease, instead_of: Lease | None, beside: Lease | None) -> None:
        """Let what was lent to *beside*, and what shares the place of *instead_of*, share the place of *lease*."""
        for lent, loan in self._loans.items():
            if lent == beside or (loan.stream is not None and loan.stream == instead_of):
                loan.stream = lease

    def _alone(self) -> Iterator[Loan]:
        return (loan for loan in self._loans.values() if loan.stream not in self._leases)

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
        self._loans.pop(lease, None)

    def _remove(self, lease: Lease) -> None:
        self._leases.remove(lease)
        self._per_key[lease.key] -= 1
        if not self._per_key[lease.key]:
            del self._per_key[lease.key]


def _full(limit: str, value: int) -> Rejected:
    return Rejected("STREAM_LIMIT_EXCEEDED", retry_after=RETRY_SECONDS, metadata={"limit": limit, "value": str(value)})
