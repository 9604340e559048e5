"""The finance page's figures, and the transfers as a file."""

import csv
import io
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.adjustments import BankDetails, approve, ask_payout, mark_sent
from billing.finance import Report, report
from billing.ids import Kind, new_op_id
from billing.ledger import Reference, credit_promo, refund_part, top_up
from billing.models import LedgerCheck
from billing.tasks import advance_finance
from tests.billing.books import query
from tests.billing.test_adjustments import charged
from tests.factories import MICROS, make_caller

pytestmark = pytest.mark.django_db


def person(*rights: str) -> User:
    user = User.objects.create(email=f"{uuid4().hex}@test.invalid", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def seen(*rights: str) -> Client:
    client = Client()
    client.force_login(person(*rights))
    return client


def now() -> Report:
    today = timezone.localdate()
    return report(today - timedelta(days=6), today)


def figures(of: Report) -> dict[str, Any]:
    bank = next(one for one in of.clearing if one.channel == "bank")
    day = of.days[-1]
    return {
        "revenue": day.revenue,
        "bonus": day.bonus,
        "cost": day.cost,
        "margin": day.margin,
        "paid": of.wallets.paid,
        "credited": bank.credited,
        "balance": bank.balance,
        "orphan": of.losses.get(Kind.ORPHAN, 0),
    }


def a_day() -> None:
    """Money in, a call, part of it back, a payout, provider costs, a loss."""
    alice = make_caller(bonus_uzs=1)
    org = alice.organization.pk
    top_up(org, 100 * MICROS, new_op_id(), Reference("bank", uuid4().hex))
    call = charged(alice, paid=30 * MICROS, bonus=1 * MICROS)
    refund_part(call, 10 * MICROS, new_op_id(), {})
    made = ask_payout(alice.organization, alice.user, 20 * MICROS, BankDetails("A", "1" * 16), "")
    approve(made.pk, person())
    mark_sent(made.pk, person(), "PO")
    moved = (new_op_id(), Kind.COST, "cogs:gamma", "payable:gamma", 4 * MICROS)
    query("SELECT system_transfer(%s, %s, %s, %s, %s, NULL)", *moved)
    query("SELECT orphan(%s, 'gamma', %s)", new_op_id(), 2 * MICROS)


@pytest.mark.parametrize("rolled_up", ["not at all", "before", "after"])
def test_figures_are_the_same_however_far_the_sums_have_come(rolled_up: str) -> None:
    if rolled_up == "before":
        advance_finance()
    before = figures(now())
    a_day()
    if rolled_up == "after":
        query("SELECT advance_finance()")
        query("SELECT rebuild_finance()")
    after = figures(now())
    assert {name: (after[name] - before[name]) // MICROS for name in after} == {
        "revenue": 21,
        "bonus": 1,
        "cost": 6,
        "margin": 15,
        "paid": 60,
        "credited": 100,
        "balance": 80,
        "orphan": 2,
    }


def test_the_page_opens_for_each_period_and_for_nobody_without_the_right() -> None:
    a_day()
    url = reverse("admin:billing_finance_changelist")
    client = seen("view_finance")
    for days in ("", "7", "90", "365", "x"):
        page = client.get(url, {"days": days})
        assert page.status_code == 200
        assert "clearing" in page.text.lower() and "style=" not in page.text and "<rect" in page.text
    assert seen("view_wallet", "view_transfer").get(url).status_code == 403
    assert url in client.get(reverse("admin:index")).text
    assert url not in seen("view_wallet").get(reverse("admin:index")).text


def test_the_last_check_of_the_ledger_is_on_the_page() -> None:
    LedgerCheck.objects.all().delete()
    url = reverse("admin:billing_finance_changelist")
    assert "not checked yet" in seen("view_finance").get(url).text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("billing.management.commands.check_ledger.sys.exit", lambda code: None)
        call_command("check_ledger", stdout=io.StringIO(), stderr=io.StringIO())
    assert "laws checked" in seen("view_finance").get(url).text


def lines(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_transfers_leave_as_csv_that_runs_nothing_narrowed_as_asked() -> None:
    alice, bob = make_caller(balance_uzs=5), make_caller(balance_uzs=7)
    credit_promo(alice.organization.pk, 3 * MICROS, reason='=HYPERLINK("http://evil")')
    today = timezone.localdate()
    asked = {"since": str(today), "until": str(today), "org": str(alice.organization.pk)}
    client = seen("view_finance", "view_transfer")
    url = reverse("admin:billing_finance_export")

    found = lines(client.get(url, asked).getvalue())
    assert sorted(row["kind"] for row in found) == ["promo", "topup"]
    promo = next(row for row in found if row["kind"] == "promo")
    assert (promo["amount_uzs"], promo["from"]) == ("3", "promo")
    assert promo["note"] == '\'=HYPERLINK("http://evil")'
    only = lines(client.get(url, asked | {"kind": "2"}).getvalue())
    assert [row["id"] for row in only] == [promo["id"]]
    past = {"since": str(date(2020, 1, 1)), "until": str(date(2020, 1, 2))}
    assert lines(client.get(url, asked | past).getvalue()) == []
    every = lines(client.get(url, {"since": str(today), "until": str(today)}).getvalue())
    assert f"wallet:{bob.organization.pk}:paid" in {row["to"] for row in every}
    assert client.get(url, {"since": "x"}).status_code == 400
    assert seen("view_finance").get(url, asked).status_code == 403
    assert LogEntry.objects.filter(object_repr__startswith="transfers ").count() >= 4


@pytest.mark.django_db(transaction=True)
def test_a_file_is_streamed_to_a_gateway_that_asks_without_blocking(monkeypatch: Any) -> None:
    monkeypatch.setattr("billing.finance._EXPORT_ROWS", 2)
    alice = make_caller(balance_uzs=5)
    for _ in range(4):
        credit_promo(alice.organization.pk, MICROS)
    client, today = AsyncClient(), timezone.localdate()
    client.force_login(person("view_finance", "view_transfer"))
    asked = {"since": str(today), "until": str(today), "org": str(alice.organization.pk)}

    async def fetched() -> bytes:
        answer = await client.get(reverse("admin:billing_finance_export"), asked)
        assert answer.is_async
        return b"".join([chunk async for chunk in answer.streaming_content])

    assert len(lines(async_to_sync(fetched)())) == 5
