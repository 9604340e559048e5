"""Operators' pages of bank transfers: the queue, the decision, cards of ours, statements."""

from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import User
from billing.admin.amounts import format_uzs
from billing.bank.receipts import Upload, add_receipt
from billing.ledger import balance
from billing.models import ReceivingCard, TopUp
from billing.topups import approve
from tests.billing.books import UZS
from tests.factories import make_caller
from tests.transfers import arrived, ask, make_card, person, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(person(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def asked() -> TopUp:
    return ask(make_caller(), 1_500_000)


def decide_url(topup: TopUp) -> str:
    return reverse("admin:billing_topup_decide", args=[topup.pk])


def test_the_page_shows_the_match_and_one_click_credits_it(operator: Client, asked: TopUp) -> None:
    change = operator.get(reverse("admin:billing_topup_change", args=[asked.pk])).text
    assert decide_url(asked) in change
    incoming = arrived(asked)
    page = operator.get(decide_url(asked)).text
    assert format_uzs(asked.amount_micros) in page and f'value="{incoming.pk}"' in page

    for _ in range(2):
        operator.post(decide_url(asked), {"incoming": incoming.pk})

    assert balance(asked.org_id).paid == asked.amount_micros
    assert decide_url(asked) not in operator.get(reverse("admin:billing_topup_change", args=[asked.pk])).text


def test_the_second_of_two_operators_is_told_it_is_decided(operator: Client, asked: TopUp) -> None:
    incoming = arrived(asked)
    approve(asked.pk, person(), incoming.pk)
    page = operator.post(decide_url(asked), {"incoming": incoming.pk}, follow=True).text
    assert "decided before" in page


def test_what_has_arrived_is_entered_and_approved_in_one_step(operator: Client, asked: TopUp) -> None:
    at = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    said = {"card": asked.card_id, "amount": "1.500.000,00", "at": at, "enter": "1"}
    operator.post(decide_url(asked), said)
    asked.refresh_from_db()
    assert (asked.state, balance(asked.org_id).paid) == ("paid", 1_500_000 * UZS)

    again = ask(make_caller(), 1_500_000)
    page = operator.post(decide_url(again), said)
    assert "This transfer is known" in page.text and balance(again.org_id).total == 0


def test_without_a_choice_nothing_is_approved(operator: Client, asked: TopUp) -> None:
    for said in ({}, {"incoming": ""}, {"incoming": "0"}, {"incoming": "x"}):
        page = operator.post(decide_url(asked), said, follow=True).text
        assert "Choose the transfer" in page
    assert balance(asked.org_id).total == 0


def test_rejection_keeps_the_reason_from_the_list_and_the_operators_words(
    operator: Client, asked: TopUp
) -> None:
    operator.post(decide_url(asked), {"reject": "1", "refusal": "not_arrived", "reason": "looked twice"})

    asked.refresh_from_db()
    assert (asked.state, asked.refusal, asked.reason) == ("rejected", "not_arrived", "looked twice")


def test_a_large_one_says_that_another_operator_is_needed(operator: Client, asked: TopUp, settings) -> None:
    settings.BANK_SECOND_PERSON_UZS = 1_000_000
    incoming = arrived(asked)
    page = operator.post(decide_url(asked), {"incoming": incoming.pk}, follow=True).text
    assert "Another operator has to approve it" in page
    page = operator.post(decide_url(asked), {"incoming": incoming.pk}, follow=True).text
    assert "somebody else" in page and balance(asked.org_id).total == 0


def test_who_asked_is_told_that_another_person_approves(asked: TopUp) -> None:
    User.objects.filter(pk=asked.requested_by_id).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=asked.requested_by_id))

    page = client.post(decide_url(asked), {"incoming": arrived(asked).pk}, follow=True).text

    assert "decide it" in page
    assert balance(asked.org_id).total == 0


def test_without_the_right_nothing_is_decided(asked: TopUp) -> None:
    client = Client()
    client.force_login(person(is_staff=True))

    assert client.post(decide_url(asked), {"incoming": arrived(asked).pk}).status_code == 403
    assert balance(asked.org_id).total == 0


def test_those_that_wait_with_a_receipt_come_first_then_all_that_wait(
    operator: Client, settings, tmp_path: Path
) -> None:
    settings.RECEIPT_DIR = str(tmp_path)
    claimed, bare, decided = (ask(make_caller()) for _ in range(3))
    add_receipt(claimed.pk, claimed.requested_by, Upload(picture(seed=11), ""))
    approve(decided.pk, person(), arrived(decided).pk)
    page = operator.get(reverse("admin:billing_topup_changelist")).text
    places = [page.index(f"/topup/{one.pk}/change/") for one in (claimed, bare, decided)]
    assert places == sorted(places)


