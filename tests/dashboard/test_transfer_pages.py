"""A customer's way through a card transfer: amount, card, receipt, what became of it; and nobody else's."""

from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import ReceivingCard, TopUp
from billing.topups import approve, reject
from tests.dashboard.calls import browser, viewer
from tests.factories import MICROS, make_caller
from tests.transfers import arrived, ask, make_card, person, picture

pytestmark = pytest.mark.django_db
NUMBER = "8600 1200 0000 1234"


@pytest.fixture(autouse=True)
def receipts(settings, tmp_path: Path) -> Path:
    settings.RECEIPT_DIR = str(tmp_path)
    return tmp_path


def png(seed: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile("receipt.png", picture(seed=seed), content_type="image/png")


@pytest.mark.parametrize("given", [{"amount": "50 000"}, {"suggested": "50000", "amount": ""}])
def test_an_amount_leads_to_a_card_and_an_exact_amount(given: dict[str, str]) -> None:
    make_card()
    caller = make_caller()
    page = browser(caller).post("/dashboard/transfer", given, follow=True)
    topup = TopUp.objects.get(org=caller.organization)
    assert 50_001 * MICROS <= topup.amount_micros <= 50_099 * MICROS
    text = page.content.decode()
    assert f">{topup.amount_micros // MICROS}<" in text and NUMBER in text
    assert "data:image/svg+xml;base64," in text and "data-countdown" in text
    assert page.headers["Cache-Control"].count("no-store")


@pytest.mark.parametrize("amount", ["", "4999", "10000001", "50000.50", "-1", "1e6"])
def test_an_amount_out_of_the_limits_is_refused_with_a_word(amount: str) -> None:
    make_card()
    caller = make_caller()
    page = browser(caller).post("/dashboard/transfer", {"amount": amount}).content.decode()
    assert "errorlist" in page
    assert not TopUp.objects.filter(org=caller.organization).exists()


def test_without_a_card_nobody_is_sent_anywhere() -> None:
    ReceivingCard.objects.update(active=False)
    client = browser(make_caller())
    assert "No card takes transfers now" in client.get("/dashboard/transfer").content.decode()
    client.post("/dashboard/transfer", {"amount": "50000"})
    assert not TopUp.objects.filter(state="pending", amount_micros__gt=50_000 * MICROS).exists()


def test_the_fourth_open_transfer_is_refused() -> None:
    caller = make_caller()
    for _ in range(3):
        ask(caller)
    page = browser(caller).post("/dashboard/transfer", {"amount": "50000"}).content.decode()
    assert "3 open transfers" in page


def test_the_page_reloads_once_something_has_changed_and_asks_no_more_when_decided() -> None:
    caller = make_caller()
    topup = ask(caller)
    client, address = browser(caller), f"/dashboard/topups/{topup.pk}"
    first = client.get(address).content.decode()
    seen = unescape(first.split('data-live-seen="')[1].split('"')[0])
    asked = {"X-Part": "seen", "If-None-Match": seen}
    assert client.get(address, headers=asked).status_code == 304

    approve(topup.pk, person(), arrived(topup).pk)
    changed = client.get(address, headers=asked)
    assert (changed.status_code, changed.content) == (200, b"") and changed.headers["ETag"] != seen
    last = client.get(address).content.decode()
    assert "on your balance" in last and "data-live-part" not in last and NUMBER not in last
    assert f'href="/dashboard/papers/receipts/{topup.pk}.pdf"' in last


def test_a_receipt_is_uploaded_and_downloaded_as_an_attachment() -> None:
    caller = make_caller()
    topup = ask(caller)
    client = browser(caller)
    said = {"file": png(), "cheque_no": "AB 12", "sender_last4": "6478"}
    page = client.post(f"/dashboard/topups/{topup.pk}/receipt", said, follow=True).content.decode()
    receipt = topup.receipts.get()
    assert (receipt.cheque_no, receipt.sender_last4) == ("AB12", "6478")
    assert "We have your receipt" in page and "data-countdown" not in page
    assert "deleted 1,095 days after" in page

    file = client.get(f"/dashboard/topups/{topup.pk}/receipts/{receipt.name}")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert (file.headers["X-Content-Type-Options"], file.headers["Content-Type"]) == ("nosniff", "image/jpeg")
    assert "sandbox" in file.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("file", "word"),
    [
        (SimpleUploadedFile("receipt.png", b"<html>", content_type="image/png"), "no JPEG, PNG"),
        (SimpleUploadedFile("receipt.png", bytes(20 * 1024 * 1024)), "at most 5 MB"),
        (SimpleUploadedFile("receipt.png", b"%PDF-" + bytes(5 * 1024 * 1024)), "larger than 5 MB"),
        (SimpleUploadedFile("receipt.png", b""), "errorlist"),
        (None, "at most 5 MB"),
    ],
)
def test_a_bad_file_is_refused_with_a_word_and_leaves_nothing(
    file: SimpleUploadedFile | None, word: str, receipts: Path
) -> None:
    caller = make_caller()
    topup = ask(caller)
    given = {"file": file} if file else {}
    page = browser(caller).post(f"/dashboard/topups/{topup.pk}/receipt", given).content.decode()
    assert word in page
    assert not list(receipts.rglob("*"))
    assert not topup.receipts.exists()


