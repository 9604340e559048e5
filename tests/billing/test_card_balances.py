"""Balances of our cards at a day's end: entered or read from statements, and held against what arrived."""

from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Alert
from billing.bank import balances
from billing.bank.arrivals import Arrival, enter
from billing.bank.closings import Closing, closings
from billing.bank.lines import TASHKENT, BadLine, Line, Statement, read_table
from billing.models import CardBalance, Discrepancy, IncomingTransfer, ProviderStatement, ReceivingCard
from billing.tasks import check_statements
from tests.billing.books import UZS
from tests.transfers import make_card, person

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=TASHKENT)


def balance(card: ReceivingCard, day: date, so_m: int, gone: int = 0) -> CardBalance:
    return CardBalance.objects.create(
        card=card,
        day=day,
        balance_micros=so_m * UZS,
        gone_micros=gone * UZS,
        source=CardBalance.Source.MANUAL,
        entered_by=person(),
    )


def open_ones(card: ReceivingCard) -> list[str]:
    rows = Discrepancy.objects.filter(closed_at=None, external_id__startswith=f"card {card.pk} ")
    return list(rows.order_by("pk").values_list("ours", flat=True))


def test_a_balance_is_the_one_before_it_and_what_arrived_less_what_went_out() -> None:
    card = make_card()
    balance(card, ago(3), 100)
    enter(Arrival(card, 50 * UZS, noon(ago(2))), person())
    enter(Arrival(card, 7 * UZS, noon(ago(1))), person())
    balance(card, ago(1), 137, gone=20)
    assert balances.check(card, ago(3)) == 0
    assert open_ones(card) == []


def test_a_difference_is_told_once_and_closed_when_the_missing_transfer_is_entered() -> None:
    card = make_card()
    balance(card, ago(2), 100)
    balance(card, ago(1), 150)
    assert [balances.check(card, ago(9)), balances.check(card, ago(9))] == [1, 0]
    assert open_ones(card) == ["100 so'm expected: 100 + 0 − 0"]
    assert Alert.objects.filter(dedupe_key__startswith=f"payments:bank:card {card.pk} ").count() == 1
    enter(Arrival(card, 50 * UZS, noon(ago(1))), person())
    check_statements()
    assert open_ones(card) == []


def test_cards_without_yesterdays_balance_are_named() -> None:
    card = make_card()
    assert balances.tell_of_missing() == 1
    assert card.masked in Alert.objects.get(dedupe_key=f"balances:{ago(1)}").text
    balance(card, ago(1), 5)
    assert balances.tell_of_missing() == 0


ROWS = [
    ["Sana", "Kirim", "Chiqim", "Qoldiq", "Izoh"],
    ["19.11.2026 10:00", "50000", "", "150000", "P2P"],
    ["19.11.2026 10:00", "", "20000", "130000", "own account"],
    ["20.11.2026 09:00", "7000.50", "", "137000.50", "P2P"],
    ["21.11.2026 09:00", "1", "", "137001.50", "today"],
    ["Jami", "57001.50", "20000", "", ""],
]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_statement_with_balances_tells_each_days_end(newest_first: bool) -> None:
    rows = [ROWS[0], *reversed(ROWS[1:5]), ROWS[5]] if newest_first else ROWS
    assert closings(read_table(rows), TODAY) == [
        Closing(date(2026, 11, 18), 100_000 * UZS),
        Closing(date(2026, 11, 19), 130_000 * UZS, 20_000 * UZS),
        Closing(date(2026, 11, 20), 137_000_500_000),
    ]


def test_without_every_line_or_every_balance_no_days_end_is_concluded() -> None:
    line = Line(1, noon(ago(2)), UZS, 5 * UZS)
    assert closings(Statement([line]), ago(0))
    assert not closings(Statement([line], [BadLine(2, "date", "")]), ago(0))
    assert not closings(Statement([line], gone_unread=1), ago(0))
    assert not closings(Statement([line, Line(2, noon(ago(2)), UZS)]), ago(0))


