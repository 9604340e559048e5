"""Any history of both providers' calls ends where a plain Python model of the protocols does."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.invariants import broken, check
from billing.ledger import balance
from billing.models import Channel, ProviderTransaction, TopUp
from billing.payments import now_ms
from billing.providers import click, click_books, payme, payme_books
from tests.billing.books import query
from tests.factories import MICROS, Caller, make_caller
from tests.payments.providers import PRICE_TIYIN, PRICE_UZS, owed, trans_id, transaction_id

pytestmark = pytest.mark.django_db
PRICE = PRICE_UZS * MICROS
SLOTS = st.integers(0, 2)


@dataclass(slots=True)
class Attempt:
    """What the model knows of one transaction: 0 unknown, 1, 2, -1, -2 as the provider counts."""

    topup: int
    state: int = 0
    old: bool = False
    aside: int = 0
    prepare_id: int = 0


@dataclass(slots=True)
class Model:
    """The protocols in plain Python."""

    paid: int = 0
    attempts: dict[str, Attempt] = field(default_factory=dict)
    topups: dict[int, str] = field(default_factory=dict)

    def credit(self, attempt: Attempt) -> None:
        attempt.state, self.topups[attempt.topup] = 2, "paid"
        self.paid += PRICE


class Histories(RuleBasedStateMachine):
    """Two Payme top-ups with three ids each and two Click top-ups likewise, in one wallet."""

    caller: Caller

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.atomic()
        self.point.__enter__()
        self.caller = make_caller()
        self.model = Model()
        self.payme = [owed(self.caller) for _ in range(2)]
        self.click = [owed(self.caller, Channel.CLICK) for _ in range(2)]
        self.model.topups = {one.pk: "pending" for one in (*self.payme, *self.click)}
        self.ids = [transaction_id() for _ in range(3)]
        self.trans = [trans_id() for _ in range(3)]

    # Payme

    def waiting(self, topup: int) -> list[Attempt]:
        return [one for one in self.model.attempts.values() if one.topup == topup and one.state in (1, 2)]

    def aged(self, attempt: Attempt) -> None:
        if attempt.state == 1 and attempt.old:
            attempt.state = -1

    @rule(slot=SLOTS, which=st.integers(0, 1), amount=st.sampled_from([PRICE_TIYIN] * 4 + [1]))
    def create(self, slot: int, which: int, amount: int) -> None:
        topup, id_ = self.payme[which].pk, self.ids[slot]
        answer = payme_books.answer(payme.Create(id_, now_ms(), amount, topup))
        assert _code(answer) == self.expect_create(id_, topup, amount)

    def expect_create(self, id_: str, topup: int, amount: int) -> int:
        known = self.model.attempts.get(id_)
        if known is not None:
            if (known.topup, amount) != (topup, PRICE_TIYIN):
                return payme.CANT_DO
            self.aged(known)
            return 0 if known.state == 1 else payme.CANT_DO
        if self.model.topups[topup] != "pending":
            return payme.ACCOUNT_CLOSED
        if amount != PRICE_TIYIN:
            return payme.WRONG_AMOUNT
        for other in self.waiting(topup):
            self.aged(other)
        if self.waiting(topup):
            return payme.CANT_DO
        self.model.attempts[id_] = Attempt(topup, 1)
        return 0

    @rule(slot=SLOTS)
    def perform(self, slot: int) -> None:
        answer = payme_books.answer(payme.Perform(self.ids[slot]))
        known = self.model.attempts.get(self.ids[slot])
        if known is None:
            assert _code(answer) == payme.NOT_FOUND
            return
        self.aged(known)
        if known.state == 1:
            self.model.credit(known)
        assert _code(answer) == (0 if known.state == 2 else payme.CANT_DO)

    @rule(slot=SLOTS, reason=st.integers(1, 10))
    def cancel(self, slot: int, reason: int) -> None:
        answer = payme_books.answer(payme.Cancel(self.ids[slot], reason))
        known, expected = self.model.attempts.get(self.ids[slot]), 0
        if known is None:
            expected = payme.NOT_FOUND
        elif known.state == 1:
            known.state = -1
        elif known.state == 2 and self.model.paid < PRICE:
            expected = payme.CANT_CANCEL
        elif known.state == 2:
            known.state, self.model.topups[known.topup] = -2, "reversed"
            self.model.paid -= PRICE
        assert _code(answer) == expected
        if known is not None and not expected:
            assert isinstance(answer, dict) and answer["state"] == known.state

    @rule(slot=SLOTS)
    def time_passes(self, slot: int) -> None:
        """This transaction's twelve hours are over."""
        if self.ids[slot] in self.model.attempts:
            self.model.attempts[self.ids[slot]].old = True
            old = now_ms() - payme.LIFE_MS - 1
            ProviderTransaction.objects.filter(external_id=self.ids[slot]).update(provider_ms=old)

    @rule()
    def job(self) -> None:
        payme_books.expire_due()
        for one in self.model.attempts.values():
            self.aged(one)

    # Click

    def asked(self, slot: int, which: int, complete: bool, error: int) -> click.Asked:
        known = self.model.attempts.get(str(self.trans[slot]))
        return click.Asked(
            trans_id=self.trans[slot], paydoc_id="1", order=str(self.click[which].pk),
            prepare_id=known.prepare_id if known else 1, tiyin=PRICE_TIYIN, complete=complete,
            error=error, sign_ms=1,
        )  # fmt: skip

    @rule(slot=SLOTS, which=st.integers(0, 1), error=st.sampled_from([0, 0, 0, -5017]))
    def prepare(self, slot: int, which: int, error: int) -> None:
        topup, known = self.click[which].pk, self.model.attempts.get(str(self.trans[slot]))
        answer = click_books.answer(self.asked(slot, which, complete=False, error=error))
        if known is not None:
            if known.state == 1 and error and known.topup == topup:
                known.state = -1
            said = {1: 0, 2: -4, -1: -9, -2: -9}[known.state]
            assert answer.code.number == (said if known.topup == topup else -8)
        elif self.model.topups[topup] != "pending":
            assert answer.code.number == -4
        else:
            assert answer.code.number == (-9 if error else 0)
            if not error:
                made = Attempt(topup, 1, prepare_id=answer.prepare_id or 0)
                self.model.attempts[str(self.trans[slot])] = made

    @rule(slot=SLOTS, which=st.integers(0, 1), error=st.sampled_from([0, 0, 0, -5017]))
    def complete(self, slot: int, which: int, error: int) -> None:
        known = self.model.attempts.get(str(self.trans[slot]))
        answer = click_books.answer(self.asked(slot, which, complete=True, error=error))
        if known is None or known.topup != self.click[which].pk:
            assert answer.code.number == -6
            return
        assert answer.code.number == self.expect_complete(known, error)

    def expect_complete(self, known: Attempt, error: int) -> int:
        if error and known.state == 1:
            known.state = -1
        elif error and known.state == 2 and not known.old:
            known.old, known.aside = True, min(PRICE, self.model.paid)  # old: disputed once
            self.model.paid -= known.aside
        elif not error and known.state == 1:
            self.model.credit(known)
            return 0
        return -4 if known.state == 2 and not error else -9

    # The customer

    @precondition(lambda self: self.model.paid > 0)
    @rule(share=st.integers(1, 100))
    def spend(self, share: int) -> None:
        micros = max(self.model.paid * share // 100, 1)
        op = owed(self.caller).op_id  # any new operation
        query("SELECT wallet_debit(%s, %s, 7, 'refund_payable', %s, NULL)", self.org, op, micros)
        self.model.paid -= micros

    @property
    def org(self) -> int:
        return self.caller.organization.pk

    # What must hold

    @invariant()
    def books_are_equal(self) -> None:
        assert balance(self.org).paid == self.model.paid
        rows = ProviderTransaction.objects.filter(topup__org=self.org)
        theirs = {row.external_id: (row.state, row.disputed_micros) for row in rows}
        assert theirs == {id_: (one.state, one.aside) for id_, one in self.model.attempts.items()}
        states = TopUp.objects.filter(pk__in=self.model.topups).values_list("pk", "state")
        assert dict(states) == self.model.topups

    def teardown(self) -> None:
        try:
            names = {"topups_are_credited_once", "clearing_is_credited_topups", "wallet_is_its_transfers"}
            assert not {found.invariant.name for found in broken(check())} & names - Histories.before
        finally:
            transaction.set_rollback(True)
            self.point.__exit__(None, None, None)

    before: set[str]


def _code(answer: Any) -> int:
    return answer.code if isinstance(answer, payme.Fault) else 0


def test_any_history_ends_where_plain_python_does() -> None:
    Histories.before = {found.invariant.name for found in broken(check())}
    few = settings(
        max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Histories, settings=few)
