"""Asking to pay by card: which card, which exact amount, how many at once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.bank.arrivals import matches
from billing.bank.requests import OPEN_MAX, expire, open_request
from billing.errors import AmountRefused, NoCard, NotPending, TooManyOpen
from billing.models import ReceivingCard, TopUp
from billing.payments import abandon
from billing.topups import approve
from tests.billing.books import UZS
from tests.factories import make_caller
from tests.transfers import arrived, ask, make_card, person

pytestmark = pytest.mark.django_db


def test_ninety_nine_open_requests_of_one_amount_are_all_told_apart() -> None:
    card = make_card()
    amounts = {ask(make_caller(), 50_000).amount_micros for _ in range(99)}
    assert amounts == {(50_000 + tail) * UZS for tail in range(1, 100)}
    with pytest.raises(NoCard):
        ask(make_caller(), 50_000)
    assert ask(make_caller(), 50_200).card == card


def test_the_database_refuses_two_open_requests_of_one_amount() -> None:
    topup = ask(make_caller())
    bob = make_caller()
    given = {"org": bob.organization, "requested_by": bob.user, "card": topup.card}
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUp.objects.create(**given, amount_micros=topup.amount_micros)
    abandon(topup.pk, topup.org_id)
    TopUp.objects.create(**given, amount_micros=topup.amount_micros)


def test_a_person_has_so_many_open_requests_and_no_more() -> None:
    alice = make_caller()
    topups = [ask(alice) for _ in range(OPEN_MAX)]
    with pytest.raises(TooManyOpen):
        ask(alice)
    abandon(topups[0].pk, alice.organization.pk)
    ask(alice)


@pytest.mark.parametrize("micros", [4_999 * UZS, 10_000_001 * UZS, 50_000 * UZS + 1, -1])
def test_an_amount_is_whole_soums_within_the_limits(micros: int) -> None:
    make_card()
    alice = make_caller()
    with pytest.raises(AmountRefused):
        open_request(alice.organization, alice.user, micros)


def test_a_card_takes_no_more_than_its_daily_limit_and_the_least_used_comes_first() -> None:
    small = make_card(daily_limit_micros=100_000 * UZS)
    large = ReceivingCard(holder="CLOUDAPI MCHJ", bank="Kapital")
    large.number = "9860120000005678"
    large.save()

    assert [ask(make_caller(), 90_000).card for _ in range(3)] == [small, large, large]
    ReceivingCard.objects.filter(pk=large.pk).update(active=False)
    with pytest.raises(NoCard):
        ask(make_caller(), 90_000)


def test_what_an_operator_has_begun_to_approve_cannot_be_cancelled(settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 10_000
    alice = make_caller()
    topup = ask(alice)
    approve(topup.pk, person(), arrived(topup).pk)
    with pytest.raises(NotPending):
        abandon(topup.pk, alice.organization.pk)


def test_the_exact_amount_in_the_window_is_the_match_and_all_else_is_doubted() -> None:
    topup = ask(make_caller())
    good = arrived(topup)
    late = arrived(topup, at=timezone.now() + timedelta(days=3))
    other = arrived(topup, micros=topup.amount_micros - UZS)
    card = make_card("9860120000005678")
    wrong_card = arrived(TopUp(card=card, amount_micros=topup.amount_micros))

    exact, others = matches(topup)

    assert [match.incoming for match in exact] == [good]
    assert {match.incoming.pk: set(match.warnings) & {"card", "time", "amount"} for match in others} == {
        late.pk: {"time"},
        other.pk: {"amount"},
        wrong_card.pk: {"card"},
    }


def test_a_request_expires_without_a_receipt_and_waits_for_an_operator_with_one() -> None:
    due, shown, young = ask(make_caller()), ask(make_caller()), ask(make_caller())
    TopUp.objects.filter(pk=due.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    TopUp.objects.filter(pk=shown.pk).update(expires_at=None)  # as a receipt leaves it
    assert (expire(), expire()) == (1, 0)
    states = {topup.pk: topup.state for topup in TopUp.objects.filter(pk__in=[due.pk, shown.pk, young.pk])}
    assert states == {due.pk: "expired", shown.pk: "pending", young.pk: "pending"}
