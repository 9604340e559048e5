"""Operators' controls as they look: statements beside ours, balances, a dispute, a markup; a receipt anew.

With SCREENSHOTS=<folder> in the environment a picture of each page stays behind.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.signup import open_account
from billing import payments
from billing.bank.arrivals import Arrival, enter
from billing.disputes import settle_dispute
from billing.fx.markups import propose_markup
from billing.models import CardBalance, Channel, ProviderTransaction, TopUp
from billing.payments import Told
from billing.statements import Upload, take_in
from dashboard.papers import issue
from tests.browser.conftest import Tab
from tests.factories import MICROS, Caller, make_caller
from tests.payments.providers import PRICE_UZS, begun, owed
from tests.payments.test_statements import told
from tests.stack import Stack
from tests.transfers import make_card, person

PASSWORD = "Registan-1420-Ulugbek"
LOOKS: list[tuple[int, Literal["light", "dark"], str]] = [
    (1280, "dark", "en-US"), (360, "light", "uz-UZ"), (1280, "light", "ru-RU")
]  # fmt: skip


@pytest.fixture
def payer(stack: Stack) -> Caller:
    caller = make_caller(free=True)
    caller.user.emailaddress_set.create(email=caller.user.email, primary=True, verified=True)
    return caller


def statement(caller: Caller) -> int:
    """Payme's file of today: one payment that agrees, one that we don't know, one of ours that it hasn't."""
    agreed, _missing = (begun(owed(caller), performed=True) for _ in range(2))
    data = told((agreed, PRICE_UZS, "Оплачен"), (f"unknown-{agreed.pk}", 70_000, "Оплачен"))
    today = timezone.localdate()
    upload = Upload(provider=Channel.PAYME, since=today, until=today, data=data, name="payme.csv")
    return take_in(upload, person()).statement.pk


def balances() -> None:
    card, today = make_card(), timezone.localdate()
    enter(Arrival(card, 50_000 * MICROS, timezone.now() - timedelta(days=1)), person())
    for days, so_m in ((2, 1_000_000), (1, 1_040_000)):
        CardBalance.objects.create(
            card=card,
            day=today - timedelta(days=days),
            balance_micros=so_m * MICROS,
            source="manual",
            entered_by=person(),
        )


def dispute(caller: Caller) -> int:
    """A dispute with the first of two words."""
    payment = begun(owed(caller, provider=Channel.CLICK), performed=True)
    payments.dispute(payment.topup, payment, Told("paid", "failed"))
    settle_dispute(payment.pk, person(), arrived=True, note="Click's support says so")
    return payment.pk


def receipt(caller: Caller) -> TopUp:
    """A top-up whose receipt was issued before its fiscal receipt came."""
    payment = begun(owed(caller), performed=True)
    topup = payment.topup
    topup.refresh_from_db()
    issue.receipt(topup)
    link = {"qr_code_url": "https://ofd.soliq.uz/check?t=EZ000&r=77"}
    ProviderTransaction.objects.filter(pk=payment.pk).update(fiscal_perform=link)
    return topup


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_operators_see_what_differs_and_what_takes_two(  # noqa: PLR0913
    new_tab: Callable[..., Tab],
    payer: Caller,
    settings: Any,
    width: int,
    scheme: Literal["light", "dark"],
    locale: str,
) -> None:
    settings.BANK_SECOND_PERSON_UZS = 0
    balances()
    markup = propose_markup(person(), f"kind-{payer.organization.pk}", 3100, "costs have risen").pk
    told_pk, dispute_pk = statement(payer), dispute(payer)
    email = f"op-{payer.user.email}"
    open_account(email=email, password=PASSWORD, verified=True, is_staff=True, is_superuser=True)
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.sign_in(email, PASSWORD)
    for name, path in (
        ("finance", "finance"),
        ("statements", "providerstatement"),
        ("statement-add", "providerstatement/add"),
        ("statement", f"providerstatement/{told_pk}/change"),
        ("balances", "cardbalance"),
        ("balance-add", "cardbalance/add"),
        ("dispute", f"providertransaction/{dispute_pk}/settle"),
        ("markups", "markupproposal"),
        ("markup-add", "markupproposal/add"),
        ("markup", f"markupproposal/{markup}/decide"),
        ("discrepancies", "discrepancy"),
    ):
        tab.open(f"/admin/billing/{path}/")
        tab.picture(f"controls-{locale}-{name}")
        assert tab.overflow() <= 0, name
    assert tab.complaints == []


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_a_customer_has_the_receipt_issued_anew(  # noqa: PLR0913
    new_tab: Callable[..., Tab], payer: Caller, width: int, scheme: Literal["light", "dark"], locale: str
) -> None:
    topup = receipt(payer)
    tab = new_tab(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
    tab.enter(payer.user)
    page = tab.open(f"/dashboard/topups/{topup.pk}")
    tab.picture(f"anew-{locale}-before")
    assert tab.faint() == []
    page.locator("form[action$='/anew'] button").click()
    expect(page.locator(".plain-list li")).to_have_count(2)
    tab.picture(f"anew-{locale}-after")
    assert (tab.overflow(), tab.faint(), tab.complaints) == (0, [], [])
