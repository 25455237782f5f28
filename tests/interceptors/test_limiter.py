"""The limits of one process."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interceptors.errors import Rejected
from interceptors.limiter import Lease, MemoryLimiter
from interceptors.testing import ENDINGS, end_as, ending
from tests.fakes import settle, until

STOPS = ("admit", "release", "release twice", "forge")


def reason(limiter: MemoryLimiter, key: str) -> dict[str, str]:
    """The limit that *key* is refused by."""
    with pytest.raises(Rejected) as refused:
        limiter.acquire(key)
    assert refused.value.reason == "STREAM_LIMIT_EXCEEDED"
    assert refused.value.retry_after is not None
    assert refused.value.retry_after > 0
    return refused.value.metadata


def test_exactly_so_many() -> None:
    """The limit's number of streams is admitted, and not one more; the refusal names the limit."""
    limiter = MemoryLimiter(3, 0)
    leases = [limiter.acquire(f"client {n}") for n in range(3)]
    assert reason(limiter, "client 9") == {"limit": "max_concurrent_streams", "value": "3"}
    limiter.release(leases[1])
    limiter.acquire("client 9")
    assert reason(limiter, "client 9") == {"limit": "max_concurrent_streams", "value": "3"}
    assert len(limiter) == 3


def test_exactly_so_many_for_one_client() -> None:
    """A client at its own limit is refused, with that limit's name, while others are admitted."""
    limiter = MemoryLimiter(10, 2)
    lease = limiter.acquire("a")
    limiter.acquire("a")
    assert reason(limiter, "a") == {"limit": "max_streams_per_client", "value": "2"}
    limiter.acquire("b")
    limiter.release(lease)
    limiter.acquire("a")
    assert reason(limiter, "a") == {"limit": "max_streams_per_client", "value": "2"}


def test_no_limit_for_one_client() -> None:
    """0 = no limit of streams per client."""
    limiter = MemoryLimiter(5, 0)
    for _ in range(5):
        limiter.acquire("a")


def test_tokens_are_unique() -> None:
    """Each lease has a token of its own, also for the same client."""
    limiter = MemoryLimiter(100, 0)
    assert len({limiter.acquire("a").token for _ in range(100)}) == 100


def test_release_is_idempotent() -> None:
    """A lease that is released twice frees one place."""
    limiter = MemoryLimiter(2, 1)
    first, _ = limiter.acquire("a"), limiter.acquire("b")
    limiter.release(first)
    limiter.release(first)
    limiter.acquire("c")
    assert reason(limiter, "d") == {"limit": "max_concurrent_streams", "value": "2"}


def test_nobody_elses_lease_can_be_released() -> None:
    """A lease that this limiter did not make frees nothing: neither a made-up one, nor another limiter's, nor a real
    token under another client's name.
    """
    limiter = MemoryLimiter(1, 1)
    real = limiter.acquire("a")
    for forged in (Lease("", "a"), Lease("0" * 32, "a"), MemoryLimiter(1, 0).acquire("a"), replace(real, key="b")):
        limiter.release(forged)
        assert len(limiter) == 1
        assert reason(limiter, "a") == {"limit": "max_concurrent_streams", "value": "1"}
    limiter.release(real)
    assert len(limiter) == 0
    limiter.acquire("a")


@settings(max_examples=50)
@given(
    steps=st.lists(st.tuples(st.sampled_from(STOPS), st.sampled_from("abc"), st.integers(0, 20)), max_size=60),
    most=st.integers(1, 5),
    most_per_key=st.integers(0, 3),
)
def test_the_counts_are_exact(steps: list[tuple[str, str, int]], most: int, most_per_key: int) -> None:
    """Whatever is acquired, released, released again or forged, the limits hold exactly, as in a plain list."""
    limiter = MemoryLimiter(most, most_per_key)
    held: list[Lease] = []
    given_back: list[Lease] = []
    for step, key, number in steps:
        if step == "admit":
            own = sum(lease.key == key for lease in held)
            if len(held) >= most or (most_per_key and own >= most_per_key):
                reason(limiter, key)
            else:
                held.append(limiter.acquire(key))
        elif step == "release" and held:
            given_back.append(held.pop(number % len(held)))
            limiter.release(given_back[-1])
        elif step == "release twice" and given_back:
            limiter.release(given_back[number % len(given_back)])
        elif step == "forge" and held:
            limiter.release(replace(held[0], key="forged"))
        assert len(limiter) == len(held)


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_gives_back(how: str) -> None:
    """However the block ends, its lease is given back, once."""
    limiter = MemoryLimiter(2, 1)

    async def admitted() -> None:
        async with limiter.admit("a") as lease:
            assert lease.key == "a"
            assert len(limiter) == 1
            await end_as(how)

    await ending(how, admitted)
    assert len(limiter) == 0
    limiter.acquire("a")


