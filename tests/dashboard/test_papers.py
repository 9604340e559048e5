"""What papers say, and that they never change."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from accounts.models import BillingDetails
from billing.models import TopUp
from dashboard import tasks
from dashboard.models import Paper
from dashboard.moments import today
from dashboard.papers import issue
from dashboard.papers.figures import Act, statement_of, vat_within
from dashboard.papers.files import act_file, monthly_statement, receipt_file, statement_file
from dashboard.papers.months import Month
from dashboard.papers.pages import month_name
from dashboard.papers.ready import Ready, keep, made
from tests.dashboard.calls import browser, log_call
from tests.dashboard.months import MONTH, call_at, close
from tests.dashboard.papers import US, legal, month_of, paid, sheet, text_of
from tests.factories import MICROS, make_caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _company(settings: Any) -> None:
    settings.COMPANY = US
    settings.VAT_BPS = 1200


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
        *("Opening balance", "Top-up (1)", "100,000.000000", "Bonus (1)", "Closing balance"),
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


@pytest.mark.parametrize(
    ("language", "told"), [("uz", "2026-yil noyabr"), ("ru", "ноябрь 2026"), ("en", "November 2026")]
)
def test_a_month_is_named_as_its_language_does_in_letters_that_papers_have(language: str, told: str) -> None:
    with translation.override(language):
        name = month_name("2026-11")
    assert name.lower() == told.lower()


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
    waiting = client.get(f"{address}/preparing", headers={"X-Part": "state"}).content.decode()
    assert "Download" in waiting and "data-live-part" not in waiting
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
