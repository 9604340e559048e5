"""Fiscal receipts: Click is asked until it has one, and pages link to the tax office alone."""

from typing import Any

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from billing.fiscal import receipt_link
from billing.models import Channel, ProviderTransaction
from billing.payments import now_ms
from billing.providers.click_receipts import FAILURES_MAX, fetch_receipts
from billing.tasks import fetch_click_receipts
from dashboard.papers.issue import receipt as paper_of
from tests.billing.books import set_clock
from tests.dashboard.calls import browser
from tests.factories import make_caller
from tests.payments.providers import begun, owed

LINK = "https://ofd.soliq.uz/epi?t=EZ000000000030&r=123456789&c=20221028171340&s=854971301623"
MINUTE = 60_000
DAY = 1440 * MINUTE


def paid(age_ms: int = 0) -> ProviderTransaction:
    """A payment at Click that arrived so long ago."""
    return begun(owed(provider=Channel.CLICK), age_ms=age_ms, performed=True)


def paydoc(payment: ProviderTransaction) -> str:
    return str(payment.extra["click_paydoc_id"])


def receipt(payment: ProviderTransaction) -> Any:
    return ProviderTransaction.objects.get(pk=payment.pk).fiscal_perform


def due_again(*payments: ProviderTransaction) -> None:
    """The time until the next question has passed."""
    numbers = [payment.pk for payment in payments]
    ProviderTransaction.objects.filter(pk__in=numbers).update(fiscal_ask_ms=0)


def times_asked(books: dict[str, Any], payment: ProviderTransaction) -> int:
    return sum(path.endswith(f"/payment/ofd_data/12345/{paydoc(payment)}") for path in books["asked"])


@pytest.mark.django_db
def test_a_receipt_comes_later_than_the_money_and_is_kept_once(clicks_books: dict[str, Any]) -> None:
    payment = paid()
    fetch_click_receipts()
    assert (receipt(payment), times_asked(clicks_books, payment)) == (None, 1)
    clicks_books[paydoc(payment)] = {"paymentId": int(paydoc(payment)), "qrCodeURL": LINK, "odd": {"a": 1}}
    fetch_click_receipts()
    assert times_asked(clicks_books, payment) == 1  # it waits ten minutes at least
    due_again(payment)
    fetch_click_receipts()
    fetch_click_receipts()
    assert receipt(payment) == {"qr_code_url": LINK, "paymentId": int(paydoc(payment))}
    due_again(payment)
    fetch_click_receipts()
    assert times_asked(clicks_books, payment) == 2


@pytest.mark.django_db
def test_the_customer_sees_the_receipt_on_the_top_up_and_on_its_paper(clicks_books: dict[str, Any]) -> None:
    caller = make_caller()
    topup = owed(caller, provider=Channel.CLICK)
    payment = begun(topup, performed=True)
    clicks_books[paydoc(payment)] = {"paymentId": int(paydoc(payment)), "qrCodeURL": LINK}
    fetch_click_receipts()
    page = browser(caller).get(f"/dashboard/topups/{topup.pk}").text
    assert f'href="{LINK.replace("&", "&amp;")}"' in page
    topup.refresh_from_db()
    paper = paper_of(topup)
    assert paper is not None and paper.figures["fiscal_url"] == LINK


@pytest.mark.django_db
def test_each_question_waits_as_long_as_the_payment_is_old(clicks_books: dict[str, Any]) -> None:
    set_clock("2026-11-21 12:00:00+00")
    ages = (0, 5 * MINUTE, 60 * MINUTE, DAY)
    payments = [paid(age_ms=age) for age in ages]
    fetch_receipts()
    at = now_ms()
    for payment, pause in zip(payments, (10 * MINUTE, 10 * MINUTE, 60 * MINUTE, DAY), strict=True):
        payment.refresh_from_db()
        assert abs(payment.fiscal_ask_ms - at - pause) <= 1  # a payment is performed 1 ms after it began
    set_clock(None)


