"""Papers: what they say, that they never change, and who may have them."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import BillingDetails, Membership, Role, User
from billing.ids import Kind
from billing.models import ProviderTransaction, TopUp
from dashboard import tasks
from dashboard.models import Paper
from dashboard.moments import today
from dashboard.papers import issue
from dashboard.papers.figures import Act, statement_of, vat_within
from dashboard.papers.files import act_file, monthly_statement, receipt_file, statement_file
from dashboard.papers.months import Month
from dashboard.papers.ready import Ready, keep, made
from tests.billing.books import set_clock
from tests.dashboard.calls import browser, log_call, viewer
from tests.dashboard.months import MONTH, call_at, close, credit_at
from tests.factories import MICROS, Caller, make_caller

pytestmark = pytest.mark.django_db

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


@pytest.fixture(autouse=True)
def _company(settings: Any) -> None:
    settings.COMPANY = US
    settings.VAT_BPS = 1200


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


# --- Receipts -----------------------------------------------------------------------------------------------


def test_a_receipt_names_both_sides_the_amount_and_its_vat() -> None:
    caller = legal(make_caller())
    paper = issue.receipt(paid(caller))
    assert paper is not None
    said = text_of(receipt_file(paper, "pdf", "uz").body)
    for part in (
        *("301234567", "307654321", "“Shoʻrtan ʼBahor” MChJ", "Навоий кўчаси", "Ёқубова Ҳ."),
        *(
            "Bir yuz oʻn ikki ming soʻm 00 tiyin",
            "12 000,00",
            "112 000,00",
            "5f3c0de1",
            "ofd.soliq.uz",
            paper.number,
        ),
    ):
        assert part in said, part
    assert "Сто двенадцать тысяч сумов 00 тийинов" in text_of(receipt_file(paper, "pdf", "ru").body)
    assert "One hundred twelve thousand soʻm" in text_of(receipt_file(paper, "pdf", "en").body)


def test_a_receipt_without_vat_says_so(settings: Any) -> None:
    settings.VAT_BPS = 0
    paper = issue.receipt(paid(make_caller()))
    assert paper is not None
    assert "VAT is not applied" in text_of(receipt_file(paper, "pdf", "en").body)


def test_a_receipt_as_csv_has_exact_figures() -> None:
    paper = issue.receipt(paid(make_caller()))
    assert paper is not None
    row = sheet(receipt_file(paper, "csv", "en").body)[0]
    assert (row["amount_uzs"], row["vat_percent"], row["vat_uzs"]) == ("112000", "12", "12000")
    assert (row["number"], row["seller_stir"], row["references"]) == (paper.number, "301234567", "5f3c0de1")


def test_a_bank_transfer_is_named_by_the_customers_reference() -> None:
    caller = make_caller()
    topup = TopUp.objects.create(
        org=caller.organization,
        requested_by=caller.user,
        state="paid",
        amount_micros=5000 * MICROS,
        credited_micros=5000_500_000,
        reference="Order 118",
        approved_by=make_caller().user,
        decided_at=timezone.now(),
    )
    paper = issue.receipt(topup)
    assert paper is not None
    said = text_of(receipt_file(paper, "pdf", "en").body)
    assert "Order 118" in said and "5,000.50" in said and "five thousand soʻm 50 tiyin" in said.lower()
    assert "Fiscal receipt" not in said


def test_only_what_arrived_has_a_receipt() -> None:
    caller = make_caller()
    topup = TopUp.objects.create(
        org=caller.organization, requested_by=caller.user, amount_micros=5000 * MICROS, reference="1"
    )
    assert issue.receipt(topup) is None
    assert browser(caller).get(f"/dashboard/papers/receipts/{topup.pk}.pdf").status_code == 404


# --- Frozen -------------------------------------------------------------------------------------------------


def test_an_issued_paper_is_the_same_bytes_for_ever(settings: Any) -> None:
    caller = legal(month_of(make_caller()))
    client = browser(caller)
    topup = paid(caller)
    address = f"/dashboard/papers/receipts/{topup.pk}.pdf?lang=ru"
    first = client.get(address).content
    statement = monthly_statement(caller.organization, MONTH, "uz").body
    BillingDetails.objects.update(name="Another name", stir="111111111")
    settings.COMPANY = US | {"name": "Renamed", "stir": "999999999"}
    settings.VAT_BPS = 1500
    call_at(caller, MONTH.starts_at + timedelta(days=2), MICROS)  # can't happen; would be seen
    close(MONTH)
    assert client.get(address).content == first
    assert monthly_statement(caller.organization, MONTH, "uz").body == statement
    assert Paper.objects.filter(organization=caller.organization).count() == 2


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_keeps_papers_as_they_are(change: str) -> None:
    paper = issue.receipt(paid(make_caller()))
    assert paper is not None
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        if change == "update":
            Paper.objects.filter(pk=paper.pk).update(subject="0")
        else:
            paper.delete()


def test_the_digest_covers_figures_and_names() -> None:
    caller = make_caller()
    paper = issue.receipt(paid(caller))
    assert paper is not None
    held = Paper.objects.get(pk=paper.pk)
    whole = {"figures": held.figures, "payer": held.payer, "company": held.company}
    assert issue.digest(whole) == held.sha256 != issue.digest(whole | {"payer": {"name": "x"}})


# --- Statements ---------------------------------------------------------------------------------------------


def test_a_statement_shows_what_came_what_went_and_what_is_left() -> None:
    caller = month_of(make_caller())
    said = text_of(monthly_statement(caller.organization, MONTH, "en").body)
    for part in (
        *("Opening balance", "Top-up (1)", "100,000.000000", "Promo balance (1)", "Closing balance"),
        *("openai/gpt-4o", "flux/schnell", "3 images", "12,345.678901", "84,654.321099", "16,345.678901"),
    ):
        assert part in said, part


def test_a_statement_as_csv_adds_up_to_the_micro() -> None:
    caller = month_of(make_caller())
    paper = issue.statement(caller.organization, MONTH)
    found = Ready(statement_of(paper.figures), paper)
    rows = sheet(statement_file(caller.organization, found, "csv", "en").body)
    micros = [round(float(row["amount_uzs"]) * 10**6) for row in rows]
    assert rows[0]["line"] == "opening" and rows[-1]["line"] == "closing"
    assert sum(micros[:-1]) == micros[-1] == 84_654_321_099
    days = sheet(statement_file(caller.organization, found, "days.csv", "en").body)
    assert [(row["date"], row["cost_uzs"]) for row in days] == [
        (f"{MONTH}-01", "12345.678901"),
        (f"{MONTH}-10", "4000"),
    ]


def test_the_month_under_way_is_preliminary_and_never_kept() -> None:
    caller = make_caller(balance_uzs=10)
    log_call(caller)
    page = browser(caller).get(f"/dashboard/papers/{Month.of(today())}/statement.pdf?lang=en")
    assert page.headers["Content-Disposition"].endswith('-preliminary-en.pdf"')
    assert "preliminary, as of" in text_of(page.content)
    assert not Paper.objects.filter(organization=caller.organization).exists()
    with pytest.raises(issue.NotClosed):
        issue.statement(caller.organization, Month.of(today()))


def test_a_name_cant_become_a_formula_or_mark_up() -> None:
    caller = make_caller(balance_uzs=1000)
    caller.project.name = "=cmd|' /C calc'!A1 <b>&"
    caller.project.save()
    call_at(caller, MONTH.starts_at, MICROS)
    close(MONTH)
    paper = issue.statement(caller.organization, MONTH)
    found = Ready(statement_of(paper.figures), paper)
    rows = sheet(statement_file(caller.organization, found, "csv", "en").body)
    assert any(row["project"].startswith("'=cmd") for row in rows)
    assert "<b>&" in text_of(statement_file(caller.organization, found, "pdf", "en").body)


def test_a_long_month_is_made_ready_by_a_worker(settings: Any, monkeypatch: Any) -> None:
    settings.PAPER_CALLS_DIRECT = 1
    asked: list[Any] = []
    monkeypatch.setattr("dashboard.papers.ready.current_app.send_task", lambda *args, **_: asked.append(args))
    caller = make_caller(balance_uzs=1)
    client, month = browser(caller), Month.of(today())
    for _ in range(2):
        log_call(caller)
    address = f"/dashboard/papers/{month}/statement.pdf"
    page = client.get(address, follow=True)
    assert "being prepared" in page.content.decode()
    client.get(address)
    assert asked == [("dashboard.tasks.prepare_month", [caller.organization.pk, str(month)])]
    tasks.prepare_month(*asked[0][1])
    waiting = client.get(f"{address}/preparing", headers={"HX-Request": "true"}).content.decode()
    assert "Download" in waiting and "hx-get" not in waiting
    assert client.get(address).headers["Content-Type"] == "application/pdf"


def test_a_closed_long_month_is_issued_by_the_worker() -> None:
    caller = month_of(make_caller())
    keep(caller.organization, MONTH)
    keep(caller.organization, MONTH)
    assert Paper.objects.get(organization=caller.organization).kind == Paper.Kind.STATEMENT
    assert made(caller.organization, MONTH).paper is not None


# --- Acts ---------------------------------------------------------------------------------------------------


def test_an_act_is_for_legal_entities_and_for_paid_services() -> None:
    caller = month_of(make_caller())
    with pytest.raises(issue.NoAct):
        issue.act(caller.organization, MONTH)
    paper = issue.act(legal(caller).organization, MONTH)
    act = Act(**paper.figures)
    assert act.tiyin == 1_534_568  # 16,345.678901 less the present of 1,000
    vat = vat_within(act.tiyin, 1200)
    said = text_of(act_file(paper, "pdf", "ru").body)
    for part in ("15 345,68", f"{vat // 100:,}".replace(",", " "), "Gʻulomov", "Заказчик"):
        assert part in said, part
    row = sheet(act_file(paper, "csv", "ru").body)[0]
    assert (row["amount_uzs"], row["payer_stir"]) == ("15345.68", "307654321")


def test_a_month_without_paid_services_has_no_act() -> None:
    caller = legal(make_caller())
    close(MONTH)
    with pytest.raises(issue.NoAct):
        issue.act(caller.organization, MONTH)


def test_without_our_own_number_there_are_no_acts(settings: Any) -> None:
    settings.COMPANY = US | {"stir": ""}
    assert not issue.gets_acts(legal(make_caller()).organization)


# --- Pages and people ---------------------------------------------------------------------------------------


def test_the_list_has_months_and_receipts_or_says_that_there_are_none() -> None:
    caller = make_caller()
    client = browser(caller)
    empty = client.get("/dashboard/papers").content.decode()
    assert "No receipts yet" in empty and f"/dashboard/papers/{Month.of(today())}/statement.pdf" in empty
    topup = paid(caller)
    assert f"/dashboard/papers/receipts/{topup.pk}.pdf" in client.get("/dashboard/papers").content.decode()


def test_papers_are_ones_own() -> None:
    alice, bob = make_caller(), make_caller(balance_uzs=77)
    topup = paid(bob)
    for form in ("pdf", "csv"):
        assert browser(bob).get(f"/dashboard/papers/receipts/{topup.pk}.{form}").status_code == 200
        assert browser(alice).get(f"/dashboard/papers/receipts/{topup.pk}.{form}").status_code == 404
    log_call(bob, model="bobs/model")
    for name in ("statement.csv", "days.csv"):
        page = browser(alice).get(f"/dashboard/papers/{Month.of(today())}/{name}")
        assert page.status_code == 200 and b"bobs" not in page.content
    legal(bob)
    assert "307654321" not in browser(alice).get("/dashboard/papers").content.decode()
    assert "307654321" not in browser(alice).get("/dashboard/papers/details").content.decode()


@pytest.mark.parametrize("address", ["", "/details", "/receipts/1.pdf", "/2026-11/statement.pdf"])
def test_strangers_are_sent_to_sign_in(address: str) -> None:
    assert Client().get(f"/dashboard/papers{address}").status_code == 302


@pytest.mark.parametrize("month", ["2020-01", "2999-12", "2026-13", "202611x", "٢٠٢٦-٠١", "2026-1-"])
def test_a_month_that_was_not_is_not_found(month: str) -> None:
    client = browser(make_caller())
    assert client.get(f"/dashboard/papers/{month}/statement.pdf").status_code == 404
    assert client.get(f"/dashboard/papers/{Month.of(today())}/statement.exe").status_code == 404


def test_viewers_read_papers_and_change_no_details() -> None:
    caller = make_caller()
    topup = paid(caller)
    client = viewer(caller)
    assert client.get(f"/dashboard/papers/receipts/{topup.pk}.pdf").status_code == 200
    assert "Fill in details" not in client.get("/dashboard/papers").content.decode()
    assert client.get("/dashboard/papers/details").status_code == 403
    assert client.post("/dashboard/papers/details", THEM).status_code == 403
    Membership.objects.exclude(user=caller.user).filter(organization=caller.organization).update(
        role=Role.DEVELOPER
    )
    assert client.post("/dashboard/papers/details", THEM).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stir", "12345678"),
        ("stir", "١٢٣٤٥٦٧٨٩"),
        ("account", "1" * 19),
        ("mfo", "0044x"),
        ("stir", ""),
        ("address", ""),
    ],
)
def test_details_that_cant_be_are_refused(field: str, value: str) -> None:
    caller = make_caller()
    page = browser(caller).post("/dashboard/papers/details", THEM | {field: value})
    assert "errorlist" in page.content.decode()
    assert not BillingDetails.objects.exists()


def test_a_person_needs_no_details_at_all() -> None:
    caller = make_caller()
    assert browser(caller).post("/dashboard/papers/details", {"name": "Aziz"}).status_code == 302
    held = BillingDetails.objects.get(organization=caller.organization)
    assert (held.name, held.updated_by) == ("Aziz", caller.user)


def test_an_act_that_isnt_due_is_said_on_the_list() -> None:
    caller = legal(make_caller())
    client = browser(caller)
    page = client.get(f"/dashboard/papers/{Month.of(today())}/act.pdf", follow=True)
    assert "when the month is closed" in page.content.decode()


def test_an_act_can_be_downloaded_again() -> None:
    caller, month = make_caller(balance_uzs=5), Month.of(today())
    op_moment = month.starts_at + timedelta(hours=30)
    call_at(caller, op_moment, MICROS)
    close(month)
    paper = issue.act(legal(caller).organization, month)
    set_clock(None)
    page = browser(caller).get(f"/dashboard/papers/{month}/act.pdf?lang=uz")
    assert page.content == act_file(paper, "pdf", "uz").body


def test_operators_see_papers_and_change_none() -> None:
    caller = legal(make_caller())
    paper = issue.receipt(paid(caller))
    assert paper is not None
    client = Client()
    client.force_login(User.objects.create_superuser(f"operator-{caller.user.email}", "x"))
    assert paper.number in client.get("/admin/dashboard/paper/").content.decode()
    address = f"/admin/dashboard/paper/{paper.pk}/change/"
    assert "307654321" in client.get(address).content.decode()
    assert client.post(address, {"subject": "0"}).status_code == 403
    assert client.post(f"/admin/dashboard/paper/{paper.pk}/delete/", {"post": "yes"}).status_code == 403
    organization = client.get(f"/admin/accounts/organization/{caller.organization.pk}/change/")
    assert "307654321" in organization.content.decode()