def test_flags_of_receipts_are_loud_and_lead_to_the_other_request(
    operator: Client, asked: TopUp, settings, tmp_path: Path
) -> None:
    settings.RECEIPT_DIR = str(tmp_path)
    other = ask(make_caller())
    for topup in (asked, other):
        receipt = add_receipt(topup.pk, topup.requested_by, Upload(picture(seed=9), "77"))
    for topup, twin in ((asked, other), (other, asked)):
        page = operator.get(decide_url(topup)).text
        assert "The same file was uploaded before" in page and f">{twin.pk}</a>" in page
    assert "the cheque number was used before" in operator.get(reverse("admin:billing_topup_changelist")).text

    file = operator.get(reverse("admin:billing_receipt_file", args=[receipt.name]))
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    customer = Client()
    customer.force_login(asked.requested_by)
    assert customer.get(reverse("admin:billing_receipt_file", args=[receipt.name])).status_code == 302


def test_a_cards_number_is_written_once_and_never_shown(operator: Client) -> None:
    said = {"number": "8600 4912 3456 7890", "holder": "CLOUDAPI", "bank": "Ipak", "active": "on"}
    operator.post(reverse("admin:billing_receivingcard_add"), said | {"daily_limit": "5 000 000"})
    card = ReceivingCard.objects.get(last4="7890")
    assert (card.number, card.daily_limit_micros) == ("8600491234567890", 5_000_000 * UZS)
    for page in (
        reverse("admin:billing_receivingcard_changelist"),
        reverse("admin:billing_receivingcard_change", args=[card.pk]),
    ):
        text = operator.get(page).text
        assert "8600 49** **** 7890" in text and "8600491234567890" not in text
    assert "there already" in operator.post(reverse("admin:billing_receivingcard_add"), said).text


CSV = "Sana;Kirim;Qoldiq;Izoh\n20.11.2026 12:00;50 037,00;100 037,00;=1+1 P2P\nnever;5;;\n"


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "cp1251", "xlsx"])
def test_a_statement_is_shown_first_and_imported_once(operator: Client, kind: str) -> None:
    card = make_card()
    data = {
        "csv": CSV.encode(),
        "cp1251": CSV.replace("Sana", "Дата").replace("Kirim", "Приход").encode("cp1251"),
        "xlsx": sheet(
            ("Date", "Credit", "Balance", "Details"),
            (datetime(2026, 11, 20, 12, 0), 50037, 100037.0, "P2P"),  # noqa: DTZ001 - a spreadsheet's
            ("never", 5, None, "=HYPERLINK(1)"),
        ),
    }[kind]
    url = reverse("admin:billing_incomingtransfer_statement")
    page = operator.post(url, {"card": card.pk, "file": SimpleUploadedFile("statement", data)})
    assert "1 new transfer." in page.text and "the date can&#x27;t be read" in page.text
    assert not card.incoming.exists()

    confirm = page.context["confirm"]
    for _ in range(2):
        operator.post(url, {"confirm": confirm})
    (incoming,) = card.incoming.all()
    assert (incoming.amount_micros, incoming.balance_after_micros) == (50_037 * UZS, 100_037 * UZS)
    assert incoming.details in ("1+1 P2P", "P2P")
    assert "too old" in operator.post(url, {"confirm": confirm + "x"}, follow=True).text


def test_pasted_messages_of_another_card_are_noticed(operator: Client) -> None:
    card = make_card("8600120000009999")
    text = "HUMOCARD *1234: popolnenie 5000.00 UZS; TEST BANK; 25-05-04 21:06; Dostupno: 9000.00 UZS"
    url = reverse("admin:billing_incomingtransfer_statement")
    assert "of another card" in operator.post(url, {"card": card.pk, "text": text}).text


@pytest.mark.parametrize("data", [b"", b"nothing", b"PK\x03\x04broken", b"\0" * 100])
def test_a_file_that_is_no_statement_is_refused(operator: Client, data: bytes) -> None:
    url = reverse("admin:billing_incomingtransfer_statement")
    assert "errorlist" in operator.post(url, {"file": SimpleUploadedFile("x.csv", data)}).text


def test_a_mistyped_transfer_may_go_until_it_is_used(operator: Client, asked: TopUp) -> None:
    free, used = arrived(asked), arrived(asked)
    approve(asked.pk, person(), used.pk)
    for incoming in (free, used):
        shown = operator.get(reverse("admin:billing_incomingtransfer_change", args=[incoming.pk]))
        assert shown.status_code == 200 and format_uzs(incoming.amount_micros) in shown.text
        operator.post(reverse("admin:billing_incomingtransfer_delete", args=[incoming.pk]), {"post": "yes"})
    assert list(asked.card.incoming.all()) == [used]
