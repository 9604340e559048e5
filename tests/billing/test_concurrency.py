"""Two connections at once. These commit for real; each has an organization of its own."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Organization, User
from billing import holds
from billing.bank.arrivals import add_lines
from billing.bank.lines import Line
from billing.errors import TopUpError
from billing.holds import Reserve, Settle
from billing.invariants import broken, check
from billing.ledger import balance
from billing.models import TopUp
from billing.partitions import detach_oldest, ensure_partitions, months
from billing.sweeper import sweep
from billing.topups import approve
from tests.billing.books import UZS, Customer, ask, end, query
from tests.transfers import arrived

pytestmark = pytest.mark.django_db(transaction=True)


async def gateway() -> holds.Connection:
    """A connection as the gateway has it."""
    return await psycopg.AsyncConnection.connect(settings.GATEWAY_DATABASE_URL, autocommit=True)


async def at_once(calls: Sequence[Reserve], connections: int) -> list[str]:
    """Reserve the calls over several connections, in batches of four, and close with their verdicts."""

    async def worker(mine: Sequence[Reserve]) -> list[str]:
        async with await gateway() as conn:
            return [v.v for i in range(0, len(mine), 4) for v in await holds.reserve(conn, mine[i : i + 4])]

    parts = await asyncio.gather(*[worker(calls[i::connections]) for i in range(connections)])
    return [verdict for part in parts for verdict in part]


@sync_to_async
def customer(micros: int) -> Customer:
    made = Customer()
    if micros:
        made.pay(micros)
    return made


async def test_however_many_ask_at_once_the_wallet_is_promised_once() -> None:
    alice = await customer(25_000)

    verdicts = await at_once([ask(alice) for _ in range(64)], connections=8)

    assert sorted(verdicts) == ["insufficient"] * 54 + ["ok"] * 10
    assert await sync_to_async(alice.wallet)() == (25_000, 0, 25_000)


async def test_free_units_without_a_wallet_are_given_once() -> None:
    bob = await customer(0)

    verdicts = await at_once(
        [ask(bob, free_wish=True, free_ok=True, free_quota=5) for _ in range(32)], connections=8
    )

    assert sorted(verdicts) == ["free_quota"] * 27 + ["ok"] * 5
    assert await sync_to_async(bob.free_used)() == 5


async def test_many_wallets_in_opposite_order_never_lock_each_other_out() -> None:
    customers = [await customer(UZS) for _ in range(12)]
    forward = [ask(one) for one in customers * 4]
    backward = [ask(one) for one in reversed(customers * 4)]

    async def run(calls: list[Reserve]) -> None:
        async with await gateway() as conn:
            for i in range(0, len(calls), 12):
                batch = calls[i : i + 12]
                assert {v.v for v in await holds.reserve(conn, batch)} == {"ok"}
                await holds.settle(conn, [end(call, 10) for call in batch])

    await asyncio.gather(run(forward), run(backward))

    for one in customers:
        assert await sync_to_async(one.wallet)() == (UZS - 80, 0, 0)


async def test_the_same_settle_from_two_sides_charges_once() -> None:
    alice = await customer(UZS)
    calls = [ask(alice) for _ in range(20)]
    assert set(await at_once(calls, connections=1)) == {"ok"}

    async def run(items: list[Settle]) -> int:
        async with await gateway() as conn:
            return [(await holds.settle(conn, [item]))[0].state for item in items].count("captured")

    ends = [end(call, 100) for call in calls]
    captured = await asyncio.gather(run(ends), run(ends[::-1]), run(ends))

    assert sum(captured) == 20
    assert await sync_to_async(alice.wallet)() == (UZS - 2_000, 0, 0)


async def test_sweep_and_settle_at_once_end_every_hold_once() -> None:
    alice = await customer(UZS)
    async with await gateway() as conn:
        epoch = await holds.heartbeat_start(conn, "host", 1)
        calls = [ask(alice, owner=epoch) for _ in range(40)]
        await holds.reserve(conn, calls)
        await holds.heartbeat_stop(conn, epoch)
        swept, settled = await asyncio.gather(
            sync_to_async(query, thread_sensitive=False)("SELECT sweep()"),
            holds.settle(conn, [end(call, 100) for call in calls]),
        )

    states = {s.state for s in settled}
    assert states <= {"captured", "late_captured"}
    assert await sync_to_async(alice.wallet)() == (UZS - 4_000, 0, 0)
    assert swept


async def test_a_locked_wallet_stops_only_its_own_batch() -> None:
    alice, bob = await customer(UZS), await customer(UZS)

    def lock() -> psycopg.Connection[tuple[object, ...]]:
        holder = psycopg.connect(settings.DATABASE_URL)
        holder.execute("SELECT FROM wallet WHERE org_id = %s FOR UPDATE", [alice.org])
        return holder

    holder = await asyncio.to_thread(lock)
    async with await gateway() as conn:
        await conn.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await holds.reserve(conn, [ask(bob), ask(alice)])
        assert (await holds.reserve(conn, [ask(bob)]))[0].v == "ok"
    holder.close()
    assert await sync_to_async(bob.wallet)() == (UZS, 0, 2_500)


def test_two_operators_who_approve_at_once_credit_once() -> None:
    name = uuid4().hex
    asker, *operators = [User.objects.create(email=f"{name}-{i}@test.invalid") for i in range(3)]
    org = Organization.objects.create(name=name, owner=asker)
    topup = TopUp.objects.create(org=org, requested_by=asker, amount_micros=5_000 * UZS, reference="77")
    incoming = arrived(topup)
    barrier = Barrier(2)

    def click(operator: User) -> bool:
        barrier.wait()
        try:
            approve(topup.pk, operator, incoming.pk)
        except TopUpError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(click, operators))

    assert sorted(done) == [False, True]
    assert balance(org.pk).paid == 5_000 * UZS


def test_one_incoming_transfer_is_credited_once_to_requests_approved_at_once() -> None:
    operators = [User.objects.create(email=f"{uuid4().hex}@test.invalid") for _ in range(4)]
    topups = [_asked() for _ in operators]
    incoming = arrived(topups[0])
    barrier = Barrier(len(topups))

    def click(pair: tuple[TopUp, User]) -> bool:
        barrier.wait()
        try:
            approve(pair[0].pk, pair[1], incoming.pk)
        except TopUpError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(len(topups)) as pool:
        done = list(pool.map(click, zip(topups, operators, strict=True)))

    assert sorted(done) == [False, False, False, True]
    assert sum(balance(topup.org_id).paid for topup in topups) == 5_000 * UZS


def test_one_statement_imported_by_two_at_once_is_entered_once() -> None:
    operators = [User.objects.create(email=f"{uuid4().hex}@test.invalid") for _ in range(2)]
    at = timezone.now().replace(second=0, microsecond=0)
    unique = uuid4().int % 10**12 * UZS
    lines = [Line(n, at, unique + n * UZS, unique) for n in range(20)]
    barrier = Barrier(2)

    def upload(operator: User) -> int:
        barrier.wait()
        try:
            return add_lines(None, lines, "statement", operator)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(upload, operators)) == [0, 20]


def _asked() -> TopUp:
    asker = User.objects.create(email=f"{uuid4().hex}@test.invalid")
    org = Organization.objects.create(name=asker.email, owner=asker)
    return TopUp.objects.create(org=org, requested_by=asker, amount_micros=5_000 * UZS, reference="77")


def found_broken(times: int) -> set[str]:
    try:
        return {f.invariant.name for _ in range(times) for f in broken(check())}
    finally:
        connection.close()


async def test_the_laws_are_checked_rightly_while_calls_go_on() -> None:
    customers = [await customer(UZS) for _ in range(8)]
    done = asyncio.Event()
    before = await asyncio.to_thread(found_broken, 1)  # roll-ups that another test took apart

    async def traffic() -> None:
        async with await gateway() as conn:
            while not done.is_set():
                calls = [ask(one) for one in customers]
                await holds.reserve(conn, calls)
                await holds.settle(conn, [end(call, 10) for call in calls])

    running = asyncio.create_task(traffic())
    found = await asyncio.to_thread(found_broken, 3)
    done.set()
    await running

    # These calls go past the gateway, which alone writes the request log.
    assert found - before <= {"request_rows_are_charges", "usage_is_charges"}


def test_the_oldest_month_is_detached_beside_running_calls() -> None:
    name = f"old_{uuid4().hex[:8]}"
    query(f"CREATE TABLE {name} (id uuid PRIMARY KEY) PARTITION BY RANGE (id)")
    query("INSERT INTO partitioned VALUES (%s, '2026-01-01', '2026-01-01')", name)
    try:
        ensure_partitions()
        assert detach_oldest(name) == f"{name}_2026_01"
        assert [first.month for parent, first, _ in months() if parent == name] == [2]
        query(f"DROP TABLE {name}_2026_01")
    finally:
        query("DELETE FROM partitioned WHERE parent = %s", name)
        query(f"DROP TABLE {name}")


async def test_a_sweep_passes_a_locked_wallet_by_and_comes_back_for_it() -> None:
    alice, bob = await customer(UZS), await customer(UZS)
    async with await gateway() as conn:
        epoch = await holds.heartbeat_start(conn, "host", 1)
        await holds.reserve(conn, [ask(one, owner=epoch) for one in (alice, bob)])
        await holds.heartbeat_stop(conn, epoch)
        async with await psycopg.AsyncConnection.connect(settings.DATABASE_URL) as holder:
            await holder.execute("SELECT FROM wallet WHERE org_id = %s FOR UPDATE", [alice.org])
            await sync_to_async(sweep)()
            assert await sync_to_async(bob.wallet)() == (UZS, 0, 0)
            assert await sync_to_async(alice.wallet)() == (UZS, 0, 2_500)
        await sync_to_async(sweep)()
        assert await sync_to_async(alice.wallet)() == (UZS, 0, 0)


async def test_gateways_sweep_while_nobody_else_does() -> None:
    alice = await customer(UZS)
    run = sync_to_async(query, thread_sensitive=False)
    async with await gateway() as conn:
        epoch = await holds.heartbeat_start(conn, "host", 1)
        await holds.reserve(conn, [ask(alice, owner=epoch)])
        await holds.heartbeat_stop(conn, epoch)
        await run("UPDATE sweeper SET last_at = clock_timestamp()")
        assert await holds.sweep_if_late(conn) == 0
        assert await sync_to_async(alice.wallet)() == (UZS, 0, 2_500)
        await run("UPDATE sweeper SET last_at = clock_timestamp() - interval '4 seconds'")
        await holds.sweep_if_late(conn)
        assert await sync_to_async(alice.wallet)() == (UZS, 0, 0)