def test_a_whole_card_number_is_never_taken() -> None:
    caller = make_caller()
    topup = ask(caller)
    said = {"file": png(), "sender_last4": "8600120000001234"}
    page = browser(caller).post(f"/dashboard/topups/{topup.pk}/receipt", said).content.decode()
    assert "never the whole number" in page


def test_a_request_is_cancelled_and_an_expired_one_says_what_to_do() -> None:
    caller = make_caller()
    cancelled, expired = ask(caller), ask(caller)
    client = browser(caller)
    page = client.post(f"/dashboard/topups/{cancelled.pk}/cancel", follow=True).content.decode()
    assert "You have cancelled" in page and NUMBER not in page
    TopUp.objects.filter(pk=expired.pk).update(state="expired", decided_at=timezone.now())
    page = client.get(f"/dashboard/topups/{expired.pk}").content.decode()
    assert "The time is over" in page and NUMBER not in page and "Upload the receipt" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("uz", "Oʻtkazma kelib tushmadi."),
        ("ru", "Перевод не поступил."),
        ("en", "The transfer has not arrived."),
    ],
)
def test_a_rejection_is_told_in_the_readers_language(language: str, words: str) -> None:
    caller = make_caller()
    topup = ask(caller)
    reject(topup.pk, person(), "", TopUp.Refusal.NOT_ARRIVED)
    for address in (f"/dashboard/topups/{topup.pk}", "/dashboard/billing"):
        page = browser(caller).get(address, headers={"Accept-Language": language})
        assert words in page.content.decode()


def test_a_viewer_looks_and_changes_nothing() -> None:
    caller = make_caller()
    topup = ask(caller)
    client = viewer(caller)
    assert client.get(f"/dashboard/topups/{topup.pk}").status_code == 200
    for address in (
        "/dashboard/transfer",
        f"/dashboard/topups/{topup.pk}/receipt",
        f"/dashboard/topups/{topup.pk}/cancel",
    ):
        assert client.post(address, {"amount": "50000", "file": png()}).status_code == 403
    assert TopUp.objects.filter(org=caller.organization).count() == 1


def test_alice_reaches_neither_bobs_transfer_nor_his_receipt() -> None:
    alice, bob = make_caller(), make_caller()
    his, hers = ask(bob), ask(alice)
    browser(bob).post(f"/dashboard/topups/{his.pk}/receipt", {"file": png()})
    receipt = his.receipts.get()
    client = browser(alice)
    for address in (
        f"/dashboard/topups/{his.pk}",
        f"/dashboard/topups/{his.pk}/receipts/{receipt.name}",
        f"/dashboard/topups/{hers.pk}/receipts/{receipt.name}",
    ):
        assert client.get(address).status_code == 404
        assert client.get(address, headers={"X-Part": "seen"}).status_code == 404
    assert client.post(f"/dashboard/topups/{his.pk}/receipt", {"file": png(1)}).status_code == 404
    assert client.post(f"/dashboard/topups/{his.pk}/cancel").status_code == 404
    nobody = browser(alice)
    nobody.logout()
    assert nobody.get(f"/dashboard/topups/{his.pk}/receipts/{receipt.name}").status_code == 302
    assert (his.receipts.count(), TopUp.objects.get(pk=his.pk).state) == (1, "pending")
