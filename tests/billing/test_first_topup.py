"""The first top-up of an organization is small, whichever way it comes, and operators see why."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import access
from accounts.models import BillingDetails, Role
from billing.bank.arrivals import Arrival
from billing.errors import FirstTopUpLimit
from billing.models import Channel, TopUp
from billing.topups import approve, approve_arrival
from dashboard.payments import begin
from tests.billing.books import UZS
from tests.dashboard.calls import browser
from tests.factories import Caller, make_caller
from tests.payments.providers import owed
from tests.transfers import arrived, ask, make_card, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(settings) -> Caller:
    settings.FIRST_TOPUP_MAX_UZS = 100_000
    make_card()
    return make_caller()


def test_a_first_card_transfer_is_at_most_the_limit_and_a_later_one_isnt(alice: Caller) -> None:
    with pytest.raises(FirstTopUpLimit):
        ask(alice, 100_001)
    topup = ask(alice, 100_000)
    approve(topup.pk, person(), arrived(topup).pk)
    assert ask(alice, 5_000_000).state == "pending"


def test_open_requests_count_together_whichever_way_they_come(alice: Caller) -> None:
    begin(owner(alice), Channel.PAYME, 60_000 * UZS)
    with pytest.raises(FirstTopUpLimit) as told:
        ask(alice, 40_001)
    assert (told.value.limit_micros, told.value.waiting_micros) == (100_000 * UZS, 60_000 * UZS)
    assert ask(alice, 40_000).state == "pending"


def test_zero_is_no_limit(alice: Caller, settings) -> None:
    settings.FIRST_TOPUP_MAX_UZS = 0
    assert ask(alice, 9_000_000).state == "pending"


def test_a_payment_at_a_provider_frees_the_next_one(alice: Caller) -> None:
    paid = owed(alice)
    TopUp.objects.filter(pk=paid.pk).update(state="paid", credited_micros=1, decided_at=paid.created_at)
    assert begin(owner(alice), Channel.PAYME, 3_000_000 * UZS).state == "pending"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "A first top-up is at most"), ("ru", "Первое пополнение"), ("uz", "Birinchi toʻldirish")],
)
def test_forms_and_the_api_say_it_in_the_readers_language(alice: Caller, language: str, words: str) -> None:
    client = browser(alice)
    headers = {"accept-language": language}
    page = client.post("/dashboard/transfer", {"amount": "200000"}, headers=headers).text
    assert words in page and "100" in page
    form = {"amount": "200000", "reference": "Order 1"}
    assert words in client.post("/dashboard/billing", form, headers=headers).text
    said = client.post(
        "/api/topups",
        {"amount_uzs": "200000", "reference": "Order 1"},
        content_type="application/json",
        headers=headers,
    )
    error = said.json()["error"]
    assert (said.status_code, error["code"], error["param"]) == (400, "first_topup_limit", "amount_uzs")
    assert words in error["message"]
    assert not TopUp.objects.filter(org=alice.organization).exists()


def test_a_legal_entitys_payment_order_is_free_of_the_limit_and_its_card_transfer_isnt(alice: Caller) -> None:
    who = {"name": "Alisa MCHJ", "stir": "301234567", "address": "Toshkent"}
    BillingDetails.objects.create(organization=alice.organization, is_legal_entity=True, **who)
    form = {"amount": "30000000", "reference": "Order 7"}
    assert browser(alice).post("/dashboard/billing", form).status_code == 302
    with pytest.raises(FirstTopUpLimit):
        ask(alice, 200_000)


def test_more_than_the_limit_that_has_arrived_takes_a_second_person_and_the_page_says_why(
    alice: Caller,
) -> None:
    topup = ask(alice, 50_000)
    operator = person(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(operator)
    page = client.get(reverse("admin:billing_topup_decide", args=[topup.pk])).text
    assert "The first top-up of this organization." in page and "100,099" in page

    arrival = Arrival(topup.card, 700_000 * UZS, topup.created_at)
    assert approve_arrival(topup.pk, operator, arrival).state == "pending"
    done = approve(topup.pk, person(), topup.incoming.pk)
    assert (done.state, done.credited_micros) == ("paid", 700_000 * UZS)
    again = ask(alice, 700_000)
    assert approve(again.pk, operator, arrived(again).pk).state == "paid"


def owner(caller: Caller) -> access.Caller:
    """The caller as pages know them."""
    return access.Caller(organization=caller.organization, user=caller.user, role=Role.OWNER)
