"""The content log of a worker: bounded, apart from the calls, and honest about what it lost."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from billing.ids import new_op_id
from proxy.contents.keeper import Keeper
from proxy.contents.records import all_of
from proxy.contents.reel import QUEUE_FULL, Reel
from proxy.contents.sealing import SealKey
from tests.content import Pair, kept, log_to
from tests.factories import Caller, make_caller, rows
from tests.live.client import Events, directive, stream
from tests.processes import until
from tests.stack import Stack

BIG = 300_000


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1_000_000)


@pytest.fixture
def pair(caller: Caller) -> Pair:
    return log_to(caller.project)


class Looped:
    """A keeper on a loop of its own, as a worker has one, asked from the test's thread."""

    def __init__(self, url: str) -> None:
        self.keeper = Keeper(url, queue_bytes=1_000_000, part_max=60_000)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    @property
    def kept(self) -> int:
        return self.keeper.kept

    @property
    def lost(self) -> int:
        return self.keeper.lost

    def reel(self, key: SealKey, request: bytes, kind: str) -> Reel:
        return self._done(self.keeper.reel, key, request, kind)

    def put(self, call: str, project: int, at: datetime, reel: Reel) -> None:
        self._done(self.keeper.put, call, project, at, reel)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.keeper.stop(), self._loop).result()

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _done[**P, T](self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async def done() -> T:
            return act(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()


@pytest.fixture
def keeper(stack: Stack) -> Iterator[Looped]:
    keeper = Looped(stack.env["GATEWAY_DATABASE_URL"])
    yield keeper
    keeper.close()


def seal_key(pair: Pair, public_key: bytes | None = None) -> SealKey:
    key = pair.key
    return SealKey(key.pk, key.api_id, key.project.api_id, public_key or bytes(key.public_key))


def put(keeper: Looped, pair: Pair, request: bytes = b"ab", call: UUID | None = None) -> UUID:
    reel = keeper.reel(seal_key(pair), request, "")
    call = call or new_op_id()
    keeper.put(str(call), pair.key.project.pk, datetime.now(UTC), reel)
    return call


def test_calls_of_many_projects_are_written_together_and_open_apart(stack: Stack, keeper: Looped):
    pairs = [log_to(make_caller().project) for _ in range(3)]
    calls = {put(keeper, pairs[turn % 3], str(turn).encode()): turn for turn in range(300)}
    until(lambda: keeper.kept == 300, "all of them")
    for turn, pair in enumerate(pairs):
        for record in all_of(pair.key.project):
            assert pair.read(record.shown())["request"]["text"] == str(calls[record.call])
            assert calls[record.call] % 3 == turn


def test_what_finds_no_room_is_lost_and_says_so(keeper: Looped, caller: Caller, pair: Pair):
    reels = [keeper.reel(seal_key(pair), b"x" * 90_000, "") for _ in range(20)]
    lost = [reel for reel in reels if reel.lost]
    assert 0 < len(lost) < 20
    for reel in reels:
        keeper.put(str(new_op_id()), caller.project.pk, datetime.now(UTC), reel)
    records = kept(caller, 20)
    assert [record["lost"] for record in records].count(QUEUE_FULL) == len(lost) == keeper.lost
    assert all(record["request_bytes"] == 90_000 for record in records)
    put(keeper, pair, b"y" * 90_000)
    assert kept(caller, 21)[-1]["lost"] is None  # there is room again


def test_a_connection_that_died_costs_nothing(keeper: Looped, caller: Caller, pair: Pair):
    put(keeper, pair)
    kept(caller, 1)
    ended = rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'COPY proxy_cont%%' AND pid <> pg_backend_pid()"
    )
    assert ended
    put(keeper, pair)
    kept(caller, 2)
    assert keeper.lost == 0


def test_a_sealer_that_died_is_started_anew_and_asked_again(keeper: Looped, caller: Caller, pair: Pair):
    put(keeper, pair)
    kept(caller, 1)
    first = keeper.keeper.sealer.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    for _ in range(3):
        put(keeper, pair)
    kept(caller, 4)
    assert keeper.lost == 0
    assert keeper.keeper.sealer.pid != first


def test_calls_that_were_given_twice_are_kept_once(keeper: Looped, caller: Caller, pair: Pair):
    """As after a sealer that died when its commit was done."""
    first = put(keeper, pair)
    kept(caller, 1)
    put(keeper, pair, call=first)
    put(keeper, pair)
    kept(caller, 2)
    until(lambda: keeper.kept == 3, "all of them")
    assert keeper.lost == 0


def test_a_sealer_ends_with_its_worker(keeper: Looped, caller: Caller, pair: Pair):
    put(keeper, pair)
    kept(caller, 1)
    pid = keeper.keeper.sealer.pid
    keeper.stop()
    assert not Path(f"/proc/{pid}").exists()


def test_what_the_database_refuses_takes_no_other_along(keeper: Looped, caller: Caller, pair: Pair):
    put(keeper, pair)
    far = UUID(int=new_op_id().int | 0xFFFFFF << 104)  # a month that has no place
    put(keeper, pair, call=far)
    put(keeper, pair)
    until(lambda: keeper.lost == 1, "the loss")
    kept(caller, 2)


def test_a_key_that_nothing_can_be_sealed_to_loses_its_own_content_only(
    keeper: Looped, caller: Caller, pair: Pair
):
    other = make_caller()
    bad = keeper.reel(seal_key(log_to(other.project), bytes(32)), b"ab", "")
    keeper.put(str(new_op_id()), other.project.pk, datetime.now(UTC), bad)
    put(keeper, pair)
    assert [record["lost"] for record in kept(caller, 1) + kept(other, 1)] == [None, "not_written"]
    until(lambda: (keeper.kept, keeper.lost) == (1, 1), "both counted")


def test_what_waits_is_written_when_a_worker_stops(keeper: Looped, caller: Caller, pair: Pair):
    for _ in range(10):
        put(keeper, pair)
    keeper.stop()
    assert len(list(all_of(caller.project))) == 10


@pytest.mark.slow
def test_a_full_queue_spoils_no_answer(stack: Stack, caller: Caller, pair: Pair):
    """Ten large calls at once in a gateway that holds four of them."""
    with stack.another_gateway("full", CONTENT_QUEUE_MB="1") as gateway:
        name = new_op_id().hex
        messages = directive(text="salom dunyo", hold=name, hold_at="end")
        messages[0]["content"] += " " * BIG
        calls: list[Events] = [stream_of(gateway, caller, messages) for _ in range(10)]
        stack.upstream.release(name)
        assert {call.text() for call in calls} == {"salom dunyo"}
    records = kept(caller, 10)
    lost = [record for record in records if record["lost"]]
    assert 6 <= len(lost) < 10
    assert {record["lost"] for record in lost} == {QUEUE_FULL}
    assert all(row["status"] == "ok" for row in caller.requests())


def stream_of(gateway: object, caller: Caller, messages: list[dict[str, str]]) -> Events:
    return stream(gateway, caller, messages=messages)  # type: ignore[arg-type]