@pytest.mark.django_db
def test_only_payments_of_the_last_three_days_that_arrived_at_click_are_asked_about(
    clicks_books: dict[str, Any],
) -> None:
    new, old = paid(age_ms=2 * DAY), paid(age_ms=3 * DAY + MINUTE)
    waiting, payme = begun(owed(provider=Channel.CLICK)), begun(owed(), performed=True)
    ProviderTransaction.objects.filter(pk=payme.pk).update(extra={"click_paydoc_id": "9"})
    fetch_receipts()
    assert [times_asked(clicks_books, payment) for payment in (new, old, waiting)] == [1, 0, 0]
    assert not any(path.endswith("/9") for path in clicks_books["asked"])


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["", "x", "1/../../status", "٣", "-1"])
def test_a_number_that_is_none_is_never_asked_for(clicks_books: dict[str, Any], number: str) -> None:
    payment = paid()
    ProviderTransaction.objects.filter(pk=payment.pk).update(extra={"click_paydoc_id": number})
    assert fetch_receipts() == 0
    assert clicks_books["asked"] == []


BAD_LINKS = [
    *("", "javascript:alert(1)", "http://ofd.soliq.uz/1", "https://soliq.uz.evil.example/1"),
    *("https://evilsoliq.uz/1", "https://ofd.soliq.uz@evil.example/1", "https://a@ofd.soliq.uz/1"),
    *("https://ofd.soliq.uz:8443/1", "https://evil.example\\.soliq.uz/", "https://ofd.soliq.uz/\n1"),
    *("//ofd.soliq.uz/1", "https://[::1].soliq.uz/", f"https://{'a.' * 60}soliq.uz/"),
    *(f"https://ofd.soliq.uz/{'1' * 500}", "https://ofd.soliq.uz/\u202e", " https://ofd.soliq.uz/"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        *(404, 502, 302, b"<html>", b"[]", b'{"qrCodeURL": NaN}', b'{"qrCodeURL": "\\ud800"}', b"{" * 70_000),
        *({"qrCodeURL": None}, {"qrCodeURL": [LINK]}, {"qrCodeURL": LINK, "paymentId": 1}),
        *({"qrCodeURL": link} for link in BAD_LINKS),
    ],
)
def test_what_is_no_receipt_is_not_kept_and_asked_for_again(clicks_books: dict[str, Any], said: Any) -> None:
    payment = paid()
    clicks_books[paydoc(payment)] = said
    assert (fetch_receipts(), receipt(payment)) == (0, None)
    clicks_books[paydoc(payment)] = {"qrCodeURL": LINK, "note": "\0", "big": 10**30}
    due_again(payment)
    assert (fetch_receipts(), receipt(payment)) == (1, {"qr_code_url": LINK})


@pytest.mark.django_db
def test_one_payment_that_fails_keeps_no_other_waiting(clicks_books: dict[str, Any]) -> None:
    failing, fine = paid(), paid()
    clicks_books[paydoc(failing)] = 500
    clicks_books[paydoc(fine)] = {"qrCodeURL": LINK}
    fetch_receipts()
    assert (receipt(failing), receipt(fine)) == (None, {"qr_code_url": LINK})


@pytest.mark.django_db
def test_while_click_is_away_a_run_ends_early(clicks_books: dict[str, Any]) -> None:
    for _ in range(FAILURES_MAX + 2):
        paid()
    clicks_books["status"] = 502
    assert fetch_receipts() == 0
    assert len(clicks_books["asked"]) == FAILURES_MAX
    assert fetch_receipts() == 0
    assert len(clicks_books["asked"]) == FAILURES_MAX + 2  # the others; those that failed wait


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["CLICK_MERCHANT_USER_ID", "CLICK_SECRET_KEY", "CLICK_SERVICE_ID"])
def test_without_its_numbers_click_is_not_asked(
    clicks_books: dict[str, Any], settings: LazySettings, name: str
) -> None:
    payment = paid()
    setattr(settings, name, "")
    fetch_click_receipts()
    assert (clicks_books["asked"], receipt(payment)) == ([], None)


@pytest.mark.parametrize("link", BAD_LINKS)
def test_nothing_but_the_tax_offices_pages_is_a_link(link: str) -> None:
    assert receipt_link({"qr_code_url": link}) == ""


@given(st.text())
def test_any_text_is_a_link_to_the_tax_office_or_none(text: str) -> None:
    assert receipt_link({"qr_code_url": text}) == ""
    assert receipt_link({"qr_code_url": f"https://{text}"}) in ("", f"https://{text}")


@pytest.mark.parametrize("link", [LINK, "https://soliq.uz/1", "HTTPS://OFD.SOLIQ.UZ/check?t=1"])
def test_the_tax_offices_pages_are_links(link: str) -> None:
    assert receipt_link({"qr_code_url": link}) == link
    assert receipt_link(None) == receipt_link({}) == receipt_link({"qr_code_url": 7}) == ""
