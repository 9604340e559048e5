"""When the ledger is locked or cut off: one wallet's trouble is nobody else's, and no charge is lost."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.factories import make_caller, rows
from tests.live.client import chat, directive, stream
from tests.processes import until
from tests.stack import Stack


@pytest.fixture
def other_session(stack: Stack):
    """Somebody else's connection to the stack's database."""
    url = settings.DATABASE_URL.replace("/test_", "/live_")
    assert connection.settings_dict["NAME"] in url
    with psycopg.connect(url) as session:
        yield session


def test_a_locked_wallet_is_busy_and_stalls_nobody_else(stack: Stack, other_session):
    locked, free = make_caller(balance_uzs=1_000), make_caller(balance_uzs=1_000)
    other_session.execute("SELECT 1 FROM wallet WHERE org_id = %s FOR UPDATE", [locked.organization.pk])
    with ThreadPoolExecutor() as pool:
        stuck = pool.submit(chat, stack, locked, messages=directive())
        replies = [chat(stack, free, messages=directive()) for _ in range(20)]
        assert [reply.error for reply in replies if reply.status != 200] == []
        assert not stuck.done()
        reply = stuck.result()
    assert (reply.status, reply.error["code"]) == (503, "ledger_busy")
    other_session.rollback()
    until(lambda: chat(stack, locked, messages=directive()).status == 200, "the wallet to be free again")
    assert locked.charged() == sum(row["cost_micros"] for row in locked.requests())


def test_connections_that_are_cut_lose_no_charge(stack: Stack):
    caller, run = make_caller(balance_uzs=1_000), uuid4().hex
    wishes = {"run": run, "hold": run, "hold_at": "middle", "prompt_tokens": 10, "completion_tokens": 8}
    events = stream(stack, caller, messages=directive(**wishes))
    next(iter(events))
    until(lambda: stack.upstream.waiting(run), "the upstream to pause")
    rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cloudapi_gateway' "
        "AND datname = current_database()"
    )
    stack.upstream.release(run)
    events.text()
    assert events.done
    (hold,) = until(lambda: caller.holds(1), "the charge")
    assert hold["charged_micros"] == caller.charged() > 0
    assert [row["cost_micros"] for row in caller.requests()] == [caller.charged()]
    later = chat(stack, make_caller(balance_uzs=1_000), messages=directive())
    assert later.status == 200, later.error  # a key that must be looked up on a connection that was cut
