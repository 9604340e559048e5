"""Paying at Payme and Click in a real browser, in each language: there, back, and the page that follows."""

from base64 import b64decode
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.translation import gettext, override
from playwright.sync_api import Request, Route, expect

from dashboard.templatetags.money import uzs
from tests.browser.conftest import Tab
from tests.factories import MICROS, Caller, make_caller
from tests.payments.providers import PRICE_TIYIN, PRICE_UZS, Click, Payme, trans_id, transaction_id
from tests.processes import Gateway
from tests.stack import Stack

PROVIDERS = ("https://checkout.paycom.uz/", "https://my.click.uz/")
LOOKS = [("uz", 360, "light"), ("ru", 1280, "dark"), ("en", 360, "dark")]


@pytest.fixture
def payer(stack: Stack, site: Gateway) -> Caller:
    """Somebody who has no money here yet."""
    caller = make_caller()
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


def keep_here(tab: Tab) -> list[str]:
    """Providers' pages as a stub; the addresses that were asked for. Nothing else leaves this machine."""
    asked: list[str] = []

    def answered(route: Route, request: Request) -> None:
        if request.url.startswith(PROVIDERS):
            asked.append(request.url)
            route.fulfill(body="<!doctype html><title>Pay</title>", content_type="text/html")
        elif request.url.startswith(tab.site):
            route.continue_()
        else:
            route.abort()

    tab.page.context.route("**/*", answered)
    return asked


def whole(tab: Tab) -> None:
    assert (tab.overflow(), tab.faint()) == (0, []), tab.page.url


def choose(tab: Tab, provider: str, asked: list[str]) -> str:
    """From the billing page to the provider's; its address."""
    page = tab.open("/dashboard/billing")
    page.locator("a[href='/dashboard/pay']").click()
    page.wait_for_url(f"{tab.site}/dashboard/pay")
    whole(tab)
    page.locator("input[name=amount]").fill("50 000")
    page.locator(f"input[name=provider][value={provider}]").check()
    page.get_by_role("button", name=gettext("Go to the payment page")).click()
    expect(page).to_have_title("Pay")
    return asked.pop()


def come_back(tab: Tab, path: str) -> None:
    """The way back proves nothing: the page waits, and leads to the provider again."""
    page = tab.open(path)
    expect(
        page.get_by_text(gettext("Waiting for the provider's word. This page follows it by itself."))
    ).to_be_visible()
    whole(tab)


def follows(tab: Tab, number: str) -> None:
    """The page that is open changes by itself."""
    page = tab.page
    tab.look_again()
    expect(page.locator("#topup .badge.paid")).to_have_text(gettext("paid"))
    expect(page.locator("#topup").get_by_text(number, exact=True)).to_be_visible()
    expect(page.locator("#topup[data-live-part]")).to_have_count(0)
    whole(tab)


def at_payme(tab: Tab, asked: list[str], language: str) -> None:
    url = choose(tab, "payme", asked)
    parts = dict(part.split("=", 1) for part in b64decode(url.rpartition("/")[2]).decode().split(";"))
    assert (parts["a"], parts["l"]) == (str(PRICE_TIYIN), language)
    come_back(tab, urlsplit(parts["c"]).path)
    payme, id_ = Payme(tab.site), transaction_id()
    assert payme.check_perform(parts["ac.topup_id"])["allow"] is True
    assert payme.create(id_, parts["ac.topup_id"])["state"] == 1
    assert payme.perform(id_)["state"] == 2
    follows(tab, id_)


def at_click(tab: Tab, asked: list[str]) -> None:
    query = {
        name: values[0] for name, values in parse_qs(urlsplit(choose(tab, "click", asked)).query).items()
    }
    assert query["amount"] == f"{PRICE_UZS}.00"
    come_back(tab, urlsplit(query["return_url"]).path)
    number = trans_id()
    assert Click(tab.site).pay(number, query["transaction_param"])["error"] == 0
    follows(tab, str(number))


@pytest.mark.parametrize(("language", "width", "scheme"), LOOKS)
def test_a_payer_goes_to_the_provider_and_the_balance_follows(
    new_tab: Callable[..., Tab], payer: Caller, language: str, width: int, scheme: str
) -> None:
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language)
    asked = keep_here(tab)
    tab.enter(payer.user)
    with override(language):
        at_payme(tab, asked, language)
        at_click(tab, asked)
        page = tab.open("/dashboard/billing")
        expect(page.locator(".figures .lead dd")).to_have_text(uzs(2 * PRICE_UZS * MICROS))
        whole(tab)
    assert (asked, tab.complaints) == ([], [])