async def test_a_lease_released_early_stays_released() -> None:
    """A lease that was released inside its block frees no second place at its end."""
    limiter = MemoryLimiter(1, 0)
    async with limiter.admit("a") as lease:
        limiter.release(lease)
        limiter.acquire("b")
    assert len(limiter) == 1


async def test_a_refused_stream_frees_nothing() -> None:
    """A refusal leaves the counts as they are."""
    limiter = MemoryLimiter(1, 0)
    limiter.acquire("a")
    for _ in range(3):
        with pytest.raises(Rejected):
            async with limiter.admit("b"):
                pytest.fail("admitted")
    assert len(limiter) == 1


async def test_a_place_that_passes_on() -> None:
    """On a full server a lease takes the place of another one of its key; giving that one back then has no effect."""
    limiter = MemoryLimiter(1, 1)
    async with limiter.admit("a") as older:
        async with limiter.admit("a", older):
            limiter.release(older)
            with pytest.raises(Rejected):
                limiter.acquire("a")
            assert len(limiter) == 1
        assert len(limiter) == 0
    assert len(limiter) == 0


async def test_a_place_that_is_back_already() -> None:
    """A lease that was given back has no place to pass on: the limits decide."""
    limiter = MemoryLimiter(1, 0)
    async with limiter.admit("a") as older:
        pass
    limiter.acquire("b")
    with pytest.raises(Rejected):
        async with limiter.admit("a", older):
            pytest.fail("entered")


class Work:
    """Work in a place that was lent: it stops some turns of the loop after it was told to."""

    def __init__(self, limiter: MemoryLimiter, gives_way: bool = True) -> None:
        self._limiter = limiter
        self._stops = asyncio.Event()
        if gives_way:
            self._stops.set()
        self.told = 0
        self.lease = limiter.lend(self.end)

    async def end(self) -> None:
        self.told += 1
        await self._stops.wait()
        await asyncio.sleep(0)
        assert self.lease is not None
        self._limiter.release(self.lease)

    def stop(self) -> None:
        self._stops.set()


def test_only_a_free_place_is_lent() -> None:
    """What is lent and what streams hold are never more than the limit."""
    limiter = MemoryLimiter(2, 0)
    limiter.acquire("a")
    assert Work(limiter).lease is not None
    assert Work(limiter).lease is None
    assert len(limiter) == 2


async def test_what_was_lent_gives_way_to_a_stream() -> None:
    """The stream begins when the oldest such work has stopped; another one goes on."""
    limiter = MemoryLimiter(2, 0)
    older, newer = Work(limiter, gives_way=False), Work(limiter)
    began = asyncio.Event()

    async def stream() -> None:
        async with limiter.admit("a"):
            assert len(limiter) == 2
            began.set()

    task = asyncio.create_task(stream())
    await until(lambda: older.told)
    await settle()
    assert not began.is_set()
    older.stop()
    await task
    assert began.is_set()
    assert (older.told, newer.told) == (1, 0)
    assert len(limiter) == 1


async def test_no_stream_is_refused_for_what_was_lent() -> None:
    """As many streams as ever run at once, of as many clients and of one; each finds a place that is really free."""
    limiter = MemoryLimiter(3, 3)
    works = [Work(limiter) for _ in range(3)]
    running = most = 0

    async def stream() -> None:
        nonlocal running, most
        async with limiter.admit("a"):
            running += 1
            most = max(most, len(limiter))
            await until(lambda: running == 3)

    await asyncio.gather(*(stream() for _ in range(3)))
    assert (most, len(limiter)) == (3, 0)
    assert all(work.told for work in works)


async def test_a_stream_shares_the_place_of_its_own_work() -> None:
    """Both count as one, and the work is not told to stop; the place is the work's again when the stream is over."""
    limiter = MemoryLimiter(1, 0)
    work = Work(limiter)
    async with limiter.admit("a", beside=work.lease):
        assert len(limiter) == 1
        assert Work(limiter).lease is None
    assert (work.told, len(limiter)) == (0, 1)
    async with limiter.admit("b"):
        assert (work.told, len(limiter)) == (1, 1)
    assert len(limiter) == 0


async def test_a_replaced_stream_leaves_its_work_to_the_newer_one() -> None:
    """The newer stream waits for the older one, which still uses its work: nothing ends that from behind."""
    limiter = MemoryLimiter(1, 0)
    work = Work(limiter)
    async with limiter.admit("a", beside=work.lease) as older, limiter.admit("a", older):
        assert (work.told, len(limiter)) == (0, 1)
    assert (work.told, len(limiter)) == (0, 1)


async def test_a_stream_that_is_cancelled_at_the_door_leaves_nothing() -> None:
    """While it waits for work to stop, it may be cancelled like any other."""
    limiter = MemoryLimiter(1, 0)
    work = Work(limiter, gives_way=False)

    async def stream() -> None:
        async with limiter.admit("a"):
            pytest.fail("there was no place yet")

    task = asyncio.create_task(stream())
    await until(lambda: work.told)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert len(limiter) == 1
