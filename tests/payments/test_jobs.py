"""What happens without a provider's call: ages, disputes, and comparing books."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Role, User
from billing import payments
from billing.bank.files import read_as
from billing.bank.lines import NotAStatement
from billing.disputes import settle_dispute
from billing.errors import NotInDispute, ProviderAway, SamePerson
from billing.ledger import balance
from billing.models import Channel, Discrepancy, ProviderTransaction, TopUp
from billing.payments import Told, now_ms
from billing.providers import payme, payme_books
from billing.providers.reconcile import ask_click, compare
from billing.providers.statement import Line, read_rows
from billing.tasks import expire_payments, reconcile_click
from tests.billing.books import set_clock
from tests.factories import MICROS, make_caller
from tests.payments.providers import PRICE_TIYIN, PRICE_UZS, begun, owed
from tests.transfers import person

pytestmark = pytest.mark.django_db
DAY = 86_400_000


def kinds(payment: ProviderTransaction) -> set[str]:
    found = Discrepancy.objects.filter(external_id=payment.external_id, closed_at=None)
    return set(found.values_list("kind", flat=True))


def test_a_transaction_of_exactly_twelve_hours_may_still_be_performed() -> None:
    assert not payme.too_old(0, payme.LIFE_MS) and payme.too_old(0, payme.LIFE_MS + 1)
    set_clock("2026-11-21 12:00:00+00")
    for age, state in ((payme.LIFE_MS, 2), (payme.LIFE_MS + 1, -1)):
        payment = begun(owed(), age_ms=age)
        payme_books.answer(payme.Perform(payment.external_id))
        payment.refresh_from_db()
        assert payment.state == state
    set_clock(None)


def test_what_was_begun_and_never_ended_ends_by_its_age() -> None:
    old, young = begun(owed(), age_ms=payme.LIFE_MS + 1), begun(owed())
    expire_payments()
    expire_payments()
    for payment, state, reason in ((old, -1, 4), (young, 1, None)):
        payment.refresh_from_db()
        assert (payment.state, payment.reason) == (state, reason)


def test_a_top_up_that_nobody_paid_in_time_is_closed_but_not_under_a_payers_hands() -> None:
    late, early, held, bank = owed(), owed(), owed(), owed(provider=Channel.BANK)
    clicked = owed(provider=Channel.CLICK)
    begun(held)
    attempt = begun(clicked)
    TopUp.objects.exclude(pk=early.pk).update(expires_at="2026-01-01T00:00Z")
    TopUp.objects.filter(pk=early.pk).update(expires_at="2100-01-01T00:00Z")
    payments.expire_topups()  # transfers end by a rule of their own
    states = [TopUp.objects.get(pk=one.pk).state for one in (late, early, held, bank, clicked)]
    assert states == ["expired", "pending", "pending", "pending", "expired"]
    clicked.refresh_from_db()
    payments.perform(clicked, attempt, now_ms())
    assert (TopUp.objects.get(pk=clicked.pk).state, kinds(attempt)) == ("paid", {"overpaid"})


@pytest.mark.parametrize(("arrived", "left"), [(True, PRICE_UZS), (False, 0)])
def test_an_operator_settles_a_dispute_either_way(arrived: bool, left: int) -> None:
    topup, operator = owed(provider=Channel.CLICK), make_caller().user
    payment = begun(topup, performed=True)
    payments.dispute(topup, payment, Told("paid", "failed"))
    assert (balance(topup.org_id).paid, kinds(payment)) == (0, {"disputed"})

    settle_dispute(payment.pk, operator, arrived=arrived, note="asked Click")

    topup.refresh_from_db()
    assert (balance(topup.org_id).paid, kinds(payment)) == (left * MICROS, set())
    assert topup.state == ("paid" if arrived else "reversed")
    with pytest.raises(NotInDispute):
        settle_dispute(payment.pk, operator, arrived=arrived, note="again")


def argued() -> ProviderTransaction:
    """A payment at Click that is in dispute."""
    topup = owed(provider=Channel.CLICK)
    payment = begun(topup, performed=True)
    payments.dispute(topup, payment, Told("paid", "failed"))
    return payment


def words(payment: ProviderTransaction) -> list[tuple[str, bool]]:
    found = payment.topup.decisions.order_by("pk")
    return [(one.action, one.after["settled"]) for one in found]


@pytest.mark.parametrize(("arrived", "left"), [(True, PRICE_UZS), (False, 0)])
def test_above_the_limit_a_dispute_takes_two_of_one_mind(settings, arrived: bool, left: int) -> None:
    settings.BANK_SECOND_PERSON_UZS = PRICE_UZS - 1
    payment, ann, bob = argued(), person(), person()
    org = payment.topup.org_id

    first = settle_dispute(payment.pk, ann, arrived=arrived, note="asked Click")

    assert first.dispute_op is not None and (balance(org).paid, kinds(payment)) == (0, {"disputed"})
    with pytest.raises(SamePerson):
        settle_dispute(payment.pk, ann, arrived=arrived, note="again")
    done = settle_dispute(payment.pk, bob, arrived=arrived, note="seen too")
    assert (done.first_word_by, done.settled_by, done.dispute_op) == (ann, bob, None)
    assert (balance(org).paid, kinds(payment)) == (left * MICROS, set())
    assert words(payment) == [("argued", False), ("settled", True)]


def test_a_word_against_the_first_one_takes_its_place(settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 0
    payment, ann, bob = argued(), person(), person()
    settle_dispute(payment.pk, ann, arrived=True, note="a")
    settle_dispute(payment.pk, bob, arrived=False, note="b")
    assert balance(payment.topup.org_id).paid == 0 and kinds(payment) == {"disputed"}
    settle_dispute(payment.pk, ann, arrived=False, note="bob is right")
    payment.refresh_from_db()
    assert (payment.state, payment.first_word_by, payment.settled_by) == (-2, bob, ann)
    assert words(payment) == [("argued", False), ("argued", False), ("settled", True)]


def test_nobody_settles_a_dispute_of_their_own_organization() -> None:
    payment = argued()
    with pytest.raises(SamePerson):
        settle_dispute(payment.pk, payment.topup.requested_by, arrived=True, note="mine")
    colleague = person()
    Membership.objects.create(organization=payment.topup.org, user=colleague, role=Role.VIEWER)
    with pytest.raises(SamePerson):
        settle_dispute(payment.pk, colleague, arrived=True, note="ours")


def test_the_database_too_refuses_one_person_for_both_words(settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 0
    payment, ann = argued(), person()
    settle_dispute(payment.pk, ann, arrived=True, note="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProviderTransaction.objects.filter(pk=payment.pk).update(settled_by=ann)


def test_the_page_of_a_large_dispute_shows_the_first_word(settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 0
    payment = argued()
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(person(is_staff=True, is_superuser=True))
    ann, bob = clients
    url = reverse("admin:billing_dispute_settle", args=[payment.pk])
    assert "two operators have to say the same" in ann.get(url).text
    assert (
        "Another operator has to say"
        in ann.post(url, {"arrived": "1", "note": "Click says"}, follow=True).text
    )
    assert "The first word is yours" in ann.get(url).text
    assert "Click says" in bob.get(url).text
    assert "The dispute is settled" in bob.post(url, {"arrived": "1", "note": "yes"}, follow=True).text


def test_operators_settle_disputes_in_the_admin_with_a_reason() -> None:
    topup = owed(provider=Channel.CLICK)
    payment = begun(topup, performed=True)
    payments.dispute(topup, payment, Told("paid", "failed"))
    client = Client()
    client.force_login(User.objects.create(email="op@test.invalid", is_staff=True, is_superuser=True))
    url = reverse("admin:billing_dispute_settle", args=[payment.pk])
    assert url in client.get(reverse("admin:billing_providertransaction_change", args=[payment.pk])).text
    assert "50,000.00" in client.get(url).text
    client.post(url, {"arrived": "1", "note": " "})
    assert balance(topup.org_id).paid == 0
    client.post(url, {"arrived": "1", "note": "seen in the bank"})
    assert balance(topup.org_id).paid == PRICE_UZS * MICROS
    for model in ("providertransaction", "externalmessage", "discrepancy"):
        assert client.get(reverse(f"admin:billing_{model}_changelist"), {"q": "1"}).status_code == 200


def test_a_statement_is_compared_and_each_difference_told_once() -> None:
    rows = [begun(owed(), performed=True) for _ in range(4)]
    open_row = begun(owed())
    right, other, missing, unpaid = rows
    lines = [
        Line(right.external_id, PRICE_TIYIN, True),
        Line(other.external_id, PRICE_TIYIN - 1, True),
        Line(unpaid.external_id, PRICE_TIYIN, False),
        Line(open_row.external_id, PRICE_TIYIN, True),
        Line("unknown-there-" + right.external_id, 5, True),
        Line("never-paid-" + right.external_id, 5, False),
    ]
    today = payments.moment(now_ms() + 5 * 3_600_000).date()
    assert compare(Channel.PAYME, lines, today, today) == 5
    assert compare(Channel.PAYME, lines, today, today) == 0
    assert (kinds(right), kinds(other), kinds(missing)) == (set(), {"amount"}, {"unknown_there"})
    assert (kinds(unpaid), kinds(open_row)) == ({"state"}, {"state"})
    assert Discrepancy.objects.filter(external_id=lines[4].external_id, kind="unknown_here").count() == 1


def read(data: bytes) -> list[Line]:
    return read_as(read_rows, data)


def test_an_export_is_read_in_each_language_and_writing() -> None:
    day = date(2026, 11, 20)
    said = "ID транзакции;Дата;Сумма;Статус\nabc;20.11.2026;50 000,00;Оплачен\n"
    said += "def;2026-11-20 10:00;1.5;Отменён\n\n"
    assert read(said.encode("cp1251")) == read(said.encode()) == [
        Line("abc", 5_000_000, True, day=day), Line("def", 150, False, day=day)
    ]  # fmt: skip
    assert read(b"\xef\xbb\xbfstate,amount,id\n2,7,a\n-2,7,b\n") == [
        Line("a", 700, True),
        Line("b", 700, False, returned=True),
    ]


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"id,amount,state\nx,NaN,2\n", b"id,amount,state\nx\n"])
def test_what_is_no_statement_is_told_so(data: bytes) -> None:
    with pytest.raises(NotAStatement):
        read(data)


def test_click_is_asked_about_each_attempt_of_the_last_days(clicks_books: dict[str, Any]) -> None:
    def attempt(performed: bool, **said: Any) -> ProviderTransaction:
        topup = owed(provider=Channel.CLICK)
        if said:
            clicks_books[str(topup.pk)] = {"error_code": 0} | said
        return begun(topup, age_ms=DAY, performed=performed)

    agreed = attempt(True, payment_status=2)
    failed = attempt(True, payment_status=-5017)
    unknown = attempt(True)
    waiting = attempt(False, payment_status=0)
    forgotten = attempt(False, payment_status=2)
    fresh = begun(owed(provider=Channel.CLICK), performed=True)

    reconcile_click()
    assert ask_click() == 0
    found = [kinds(one) for one in (agreed, failed, unknown, waiting, forgotten, fresh)]
    assert found == [set(), {"state"}, {"unknown_there"}, set(), {"state"}, set()]


def test_when_click_is_away_nothing_is_concluded(clicks_books: dict[str, Any]) -> None:
    payment = begun(owed(provider=Channel.CLICK), age_ms=DAY, performed=True)
    clicks_books["status"] = 502
    with pytest.raises(ProviderAway):
        ask_click()
    reconcile_click()
    assert kinds(payment) == set()


def test_days_of_a_statement_are_tashkents() -> None:
    payment = begun(owed(), performed=True)
    ProviderTransaction.objects.filter(pk=payment.pk).update(provider_ms=1_763_665_199_999)  # 23:59:59.999
    assert compare(Channel.PAYME, [], date(2025, 11, 21), date(2025, 11, 21)) == 0
    assert compare(Channel.PAYME, [], date(2025, 11, 20), date(2025, 11, 20)) == 1
