"""The customer's way: an amount, the provider's page, and back; and what pages say of ways to pay."""

from base64 import b64decode
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import Membership
from billing import payments
from billing.ledger import balance
from billing.models import Channel, ProviderTransaction, TopUp
from billing.providers import online, payer_url, payme, payme_books, ways
from tests.dashboard.calls import browser
from tests.factories import MICROS, make_caller
from tests.payments.providers import Click, begun, owed
from tests.stack import PAYMENTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def _open(settings: LazySettings) -> None:
    """All providers' secrets are set."""
    for name, value in PAYMENTS.items():
        setattr(settings, name, value)


def payme_parts(url: str) -> str:
    return b64decode(url.rpartition("/")[2]).decode()


def test_p37_the_checkout_link_names_top_up_amount_and_language(_open: None) -> None:
    topup = TopUp(pk=1042, provider=Channel.PAYME, amount_micros=50_000 * MICROS)
    url = payer_url(topup, "https://cloudapi.uz/dashboard/topups/1042", "uz")
    assert url.startswith("https://checkout.paycom.uz/")
    assert payme_parts(url) == (
        "m=587f72c72cac0d162c722ae2;ac.topup_id=1042;a=5000000;l=uz;"
        "c=https://cloudapi.uz/dashboard/topups/1042"
    )
    with pytest.raises(ValueError, match="semicolon"):
        payer_url(topup, "https://cloudapi.uz/;a=1", "uz")


def test_c28_the_button_names_order_and_amount_and_escapes_the_way_back(_open: None) -> None:
    topup = TopUp(pk=1042, provider=Channel.CLICK, amount_micros=50_000 * MICROS)
    url = payer_url(topup, "https://cloudapi.uz/x?a=1&b=2", "ru")
    assert "return_url=https%3A%2F%2Fcloudapi.uz%2Fx%3Fa%3D1%26b%3D2" in url
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (query["amount"], query["transaction_param"]) == ("50000.00", "1042")
    assert (query["service_id"], query["merchant_id"]) == ("12345", "678")


def test_choosing_an_amount_leads_to_the_provider_and_moves_no_money(_open: None) -> None:
    caller = make_caller()
    client = browser(caller)
    page = client.get("/dashboard/pay")
    assert "https://checkout.paycom.uz" in page.headers["Content-Security-Policy"]
    answer = client.post("/dashboard/pay", {"amount": "50 000", "provider": "payme"})
    topup = TopUp.objects.get(org=caller.organization)
    assert (topup.state, topup.provider, topup.amount_micros) == ("pending", "payme", 50_000 * MICROS)
    assert f"ac.topup_id={topup.pk};a=5000000;" in payme_parts(answer.url)
    assert answer.url != client.get(f"/dashboard/topups/{topup.pk}").headers.get("Location")
    topup.refresh_from_db()
    assert (topup.state, caller.balance()) == ("pending", 0)


@pytest.mark.parametrize("amount", ["", "0", "999", "100000001", "5000.001", "x", "1e9"])
def test_an_impossible_amount_goes_nowhere(_open: None, amount: str) -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/pay", {"amount": amount, "provider": "click"})
    assert page.status_code == 200 and "errorlist" in page.content.decode()
    assert not TopUp.objects.filter(org=caller.organization).exists()


def test_open_payments_are_limited(_open: None) -> None:
    caller = make_caller()
    client = browser(caller)
    for _ in range(11):
        page = client.post("/dashboard/pay", {"amount": "5000", "provider": "click"})
    assert "still open" in page.content.decode()
    assert TopUp.objects.filter(org=caller.organization).count() == 10


def test_the_state_is_asked_for_until_the_provider_has_spoken(_open: None) -> None:
    caller = make_caller()
    client, topup = browser(caller), owed(caller)
    part = client.get(f"/dashboard/topups/{topup.pk}", headers={"X-Part": "state"}).content.decode()
    assert "data-live-part" in part and "<html" not in part and "Pay at Payme" in part
    assert "htmx" in client.get(f"/dashboard/topups/{topup.pk}").content.decode().partition("</head>")[0]
    TopUp.objects.filter(pk=topup.pk).update(
        state="paid", credited_micros=topup.amount_micros, decided_at="2026-11-21T00:00Z"
    )
    ProviderTransaction.objects.create(
        provider="payme", external_id="a" * 24, topup=topup, amount_tiyin=5_000_000, state=2,
        provider_ms=1, create_ms=1, perform_ms=2, fiscal_perform={"qr_code_url": "https://ofd.soliq.uz/1"},
    )  # fmt: skip
    part = client.get(f"/dashboard/topups/{topup.pk}", headers={"X-Part": "state"}).content.decode()
    assert "data-live-part" not in part and 'href="https://ofd.soliq.uz/1"' in part


def test_what_a_provider_disputes_is_said_on_the_top_up(_open: None) -> None:
    caller = make_caller()
    topup = owed(caller, Channel.CLICK)
    payment = begun(topup, performed=True)
    client, address = browser(caller), f"/dashboard/topups/{topup.pk}"
    assert "in question" not in client.get(address).text
    payments.dispute(topup, payment, payments.Told("paid", "failed"))
    assert "Set aside: the payment is in question: 50,000.00" in client.get(address).text


