"""Top-ups: a customer asks, another person approves, the wallet is credited once."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Organization, User
from billing.errors import DuplicateReference, NotPending, SamePerson
from billing.ledger import balance
from billing.models import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, TopUp
from billing.topups import approve, reject
from tests.billing.books import UZS

pytestmark = pytest.mark.django_db


def person() -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid")


@pytest.fixture
def asked() -> TopUp:
    alice = person()
    org = Organization.objects.create(name="Alice", owner=alice)
    return ask(org, alice)


def ask(org: Organization, user: User, micros: int = 250_000 * UZS, reference: str = "Invoice 7") -> TopUp:
    return TopUp.objects.create(org=org, requested_by=user, amount_micros=micros, reference=reference)


def test_approval_credits_paid_money(asked: TopUp) -> None:
    operator = person()

    done = approve(asked.pk, operator)

    assert (done.state, done.approved_by, done.decided_at is None) == ("paid", operator, False)
    assert balance(asked.org_id).paid == 250_000 * UZS


def test_a_decided_top_up_is_not_decided_again(asked: TopUp) -> None:
    approve(asked.pk, person())

    for decide in (lambda: approve(asked.pk, person()), lambda: reject(asked.pk, person(), "late")):
        with pytest.raises(NotPending):
            decide()
    assert balance(asked.org_id).paid == 250_000 * UZS


def test_whoever_asked_cannot_approve(asked: TopUp) -> None:
    with pytest.raises(SamePerson):
        approve(asked.pk, asked.requested_by)
    assert balance(asked.org_id).paid == 0


def test_rejection_moves_no_money_and_keeps_its_reason(asked: TopUp) -> None:
    done = reject(asked.pk, person(), "never arrived")

    assert (done.state, done.reason) == ("rejected", "never arrived")
    assert balance(asked.org_id).total == 0


def test_one_bank_transfer_is_credited_once_per_organization(asked: TopUp) -> None:
    again = ask(asked.org, asked.requested_by, reference=" invoice  7 ")
    elsewhere = ask(Organization.objects.create(name="Bob", owner=person()), person())
    approve(asked.pk, person())

    with pytest.raises(DuplicateReference):
        approve(again.pk, person())
    approve(elsewhere.pk, person())

    again.refresh_from_db()
    assert again.state == "pending"
    assert balance(asked.org_id).paid == 250_000 * UZS


@pytest.mark.parametrize("micros", [TOPUP_MICROS_MIN - 1, TOPUP_MICROS_MAX + 1, 0, -1])
def test_amounts_are_bounded_by_the_database_too(asked: TopUp, micros: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(asked.org, asked.requested_by, micros)
    ask(asked.org, asked.requested_by, TOPUP_MICROS_MIN)
    ask(asked.org, asked.requested_by, TOPUP_MICROS_MAX)


def test_the_database_refuses_a_maker_who_approves(asked: TopUp) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUp.objects.filter(pk=asked.pk).update(
            state="paid", credited_micros=1, approved_by=asked.requested_by, decided_at=asked.created_at
        )