@given(
    st.integers(10**6, 10**9), st.lists(st.tuples(st.integers(-1000, 1000).filter(bool), st.integers(0, 3)))
)
def test_any_chain_of_movements_adds_up(opening: int, moves: list[tuple[int, int]]) -> None:
    at, left, statement = noon(date(2026, 11, 1)), opening, Statement()
    for number, (micros, days) in enumerate(moves):
        at, left = at + timedelta(days=days), left + micros
        into = statement.lines if micros > 0 else statement.gone
        into.append(Line(number, at, abs(micros), left))
    found = closings(statement, date(2027, 1, 1))
    assert bool(found) == bool(moves)
    for before, after in zip(found, found[1:], strict=False):
        arrived = sum(line.micros for line in statement.lines if before.day < line.at.date() <= after.day)
        assert after.balance_micros == before.balance_micros + arrived - after.gone_micros


def csv(rows: list[list[str]]) -> SimpleUploadedFile:
    return SimpleUploadedFile("bank.csv", "\n".join(";".join(row) for row in rows).encode())


def test_importing_a_statement_keeps_its_totals_and_balances_once() -> None:
    card, client = make_card(), Client()
    client.force_login(person(is_staff=True, is_superuser=True))
    url = reverse("admin:billing_incomingtransfer_statement")
    for _ in range(2):
        page = client.post(url, {"card": card.pk, "file": csv(ROWS)})
        assert "Balances at the end of each day" in page.text and "130,000.00" in page.text
        confirm = page.text.split('name="confirm" value="')[1].split('"')[0]
        client.post(url, {"confirm": confirm})
    told = ProviderStatement.objects.get(card=card)
    assert (told.taken_micros, told.gone_micros) == (57_001_500_000, 20_000 * UZS)
    assert (told.since, told.until, told.lines_count) == (date(2026, 11, 19), date(2026, 11, 21), 4)
    assert CardBalance.objects.filter(card=card, source="statement").count() >= 3
    assert (IncomingTransfer.objects.filter(card=card).count(), open_ones(card)) == (3, [])


def test_a_statement_that_says_otherwise_than_an_operator_is_a_difference() -> None:
    card, day = make_card(), ago(5)
    balance(card, day, 90)
    assert balances.note_closings(card, [Closing(day, 100 * UZS)], person()) == 0
    assert open_ones(card) == ["90 so'm were entered"]
    assert CardBalance.objects.get(card=card, day=day).balance_micros == 90 * UZS


def test_operators_enter_balances_and_change_them_with_a_reason_that_stays() -> None:
    card, client, user = make_card(), Client(), person(is_staff=True, is_superuser=True)
    client.force_login(user)
    url = reverse("admin:billing_cardbalance_add")
    client.post(url, {"card": card.pk, "day": str(ago(2)), "balance": "100", "gone": "", "note": ""})
    said = {"card": card.pk, "day": str(ago(1)), "balance": "150", "gone": "0", "note": ""}
    page = client.post(url, said, follow=True)
    assert "The balance differs from what arrived" in page.text
    assert "is there already" in client.post(url, said).text
    row = CardBalance.objects.get(card=card, day=ago(1))
    change = reverse("admin:billing_cardbalance_change", args=[row.pk])
    assert "A reason is needed." in client.post(change, said | {"balance": "100"}).text
    client.post(change, said | {"balance": "100", "note": "mistyped"})
    row.refresh_from_db()
    assert (row.balance_micros, open_ones(card)) == (100 * UZS, [])
    history = client.get(reverse("admin:billing_cardbalance_history", args=[row.pk])).text
    assert "150, out 0 → 100, out 0; mistyped" in history
    row.source = CardBalance.Source.STATEMENT
    row.save()
    assert client.post(change, said).status_code == 403
    assert client.get(change).status_code == 200
