"""Papers for tests: two companies, a paid top-up, a month of money and calls, and readers of files."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO

from django.utils import timezone
from pypdf import PdfReader

from billing.ids import Kind
from billing.models import ProviderTransaction, TopUp
from tests.dashboard.calls import browser
from tests.dashboard.months import MONTH, call_at, close, credit_at
from tests.factories import MICROS, Caller

US = {
    "name": "CloudAPI MChJ",
    "stir": "301234567",
    "address": "Toshkent sh., Amir Temur koʻchasi, 1",
    "bank": "ATB “Ipoteka-bank”",
    "account": "20208000900123456001",
    "mfo": "00444",
    "vat_code": "326010012345",
    "contact": "+998 71 200 00 00",
    "director": "Gʻulomov Oʻ. Sh.",
}
THEM = {
    "is_legal_entity": "on",
    "name": "“Shoʻrtan ʼBahor” MChJ",
    "stir": "307 654 321",
    "address": "Buxoro sh., Навоий кўчаси, 5",
    "bank": "Hamkorbank",
    "account": "2020 8000 1001 2345 6002",
    "mfo": "00083",
    "vat_code": "",
    "pinfl": "",
    "contact": "Ёқубова Ҳ., +998 90 123 45 67",
}


def text_of(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(body)).pages).replace("\u00a0", " ")


def sheet(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(body.decode("utf-8-sig"))))


def legal(caller: Caller) -> Caller:
    """The caller with details; the page must take what people type."""
    response = browser(caller).post("/dashboard/papers/details", THEM)
    assert response.status_code == 302, response.content.decode()
    return caller


def paid(caller: Caller, uzs: int = 112_000) -> TopUp:
    """A top-up at Payme that has arrived, with its fiscal receipt."""
    topup = TopUp.objects.create(
        org=caller.organization,
        requested_by=caller.user,
        provider="payme",
        state="paid",
        amount_micros=uzs * MICROS,
        credited_micros=uzs * MICROS,
        decided_at=timezone.now(),
    )
    ProviderTransaction.objects.create(
        provider="payme", external_id="5f3c0de1", topup=topup, amount_tiyin=uzs * 100, state=2,
        provider_ms=1, create_ms=1, perform_ms=2,
        fiscal_perform={"receipt_id": 77, "qr_code_url": "https://ofd.soliq.uz/check?t=EZ000&r=77"},
    )  # fmt: skip
    return topup


def month_of(caller: Caller) -> Caller:
    """A month with a top-up, a present, calls in two projects and a refund-free end; the clock after it."""
    credit_at(caller, MONTH.starts_at, Kind.TOPUP, 100_000 * MICROS)
    credit_at(caller, MONTH.starts_at, Kind.PROMO, 1_000 * MICROS)
    other = {"model": "flux/schnell", "images": 3, "input_tokens": 0, "output_tokens": 0}
    call_at(caller, MONTH.starts_at + timedelta(hours=1), 12_345_678_901)
    call_at(caller, MONTH.starts_at + timedelta(days=9), 4_000_000_000, **other)
    close(MONTH)
    return caller