def test_the_ways_to_pay_are_a_sentence_in_each_language(_open: None) -> None:
    client = browser(make_caller())
    for language, words in (
        ("en", "At Payme or Click,"),
        ("ru", "Payme или Click"),
        ("uz", "Payme yoki Click"),
    ):
        assert words in client.get("/dashboard/billing", headers={"Accept-Language": language}).text


def test_a_fiscal_link_that_is_no_web_address_is_not_a_link(_open: None) -> None:
    caller = make_caller()
    ProviderTransaction.objects.create(
        provider="payme", external_id="b" * 24, topup=owed(caller), amount_tiyin=5_000_000, state=2,
        provider_ms=1, create_ms=1, perform_ms=2, fiscal_perform={"qr_code_url": "javascript:alert(1)"},
    )  # fmt: skip
    number = TopUp.objects.get(org=caller.organization).pk
    assert "javascript:" not in browser(caller).get(f"/dashboard/topups/{number}").content.decode()


def test_a_top_up_is_cancelled_by_its_people_while_nobody_pays_it(_open: None) -> None:
    caller = make_caller()
    client, topup = browser(caller), owed(caller)
    payment = ProviderTransaction.objects.create(
        provider="payme",
        external_id="c" * 24,
        topup=topup,
        amount_tiyin=5_000_000,
        provider_ms=1,
        create_ms=1,
    )
    page = client.post(f"/dashboard/topups/{topup.pk}/cancel", follow=True).content.decode()
    assert "being paid right now" in page
    ProviderTransaction.objects.filter(pk=payment.pk).update(state=-1, cancel_ms=2)
    client.post(f"/dashboard/topups/{topup.pk}/cancel")
    topup.refresh_from_db()
    assert topup.state == "cancelled"


def test_a_foreign_top_up_is_not_found(_open: None) -> None:
    alice, bob = make_caller(), make_caller()
    topup = owed(bob)
    client = browser(alice)
    assert client.get(f"/dashboard/topups/{topup.pk}").status_code == 404
    assert client.post(f"/dashboard/topups/{topup.pk}/cancel").status_code == 404
    topup.refresh_from_db()
    assert topup.state == "pending"


def test_a_viewer_may_look_and_not_pay(_open: None) -> None:
    caller = make_caller()
    Membership.objects.filter(user=caller.user).update(role="viewer")
    client, topup = browser(caller), owed(caller)
    assert client.post("/dashboard/pay", {"amount": "5000", "provider": "click"}).status_code == 403
    assert client.post(f"/dashboard/topups/{topup.pk}/cancel").status_code == 403
    assert client.get(f"/dashboard/topups/{topup.pk}").status_code == 200


def test_a_provider_is_named_as_accepted_once_its_secret_is_set(settings: LazySettings) -> None:
    assert (online(), [way.accepted for way in ways()]) == ([], [True, False, False])
    text = Client().get("/").content.decode()
    assert text.count("Coming soon") == 2
    for name in ("PAYME_KEY", "PAYME_MERCHANT_ID"):
        setattr(settings, name, PAYMENTS[name])
    assert online() == [Channel.PAYME]
    assert Client().get("/").content.decode().count("Coming soon") == 1


@pytest.mark.parametrize("address", ["/pay/payme", "/pay/click/prepare", "/pay/click/complete"])
def test_without_its_secret_a_providers_address_does_not_exist(address: str) -> None:
    assert Client().post(address, b"{}", content_type="application/json").status_code == 404
    assert browser(make_caller()).get("/dashboard/pay").status_code == 302


@pytest.mark.parametrize("code", [-31008, -31050, -31099])
def test_paymes_answer_to_a_second_transaction_is_a_setting(
    _open: None, settings: LazySettings, code: int
) -> None:
    settings.PAYME_BUSY_CODE = code
    topup = owed()
    begun(topup)
    asked = payme.Create("d" * 24, payments.now_ms(), 5_000_000, topup.pk)
    answer = payme_books.answer(asked)
    assert isinstance(answer, payme.Fault)
    error = answer.payload()
    assert (error["code"], error["data"], set(error["message"])) == (code, "topup_id", {"ru", "uz", "en"})


@pytest.mark.parametrize("code", [-9, -4])
def test_clicks_answer_to_a_failure_after_the_payment_is_a_setting(
    _open: None, settings: LazySettings, code: int
) -> None:
    settings.CLICK_DISPUTE_CODE = code
    topup = owed(provider=Channel.CLICK)
    payment = begun(topup, performed=True)
    form = Click("").form(int(payment.external_id), topup.pk, merchant_prepare_id=payment.pk, error="-5017")
    for _ in range(2):
        sent = Client().post("/pay/click/complete", urlencode(form), "application/x-www-form-urlencoded")
        assert sent.json()["error"] == code
    payment.refresh_from_db()
    assert (payment.disputed_micros, balance(topup.org_id).paid) == (topup.amount_micros, 0)


def test_an_address_outside_the_allow_list_has_no_rights(_open: None, settings: LazySettings) -> None:
    settings.PAYME_IPS = ["185.234.113.0/28"]
    word = "Basic UGF5Y29tOnRlc3Qta2V5LTEyMw=="
    body = b'{"id": 1, "method": "CheckTransaction", "params": {"id": "x"}}'

    def code(remote: str) -> int:
        answer = Client(headers={"Authorization": word}).post(
            "/pay/payme", body, content_type="application/json", REMOTE_ADDR=remote
        )
        return int(answer.json()["error"]["code"])

    assert (code("185.234.113.15"), code("185.234.113.16")) == (-31003, -32504)
