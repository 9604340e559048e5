"""Promo codes: once an organization, never beyond the budget."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from billing.errors import CampaignSpent, NoSuchCode, NotForYou, PromoError, RedeemedBefore
from billing.invariants import broken, check
from billing.ledger import balance
from billing.models import PromoCampaign, PromoCode, PromoRedemption, fold_code
from billing.promos import redeem
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db


def code(**fields: Any) -> PromoCode:
    """A code of a campaign of 5 so'm for each and 20 in all, unless told otherwise."""
    now = timezone.now()
    about = {
        "name": uuid4().hex,
        "amount_micros": 5 * MICROS,
        "budget_micros": 20 * MICROS,
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=1),
        "created_by": User.objects.create(email=f"{uuid4().hex}@test.invalid"),
    }
    campaign = PromoCampaign.objects.create(**about | fields)
    return PromoCode.objects.create(campaign=campaign, code=fold_code(uuid4().hex[:12]))


def use(caller: Caller, given: PromoCode) -> PromoRedemption:
    return redeem(caller.organization, caller.user, given.code)


def test_a_code_gives_its_bonus_once_to_an_organization_however_it_is_spelled() -> None:
    alice, given = make_caller(free=True), code()
    redeem(alice.organization, alice.user, f" {given.code[:4].lower()}-{given.code[4:]} ")
    with pytest.raises(RedeemedBefore):
        use(alice, given)
    other = PromoCode.objects.create(campaign=given.campaign, code=fold_code(uuid4().hex[:12]))
    with pytest.raises(RedeemedBefore):
        use(alice, other)
    assert balance(alice.organization.pk).bonus == 5 * MICROS
    assert not [f for f in broken(check()) if f.invariant.name == "campaigns_within_budget"]


def test_the_budget_is_never_overspent() -> None:
    given = code()
    for _ in range(4):
        use(make_caller(free=True), given)
    with pytest.raises(CampaignSpent):
        use(make_caller(free=True), given)
    with pytest.raises(IntegrityError), transaction.atomic():
        PromoCampaign.objects.filter(pk=given.campaign_id).update(spent_micros=21 * MICROS)


def test_a_number_of_uses_is_a_limit_too() -> None:
    given = code(uses_max=1)
    use(make_caller(free=True), given)
    with pytest.raises(CampaignSpent):
        use(make_caller(free=True), given)


@pytest.mark.parametrize(
    "fields",
    [
        {"active": False},
        {"starts_at": timezone.now() + timedelta(minutes=30)},
        {"ends_at": timezone.now() - timedelta(minutes=30)},
    ],
)
def test_a_code_out_of_its_time_or_switched_off_is_no_code(fields: dict[str, Any]) -> None:
    with pytest.raises(NoSuchCode):
        use(make_caller(free=True), code(**fields))
    with pytest.raises(NoSuchCode):
        redeem(make_caller(free=True).organization, make_caller().user, "nothing")


def test_a_code_that_is_switched_off_alone_leaves_the_campaigns_others() -> None:
    given = code()
    PromoCode.objects.filter(pk=given.pk).update(active=False)
    with pytest.raises(NoSuchCode):
        use(make_caller(free=True), given)


def test_a_code_for_newcomers_is_refused_to_others_and_nobody_unknown_gets_one() -> None:
    given = code(new_only=True)
    old, paying, unknown = make_caller(free=True), make_caller(free=True, balance_uzs=5), make_caller()
    old.organization.created_at = given.campaign.starts_at - timedelta(days=1)
    for caller in (old, paying, unknown):
        with pytest.raises(NotForYou):
            use(caller, given)
    use(make_caller(free=True), given)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_spend_the_budget_and_not_a_tiyin_more() -> None:
    given = code()
    callers = [make_caller(free=True) for _ in range(5)]
    each = [caller for caller in callers for _ in range(2)]  # and each twice
    start = Barrier(len(each))

    def attempt(caller: Caller) -> bool:
        start.wait()
        try:
            use(caller, given)
        except PromoError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(each)) as pool:
        won = sum(pool.map(attempt, each))
    given.campaign.refresh_from_db()
    assert (won, given.campaign.spent_micros) == (4, 20 * MICROS)
    assert sorted(balance(c.organization.pk).bonus for c in callers) == [0] + [5 * MICROS] * 4
