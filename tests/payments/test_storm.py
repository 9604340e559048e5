"""Callbacks of both providers, doubled, late and out of order, over many connections: no double credit.

STORM=10000 makes it as large as the acceptance list asks for.
"""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import local
from typing import Any

from billing.invariants import broken, check
from billing.models import Channel, ProviderTransaction, TopUp
from tests.factories import MICROS, make_caller, rows
from tests.payments.providers import PRICE_UZS, Click, Payme, owed, transaction_id
from tests.payments.providers import trans_id as click_id
from tests.stack import Stack

CALLBACKS = int(os.environ.get("STORM", "400"))
CONNECTIONS = 8
LAWS = {
    "wallet_is_its_transfers",
    "transfers_are_well_formed",
    "topups_are_credited_once",
    "clearing_is_credited_topups",
    "disputes_add_up",
    "chart_sums_to_zero",
}


def test_doubled_and_reordered_callbacks_credit_once(stack: Stack) -> None:
    broken_before = {finding.invariant.name for finding in broken(check())}
    caller, mine, chance = make_caller(), local(), random.Random(20261121)
    rounds = max(CALLBACKS // 40, 2)
    topups = [owed(caller, (Channel.PAYME, Channel.CLICK)[number % 2]) for number in range(rounds)]

    def send(call: Any) -> dict[str, Any]:
        """Over this thread's own connection."""
        if not hasattr(mine, "payme"):
            mine.payme, mine.click = Payme(stack.url), Click(stack.url)
        answer: dict[str, Any] = call(mine)
        return answer

    calls = [call for topup in topups for call in _storm_of(topup, chance)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        # What an ending names must be known to us; all else comes in any order.
        list(pool.map(send, [begin for topup in topups for begin in _beginnings(topup)]))
        chance.shuffle(calls)
        answers = list(pool.map(send, calls))

    assert len(answers) >= min(CALLBACKS, 10_000) * 9 // 10
    _books_agree(caller.organization.pk, topups)
    assert {finding.invariant.name for finding in broken(check())} & LAWS <= broken_before


def _beginnings(topup: TopUp) -> list[Any]:
    """Two attempts at each top-up; Payme lets only one of them wait."""
    if topup.provider == Channel.PAYME:
        return [partial(_create, id_=transaction_id(), topup=topup.pk) for _ in range(2)]
    return [partial(_prepare, trans=click_id(), topup=topup.pk) for _ in range(2)]


def _create(mine: Any, id_: str, topup: int) -> Any:
    return mine.payme.create(id_, topup)


def _prepare(mine: Any, trans: int, topup: int) -> Any:
    return mine.click.prepare(trans, topup)


def _storm_of(topup: TopUp, chance: random.Random) -> list[Any]:
    """Forty calls about what the top-up's attempts have become by the time they are sent."""
    return [partial(_ending, topup=topup.pk, kind=chance.random()) for _ in range(40)]


def _ending(mine: Any, topup: int, kind: float) -> Any:
    attempts = list(ProviderTransaction.objects.filter(topup=topup).order_by("pk"))
    one = attempts[int(kind * 1000) % len(attempts)]
    if one.provider == Channel.CLICK:
        error = "-5017" if kind < 0.05 else "0"
        if kind > 0.8:
            return mine.click.prepare(one.external_id, topup)
        return mine.click.complete(one.external_id, topup, one.pk, error=error)
    if kind < 0.05:
        return mine.payme.cancel(one.external_id, 3)
    if kind > 0.8:
        return mine.payme.create(one.external_id, topup)
    return mine.payme.perform(one.external_id)


def _books_agree(org: int, topups: list[TopUp]) -> None:
    """One credit for each performed attempt, and the wallet is their sum less what went back or aside."""
    own = ProviderTransaction.objects.filter(topup__in=topups)
    credits = rows("SELECT id FROM transfer WHERE credit = paid_account(%s) AND kind = 1", org)
    performed = [one for one in own if one.perform_ms]
    assert len(credits) == len(performed) > 0
    kept = [one for one in performed if one.state == ProviderTransaction.State.PERFORMED]
    aside = sum(one.disputed_micros for one in kept)
    paid = rows("SELECT paid_micros FROM wallet WHERE org_id = %s", org)[0]["paid_micros"]
    assert paid == len(kept) * PRICE_UZS * MICROS - aside
