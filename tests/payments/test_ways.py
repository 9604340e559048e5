"""The payer's way over HTTP: a signed-in browser chooses, is sent to the provider, and comes back.

Also what a server without the providers' secrets says. The numbers are those of the acceptance list.
"""

from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from billing.models import Channel, ExternalMessage, ProviderTransaction, TopUp
from tests.factories import Caller, make_caller
from tests.payments.looks import transfers, wallet
from tests.payments.providers import Click, Payme, now_ms, owed, trans_id, transaction_id
from tests.payments.web import Web
from tests.processes import Gateway
from tests.stack import PAYMENTS, Stack


@pytest.fixture
def payer(stack: Stack) -> Caller:
    return make_caller()


@pytest.fixture(scope="module")
def without_secrets(_running_stack: Stack) -> Iterator[Gateway]:
    """A server that no provider has been set up for."""
    none = dict.fromkeys(PAYMENTS, "")
    with _running_stack.another_gateway("unpaid", **none) as gateway:
        yield gateway


def pay(web: Web, provider: str) -> str:
    """Choose 50,000 so'm and the provider; where the browser is sent."""
    assert web.get("/dashboard/pay").status_code == 200
    sent = web.post("/dashboard/pay", {"amount": "50 000", "provider": provider}, follow=False)
    assert sent.status_code == 302
    return sent.headers["Location"]


def nothing_happened(topup: TopUp) -> bool:
    topup.refresh_from_db()
    known = (topup.state, topup.payments.exists(), wallet(topup), transfers(topup))
    return known == ("pending", False, 0, [])


def test_p37_paymes_link_names_top_up_and_amount_and_the_way_back_proves_nothing(
    stack: Stack, payer: Caller
) -> None:
    web = Web(stack.url, payer.user, "uz")
    link = pay(web, "payme")
    topup = TopUp.objects.get(org=payer.organization)
    base, _, words = link.rpartition("/")
    *parts, back = b64decode(words).decode().split(";")
    assert base == "https://checkout.paycom.uz"
    merchant = PAYMENTS["PAYME_MERCHANT_ID"]
    assert parts == [f"m={merchant}", f"ac.topup_id={topup.pk}", "a=5000000", "l=uz"]
    path = urlsplit(back.removeprefix("c=")).path
    assert path == f"/dashboard/topups/{topup.pk}"
    for tried in (path, f"{path}?transaction={transaction_id()}&state=2&status=success"):
        assert web.get(tried).status_code == 200
    assert nothing_happened(topup)
    assert Payme(stack.url).check_perform(topup.pk) == {"allow": True}


def test_c28_clicks_button_names_top_up_and_amount_and_the_way_back_proves_nothing(
    stack: Stack, payer: Caller
) -> None:
    web = Web(stack.url, payer.user, "ru")
    link = pay(web, "click")
    topup = TopUp.objects.get(org=payer.organization)
    assert link.startswith("https://my.click.uz/services/pay/?")
    assert f"%2Fdashboard%2Ftopups%2F{topup.pk}" in link  # the way back is escaped
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert (query["service_id"], query["merchant_id"]) == ("12345", "678")
    assert (query["amount"], query["transaction_param"]) == ("50000.00", str(topup.pk))
    path = urlsplit(query["return_url"]).path
    for tried in (path, f"{path}?payment_id={trans_id()}&payment_status=2"):
        assert web.get(tried).status_code == 200
    assert nothing_happened(topup)
    assert Click(stack.url).prepare(trans_id(), topup.pk)["error"] == 0


def test_p3_a_key_that_is_not_set_lets_nobody_in(without_secrets: Gateway, stack: Stack) -> None:
    topup, before = owed(), ExternalMessage.objects.count()
    known = transaction_id()
    for key in ("", PAYMENTS["PAYME_KEY"], "None"):
        payme = Payme(without_secrets.url, key)
        answers = [
            payme.check_perform(topup.pk),
            payme.create(known, topup.pk),
            payme.perform(known),
            payme.cancel(known),
            payme.check(known),
            payme.call("GetStatement", from_=0, to=now_ms()),
            payme.call("SetFiscalData", id=known, type="PERFORM", fiscal_data={}),
        ]
        assert {answer["error"]["code"] for answer in answers} == {-32504}
    assert nothing_happened(topup) and ExternalMessage.objects.count() == before


def test_p3_without_secrets_the_providers_addresses_do_not_exist(
    without_secrets: Gateway, stack: Stack
) -> None:
    topup, trans = owed(provider=Channel.CLICK), trans_id()
    for secret in ("", PAYMENTS["CLICK_SECRET_KEY"]):
        form = Click("", secret).form(trans, topup.pk)
        for path in ("/pay/click/prepare", "/pay/click/complete"):
            assert requests.post(f"{without_secrets.url}{path}", form, timeout=60).status_code == 404
    for method in ("GET", "POST", "HEAD"):
        assert requests.request(method, f"{without_secrets.url}/pay/payme", timeout=60).status_code == 404
    assert nothing_happened(topup)
    assert not ProviderTransaction.objects.filter(external_id=str(trans)).exists()


def test_without_secrets_pages_name_the_providers_as_coming_soon(
    without_secrets: Gateway, stack: Stack, payer: Caller
) -> None:
    def named(url: str) -> list[int]:
        web = Web(url, payer.user)
        paths = ("/", "/pricing", "/dashboard/billing")
        return [web.get(path).text.casefold().count("coming soon") for path in paths]

    assert named(stack.url) == [0, 0, 0]
    assert all(named(without_secrets.url))
    assert (
        Web(without_secrets.url, payer.user).get("/dashboard/pay").headers["Location"] == "/dashboard/billing"
    )
