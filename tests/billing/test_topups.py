"""Bank top-ups: a customer asks, the money arrives, other people approve, the wallet is credited once."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Membership, Role, User
from billing.bank.arrivals import Arrival
from billing.errors import NotPending, SamePerson, TransferTaken
from billing.ledger import balance
from billing.models import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, IncomingTransfer, TopUp, TopUpDecision
from billing.topups import approve, approve_arrival, reject
from tests.billing.books import UZS
from tests.factories import Caller, make_caller
from tests.transfers import arrived, ask, make_card, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Caller:
    return make_caller()


def test_approval_credits_paid_money_that_has_arrived(alice: Caller) -> None:
    topup, operator = ask(alice, 250_000), person()
    incoming = arrived(topup)

    done = approve(topup.pk, operator, incoming.pk)

    incoming.refresh_from_db()
    assert (done.state, done.approved_by, done.decided_at is None) == ("paid", operator, False)
    assert incoming.topup_id == topup.pk
    assert balance(alice.organization.pk).paid == topup.amount_micros


def test_m4_what_was_received_is_credited_and_not_what_was_claimed(alice: Caller) -> None:
    topup = ask(alice, 50_000)
    done = approve(topup.pk, person(), arrived(topup, micros=50_000 * UZS).pk)

    assert topup.amount_micros > done.credited_micros == 50_000 * UZS
    assert balance(alice.organization.pk).paid == 50_000 * UZS
    record = TopUpDecision.objects.get(topup=topup)
    assert (record.before["asked_micros"], record.after["credited_micros"]) == (
        topup.amount_micros,
        50_000 * UZS,
    )


def test_m3_without_an_incoming_transfer_nothing_is_approved(alice: Caller) -> None:
    topup = ask(alice)
    with pytest.raises(IncomingTransfer.DoesNotExist):
        approve(topup.pk, person(), 0)
    assert balance(alice.organization.pk).total == 0


def test_an_incoming_transfer_is_credited_to_one_top_up_only(alice: Caller) -> None:
    bob = make_caller()
    hers, his = ask(alice), ask(bob)
    incoming = arrived(hers)
    approve(hers.pk, person(), incoming.pk)

    with pytest.raises(TransferTaken):
        approve(his.pk, person(), incoming.pk)
    assert balance(bob.organization.pk).total == 0


def test_a_decided_top_up_is_not_decided_again(alice: Caller) -> None:
    topup = ask(alice)
    approve(topup.pk, person(), arrived(topup).pk)
    other = arrived(topup)

    for decide in (
        lambda: approve(topup.pk, person(), other.pk),
        lambda: reject(topup.pk, person(), "late"),
    ):
        with pytest.raises(NotPending):
            decide()
    assert balance(alice.organization.pk).paid == topup.amount_micros


def test_m3_nobody_decides_their_own_request_or_their_organizations(alice: Caller) -> None:
    topup = ask(alice)
    incoming = arrived(topup)
    colleague = person()
    Membership.objects.create(organization=alice.organization, user=colleague, role=Role.VIEWER)

    for insider in (alice.user, colleague):
        with pytest.raises(SamePerson):
            approve(topup.pk, insider, incoming.pk)
        with pytest.raises(SamePerson):
            reject(topup.pk, insider, "")
    assert balance(alice.organization.pk).paid == 0


def test_a_large_one_takes_two_people(alice: Caller, settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 100_000
    topup, first, second = ask(alice, 250_000), person(), person()
    incoming = arrived(topup)

    half = approve(topup.pk, first, incoming.pk)
    assert (half.state, half.first_approved_by) == ("pending", first)
    assert balance(alice.organization.pk).paid == 0
    with pytest.raises(SamePerson):
        approve(topup.pk, first, incoming.pk)
    with pytest.raises(TransferTaken):
        approve(topup.pk, second, arrived(topup).pk)

    assert approve(topup.pk, second, incoming.pk).state == "paid"
    assert balance(alice.organization.pk).paid == topup.amount_micros
    assert list(TopUpDecision.objects.filter(topup=topup).values_list("action", "operator")) == [
        ("first", first.pk),
        ("approve", second.pk),
    ]


def test_a_rejection_after_the_first_approval_frees_the_transfer(alice: Caller, settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 100_000
    topup = ask(alice, 250_000)
    incoming = arrived(topup)
    approve(topup.pk, person(), incoming.pk)
    reject(topup.pk, person(), "", TopUp.Refusal.DOUBTFUL)

    incoming.refresh_from_db()
    assert incoming.topup is None
    assert balance(alice.organization.pk).total == 0


def test_entering_and_approving_is_one_step_or_none(alice: Caller) -> None:
    topup, operator = ask(alice), person()
    arrival = Arrival(topup.card, topup.amount_micros, topup.created_at)
    with pytest.raises(SamePerson):
        approve_arrival(topup.pk, alice.user, arrival)
    assert not IncomingTransfer.objects.filter(card=topup.card).exists()

    assert approve_arrival(topup.pk, operator, arrival).state == "paid"


def test_rejection_moves_no_money_and_keeps_its_reason(alice: Caller) -> None:
    done = reject(ask(alice).pk, person(), "looked twice", TopUp.Refusal.NOT_ARRIVED)

    assert (done.state, done.refusal, done.reason) == ("rejected", "not_arrived", "looked twice")
    assert done.answer == "The transfer has not arrived. looked twice"
    assert balance(alice.organization.pk).total == 0


def test_money_that_comes_after_the_deadline_still_counts(alice: Caller) -> None:
    topup = ask(alice)
    TopUp.objects.filter(pk=topup.pk).update(state="expired", decided_at=topup.created_at)

    assert approve(topup.pk, person(), arrived(topup).pk).state == "paid"


@pytest.mark.parametrize("micros", [TOPUP_MICROS_MIN - 1, TOPUP_MICROS_MAX + 1, 0, -1])
def test_amounts_are_bounded_by_the_database_too(alice: Caller, micros: int) -> None:
    given = {"org": alice.organization, "requested_by": alice.user}
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUp.objects.create(**given, amount_micros=micros)
    for allowed in (TOPUP_MICROS_MIN, TOPUP_MICROS_MAX):
        TopUp.objects.create(**given, amount_micros=allowed)


@pytest.mark.parametrize("who", ["requested_by", "first_approved_by"])
def test_the_database_refuses_one_person_in_two_roles(alice: Caller, who: str) -> None:
    topup = ask(alice)
    operator = alice.user if who == "requested_by" else person()
    given: dict[str, User] = {"approved_by": operator}
    if who == "first_approved_by":
        given["first_approved_by"] = operator
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUp.objects.filter(pk=topup.pk).update(
            state="paid", credited_micros=1, decided_at=topup.created_at, **given
        )


def test_the_database_keeps_decisions_as_they_were(alice: Caller) -> None:
    topup = ask(alice)
    reject(topup.pk, person(), "")
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUpDecision.objects.filter(topup=topup).update(reason="other")
    with pytest.raises(IntegrityError), transaction.atomic():
        TopUpDecision.objects.filter(topup=topup).delete()


def test_a_card_shows_its_number_sealed_and_masked_only() -> None:
    card = make_card("8600490000006478")
    card.refresh_from_db()
    assert (card.masked, card.number, card.network) == ("8600 49** **** 6478", "8600490000006478", "Uzcard")
    assert b"8600490000006478" not in bytes(card.number_sealed)
