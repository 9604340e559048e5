"""The customer's side of refunds and promo codes."""

from uuid import uuid4

import pytest
from django.core.cache import cache

from accounts.models import User
from billing import adjustments
from billing.adjustments import bank_details
from billing.models import Adjustment
from dashboard.refunds import TRIES
from tests.billing.test_adjustments import charged
from tests.billing.test_promos import code
from tests.dashboard.calls import browser, log_call, viewer
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db
ACCOUNT = "20208000900123456789"


def form(**changes: str) -> dict[str, str]:
    about = {"amount": "7", "holder": "ALICE TEST", "account": ACCOUNT, "mfo": "00014", "reason": "moving"}
    return about | changes


def asked(caller: Caller, **changes: str) -> Adjustment:
    answer = browser(caller).post("/dashboard/refunds", form(**changes))
    assert answer.status_code == 302, answer.text
    return Adjustment.objects.get(org=caller.organization)


def operator() -> User:
    return User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)


def test_paid_balance_that_nothing_holds_can_be_asked_back_and_bonus_cannot() -> None:
    alice = make_caller(balance_uzs=10, bonus_uzs=90)
    page = browser(alice).post("/dashboard/refunds", form(amount="11")).text
    assert "At most 10.00" in page and ACCOUNT in page
    made = asked(alice, amount="10", account="2020 8000 9001 2345 6789")
    details = bank_details(made)
    assert details is not None and (details.account, details.mfo) == (ACCOUNT, "00014")
    shown = browser(alice).get(f"/dashboard/refunds/{made.pk}").text
    assert "•••• 6789" in shown and ACCOUNT not in shown and "data-live-part" in shown
    assert alice.balance() == 100 * MICROS  # until it is approved


@pytest.mark.parametrize(
    "wrong",
    [{"account": "1234"}, {"mfo": ""}, {"mfo": "1"}, {"amount": "0"}, {"amount": "-1"}, {"holder": ""}],
)
def test_what_no_bank_could_use_is_refused(wrong: dict[str, str]) -> None:
    alice = make_caller(balance_uzs=10)
    assert "errorlist" in browser(alice).post("/dashboard/refunds", form(**wrong)).text
    assert not Adjustment.objects.filter(org=alice.organization).exists()


def test_one_request_at_a_time() -> None:
    alice = make_caller(balance_uzs=10)
    asked(alice, amount="2")
    assert "is open" in browser(alice).post("/dashboard/refunds", form(amount="2")).text
    assert Adjustment.objects.filter(org=alice.organization).count() == 1


def test_it_is_followed_live_to_its_end_and_listed_among_the_transfers() -> None:
    alice = make_caller(balance_uzs=10)
    made = asked(alice)
    adjustments.approve(made.pk, operator())
    client = browser(alice)
    part = client.get(f"/dashboard/refunds/{made.pk}", headers={"X-Part": "state"}).text
    assert "<html" not in part and ">approved</span>" in part and "Cancel" not in part
    adjustments.mark_sent(made.pk, operator(), "PO-9")
    ended = client.get(f"/dashboard/refunds/{made.pk}").text
    assert "PO-9" in ended and "data-live-part" not in ended
    assert "Payout to your bank" in client.get("/dashboard/billing").text


def test_it_can_be_cancelled_while_it_waits_and_not_afterwards() -> None:
    alice = make_caller(balance_uzs=10)
    made = asked(alice)
    browser(alice).post(f"/dashboard/refunds/{made.pk}/cancel")
    made.refresh_from_db()
    assert made.state == "cancelled"
    again = browser(alice).post(f"/dashboard/refunds/{made.pk}/cancel", follow=True).text
    assert "decided already" in again


def test_a_refund_belongs_to_its_organization() -> None:
    alice, bob = make_caller(), make_caller(balance_uzs=10)
    made = asked(bob)
    for address in (f"/dashboard/refunds/{made.pk}", f"/dashboard/refunds/{made.pk + 1_000_000}"):
        assert browser(alice).get(address).status_code == 404
        assert browser(alice).post(f"{address}/cancel").status_code == 404
    assert f"/dashboard/refunds/{made.pk}" not in browser(alice).get("/dashboard/refunds").text
    made.refresh_from_db()
    assert made.state == "pending"


def test_other_adjustments_are_no_pages_of_the_customer() -> None:
    alice = make_caller()
    made = Adjustment(
        kind="bonus", org=alice.organization, amount_micros=1, reason="inside", requested_by=operator()
    )
    adjustments.file_adjustment(made)
    assert browser(alice).get(f"/dashboard/refunds/{made.pk}").status_code == 404


def test_only_who_answers_for_the_money_asks_for_it() -> None:
    alice = make_caller(balance_uzs=10)
    looker = viewer(alice)
    assert looker.get("/dashboard/refunds").status_code == 200
    assert looker.post("/dashboard/refunds", form()).status_code == 403
    assert looker.post("/dashboard/promo", {"code": "X"}).status_code == 403
    made = asked(alice)
    assert looker.post(f"/dashboard/refunds/{made.pk}/cancel").status_code == 403


def test_what_a_call_was_given_back_is_on_its_receipt_and_in_the_list() -> None:
    alice = make_caller(balance_uzs=100)
    call = charged(alice, paid=30 * MICROS)
    log_call(alice, id=str(call))
    made = Adjustment(
        kind="refund",
        org=alice.organization,
        amount_micros=12 * MICROS,
        call=call,
        reason="inside only",
        told="The answer was cut off",
        requested_by=operator(),
    )
    adjustments.file_adjustment(made)
    adjustments.approve(made.pk, operator())
    client = browser(alice)
    listed = client.get("/dashboard/billing").text
    assert "The answer was cut off" in listed and "inside only" not in listed
    assert listed.count(f"/dashboard/activity/{call}") == 2
    receipt = client.get(f"/dashboard/activity/{call}").text
    assert "Given back" in receipt and "12.00" in receipt


def test_a_promo_code_is_on_the_balance_at_once_and_each_refusal_says_why() -> None:
    alice, given = make_caller(free=True), code()
    client = browser(alice)
    assert "5.00\u00a0UZS of bonus" in client.post("/dashboard/promo", {"code": given.code}, follow=True).text
    assert alice.wallet()["bonus_micros"] == 5 * MICROS
    assert "used a code" in client.post("/dashboard/promo", {"code": given.code}, follow=True).text
    assert "no such promo code" in client.post("/dashboard/promo", {"code": "nonesuch"}, follow=True).text
    assert "no such promo code" in client.post("/dashboard/promo", {"code": ""}, follow=True).text


def test_codes_cannot_be_guessed_one_after_the_other() -> None:
    alice, given = make_caller(free=True), code()
    client = browser(alice)
    for _ in range(TRIES):
        client.post("/dashboard/promo", {"code": "nonesuch"})
    assert "Too many codes" in client.post("/dashboard/promo", {"code": given.code}, follow=True).text
    assert alice.balance() == 0
    cache.delete(f"promo-try:{alice.organization.pk}:0")
    client.post("/dashboard/promo", {"code": given.code})
    assert alice.balance() == 5 * MICROS
