"""What providers say themselves: kept once, compared by payment, beside our totals in the admin."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from accounts.models import Alert, User
from billing import payments, statements
from billing.bank.files import read_as
from billing.bank.lines import NotAStatement
from billing.models import Channel, Discrepancy, ProviderStatement, ProviderTransaction, StatementLine
from billing.payments import now_ms
from billing.providers.kept import first_gap
from billing.providers.statement import Line, read_rows
from billing.statements import Upload, differing, figures, latest, take_in
from tests.factories import MICROS
from tests.payments.providers import PRICE_TIYIN, PRICE_UZS, begun, owed
from tests.transfers import person

pytestmark = pytest.mark.django_db
HEAD = "ID транзакции;Дата;Сумма, сум;Комиссия;Статус"
FEE = 1_000


def today() -> date:
    return timezone.localdate()


def told(*rows: tuple[ProviderTransaction | str, int, str]) -> bytes:
    """A cabinet's export: number, so'm, state."""
    lines = [HEAD]
    for payment, so_m, state in rows:
        number = payment if isinstance(payment, str) else payment.external_id
        lines.append(f"{number};{today():%d.%m.%Y} 10:00:05;{so_m},00;{FEE};{state}")
    return "\n".join([*lines, f"Итого;;{sum(row[1] for row in rows)},00;;"]).encode()


def upload(data: bytes, provider: Channel = Channel.PAYME, name: str = "november.csv") -> Upload:
    return Upload(provider=provider, since=today(), until=today(), data=data, name=name)


def paid(provider: Channel = Channel.PAYME) -> ProviderTransaction:
    return begun(owed(provider=provider), performed=True)


def test_a_files_totals_stand_beside_ours_and_what_differs_is_told_once() -> None:
    right, missing, given_back = paid(), paid(), paid()
    payments.take_back(given_back.topup, given_back, now_ms(), 5)
    data = told((right, PRICE_UZS, "Оплачен"), (given_back, PRICE_UZS, "Возврат"), ("x-1", 70, "Оплачен"))

    done = take_in(upload(data), person())

    assert (done.is_new, done.differences, done.statement.lines_count) == (True, 2, 3)
    found = figures(done.statement)
    assert done.statement.taken_micros == (2 * PRICE_UZS + 70) * MICROS
    assert (found.their_net, found.net) == ((PRICE_UZS + 70) * MICROS, 2 * PRICE_UZS * MICROS)
    assert found.difference == (70 - PRICE_UZS) * MICROS
    assert found.to_arrive == found.their_net - 3 * FEE * MICROS
    assert {(one.external_id, one.kind.value) for one in differing(done.statement)} == {
        ("x-1", "unknown_here"), (missing.external_id, "unknown_there")
    }  # fmt: skip
    again = take_in(upload(data), person())
    assert (again.is_new, again.statement.pk, again.differences) == (False, done.statement.pk, 0)
    assert StatementLine.objects.filter(statement=done.statement).count() == 3


def test_a_payment_that_two_files_tell_is_kept_once_and_another_amount_is_a_discrepancy() -> None:
    payment = paid()
    first = take_in(upload(told((payment, PRICE_UZS, "Оплачен"))), None).statement
    second = take_in(upload(told((payment, PRICE_UZS, "Оплачен"), ("x-2", 5, "Ошибка"))), None).statement
    assert StatementLine.objects.filter(external_id=payment.external_id).count() == 1
    assert first.taken_micros == second.taken_micros == PRICE_UZS * MICROS
    take_in(upload(told((payment, PRICE_UZS + 1, "Оплачен"))), None)
    said = Discrepancy.objects.get(external_id=payment.external_id, kind="amount")
    assert said.ours == f"told before: {PRICE_TIYIN} tiyin"


def test_what_is_given_back_after_the_import_leaves_the_statement_as_it_was() -> None:
    payment = paid()
    statement = take_in(upload(told((payment, PRICE_UZS, "Оплачен"))), None).statement
    payments.take_back(payment.topup, payment, now_ms() + 60_000, 5)
    assert (figures(statement).difference, differing(statement)) == (0, [])
    later = take_in(upload(told((payment, PRICE_UZS, "Возврат"))), None).statement
    assert {one.kind.value for one in differing(statement)} == set()
    ProviderTransaction.objects.filter(pk=payment.pk).update(cancel_ms=payment.perform_ms)
    assert figures(later).net == figures(later).their_net == 0


def xlsx(*rows: list[object]) -> bytes:
    book, file = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def test_an_xlsx_with_a_title_and_numbers_as_numbers_is_read_like_a_csv() -> None:
    data = xlsx(
        ["Hisobot 01.11.2026 - 30.11.2026"],
        [],
        ["№", "click_trans_id", "Toʻlov summasi (soʻm)", "Komissiya", "Holati", "Sana"],
        [1, 123_456_789_012_345, 50000, 12.5, "toʻlangan", date(2026, 11, 20)],
        [2, 1002.0, 1500.25, None, "qaytarilgan", "20.11.2026 10:00"],
        ["Jami", None, 51500.25, 12.5, None, None],
    )
    day = date(2026, 11, 20)
    assert read_as(read_rows, data) == [
        Line("123456789012345", 5_000_000, True, False, 1250, day),
        Line("1002", 150_025, False, True, 0, day),
    ]


def test_a_number_that_a_spreadsheet_has_cut_is_refused() -> None:
    with pytest.raises(NotAStatement, match="cuts numbers"):
        read_as(read_rows, xlsx(["id", "amount", "state"], [9_223_372_036_854_775_807, 5, "paid"]))


@given(st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=8))
def test_any_table_is_read_or_refused(rows: list[list[str]]) -> None:
    for head in ([], [["id", "amount", "state", "date"]]):
        try:
            found = read_rows([*head, *rows])
        except NotAStatement:
            continue
        assert all(line.tiyin >= 0 and line.external_id for line in found)


def test_a_file_of_other_days_is_refused_whole() -> None:
    said = Upload(
        provider=Channel.PAYME,
        since=today() - timedelta(days=9),
        until=today() - timedelta(days=5),
        data=told(("x-3", 5, "Оплачен")),
    )
    with pytest.raises(NotAStatement, match="outside of the days"):
        take_in(said, None)
    assert not ProviderStatement.objects.filter(since=said.since).exists()


def test_statements_and_their_lines_stay_as_they_were_imported() -> None:
    statement = take_in(upload(told(("x-4", 5, "Оплачен"))), None).statement
    for rows in (ProviderStatement.objects.filter(pk=statement.pk), statement.lines.all()):
        with pytest.raises(Error), transaction.atomic():
            rows.update(provider="click")


def stated(since: int, until: int, provider: Channel = Channel.CLICK) -> ProviderStatement:
    """A statement from so many days ago to so many days ago."""
    return ProviderStatement.objects.create(
        provider=provider,
        source=ProviderStatement.Source.FILE,
        since=today() - timedelta(days=since),
        until=today() - timedelta(days=until),
        digest=f"{provider}{since}-{until}",
        lines_count=0,
        taken_micros=0,
    )


def test_gaps_and_age_are_named() -> None:
    old = stated(60, 40)
    assert first_gap(old) == "" and figures(old).stale
    new = stated(30, 1)
    assert first_gap(new) == str(today() - timedelta(days=39)) and not figures(new).stale
    stated(45, 28)
    assert first_gap(new) == ""


def test_operators_hear_once_a_week_of_a_provider_whose_money_moves_without_a_statement(settings) -> None:
    settings.PAYME_KEY = settings.PAYME_MERCHANT_ID = "x"
    key = f"statement:payme:{today():%G-%V}"
    payment = paid()
    stated(90, 60, Channel.PAYME)
    statements.tell_of_stale()
    assert not Alert.objects.filter(dedupe_key=key).exists()
    old = now_ms() - 30 * 86_400_000
    ProviderTransaction.objects.filter(pk=payment.pk).update(provider_ms=old)
    statements.tell_of_stale()
    statements.tell_of_stale()
    assert Alert.objects.filter(dedupe_key=key).count() == 1


def operator(**rights: bool) -> Client:
    client = Client()
    client.force_login(person(is_staff=True, **rights))
    return client


def file(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("november.csv", data, content_type="text/csv")


def test_an_operator_imports_a_file_and_sees_what_differs_and_the_finance_page_says_so() -> None:
    payment = paid(Channel.CLICK)
    client, url = operator(is_superuser=True), reverse("admin:billing_providerstatement_add")
    days = {"provider": "click", "since": str(today()), "until": str(today())}
    data = told((payment, PRICE_UZS, "Успешно"), ("x-5", 70, "Успешно"))
    page = client.post(url, days | {"file": file(b"a;b\n1;2\n")})
    assert "No statement of these days" in page.text
    assert "before the first" in client.post(url, days | {"until": "2020-01-01", "file": file(data)}).text

    page = client.post(url, days | {"file": file(data)}, follow=True)

    assert "1 new difference." in page.text
    statement = ProviderStatement.objects.latest("pk")
    assert (statement.imported_by.email, statement.name) == (
        User.objects.get(pk=client.session["_auth_user_id"]).email,
        "november.csv",
    )
    page = client.get(reverse("admin:billing_providerstatement_change", args=[statement.pk])).text
    assert "x-5" in page and "known to the provider only" in page and "50,070.00" in page
    finance = client.get(reverse("admin:billing_finance_changelist")).text
    assert reverse("admin:billing_providerstatement_change", args=[statement.pk]) in finance
    assert "70.00" in finance
    again = client.post(url, days | {"file": file(data)}, follow=True).text
    assert "was imported before" in again
    assert client.get(reverse("admin:billing_providerstatement_changelist")).status_code == 200


def test_an_open_way_without_any_statement_is_said_so() -> None:
    said = latest()[1]
    assert Channel.BANK in said
    page = operator(is_superuser=True).get(reverse("admin:billing_finance_changelist")).text
    assert "bank transfer: no statement was ever imported." in page


def test_nobody_imports_without_the_right() -> None:
    client = operator()
    for name in ("providerstatement", "cardbalance"):
        for page in ("add", "changelist"):
            assert client.get(reverse(f"admin:billing_{name}_{page}")).status_code == 403


def test_the_command_keeps_the_file_too(tmp_path) -> None:
    path = tmp_path / "payme.csv"
    path.write_bytes(told((paid(), PRICE_UZS, "Оплачен")))
    call_command("reconcile", "payme", str(path), "--since", str(today()), "--until", str(today()))
    assert ProviderStatement.objects.get(name="payme.csv").taken_micros == PRICE_UZS * MICROS
