"""Reading what banks tell: amounts in every spelling, statements, messages; and entering it once."""

import contextlib
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.bank.amounts import BadAmount, amount_of_cell, parse_amount
from billing.bank.arrivals import Arrival, add_lines, compare, enter
from billing.bank.lines import TASHKENT, Line, NotAStatement, moment, plain, read_table
from billing.bank.messages import read_messages
from billing.errors import TransferKnown
from billing.models import IncomingTransfer
from tests.billing.books import UZS
from tests.transfers import make_card, person

TIYIN = 10_000
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=TASHKENT)


def grouped(whole: int, mark: str) -> str:
    return f"{whole:,}".replace(",", mark)


@given(
    tiyin=st.integers(0, 10**15 - 1),
    groups=st.sampled_from([" ", "\u00a0", "\u202f", "'", ".", ",", ""]),
    point=st.sampled_from([".", ","]),
    unit=st.sampled_from(["", " UZS", " so'm", " сум", " soʻm"]),
    sign=st.sampled_from(["", "+", "-", "−"]),
)
def test_every_spelling_is_read_to_the_tiyin(
    tiyin: int, groups: str, point: str, unit: str, sign: str
) -> None:
    if groups == point:
        point = "," if groups == "." else "."
    text = f"{sign}{grouped(tiyin // 100, groups)}{point}{tiyin % 100:02d}{unit}"
    assert parse_amount(text) == (-tiyin if sign in ("-", "−") else tiyin) * TIYIN


@given(whole=st.integers(0, 10**13 - 1), mark=st.sampled_from([" ", "\u00a0", ".", ",", ""]))
def test_whole_amounts_are_read_with_any_grouping(whole: int, mark: str) -> None:
    assert parse_amount(grouped(whole, mark)) == whole * UZS


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    with contextlib.suppress(BadAmount):
        assert parse_amount(text) % TIYIN == 0


@given(st.integers(-(10**11), 10**11))
def test_a_spreadsheets_number_is_what_its_digits_say(tiyin: int) -> None:
    exact = Decimal(tiyin).scaleb(-2)
    assert amount_of_cell(float(exact)) == amount_of_cell(exact) == tiyin * TIYIN


@pytest.mark.parametrize(
    ("text", "soums"),
    [("1.000.000,00", 1_000_000), ("1 100.90", "1100.90"), ("351 750.00", 351_750), ("520.000,00", 520_000)],
)
def test_the_spellings_of_banks_are_read(text: str, soums: int | str) -> None:
    assert parse_amount(text) == int(Decimal(soums) * UZS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1.2.3",
        "1 10 0",
        "12,34,567",
        "1,2345",
        "1.000,000",
        "1e5",
        "=1+1",
        "٣٤",
        "1..00",
        "10.",
        ".5",
    ]
    + ["1 000.000", "0x10", "12345678901234", "1.000.00", "NaN", "1-2"],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        parse_amount(text)


@pytest.mark.parametrize("cell", [True, None, 1.005, float("nan"), float("inf"), 1e300])
def test_a_cell_that_is_no_amount_is_refused(cell: object) -> None:
    with pytest.raises(BadAmount):
        amount_of_cell(cell)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "clock", "iso"),
    [
        ("23:17 13.06.2026", None, "2026-06-13T23:17"),
        ("25-05-04", "21:06", "2025-05-04T21:06"),
        ("2026-06-13T09:05:59", None, "2026-06-13T09:05"),
        ("13/06/2026, 7:05", None, "2026-06-13T07:05"),
        (datetime(2026, 6, 13, 9, 5, 59), None, "2026-06-13T09:05"),  # noqa: DTZ001 - a spreadsheet's
        ("13.06.2026", "", "2026-06-13T00:00"),
    ],
)
def test_minutes_are_read_as_tashkent_time(day: object, clock: str | None, iso: str) -> None:
    assert moment(day, clock).isoformat(timespec="minutes") == f"{iso}+05:00"  # type: ignore[arg-type]


def test_a_statement_gives_its_arrivals_and_names_what_it_cannot_read() -> None:
    table = [
        ["Ipak Yoʻli banki", None],
        ["Дата", "Время", "Назначение", "Расход", "Приход", "Остаток"],
        ["20.11.2026", "12:00", "=cmd|'/c calc'!A0", None, "50 037.00", "2.088.245,26"],
        ["20.11.2026", "12:05", "Komissiya", "1 000,00", None, "2.087.245,26"],
        ["20.11.2026", "12:06", "P2P", None, "a lot", None],
        ["soon", "12:07", "P2P", None, "5 000", None],
        [None, None, None, None, None, None],
    ]
    found = read_table(table)
    assert found.lines == [Line(3, NOON, 50_037 * UZS, 2_088_245_260_000, "cmd|'/c calc'!A0")]
    assert [(bad.number, bad.problem) for bad in found.bad] == [(5, "amount"), (6, "date")]
    assert found.left_out == 1


def test_a_table_without_headings_is_no_statement() -> None:
    with pytest.raises(NotAStatement):
        read_table([["1", "2"], ["3", "4"]])


@given(st.text(max_size=300))
def test_a_banks_words_never_begin_a_formula(text: str) -> None:
    assert plain(text)[:1] not in set("=+-@\t\r\n|%")
    assert plain(text).isprintable()


MESSAGES = """🎉 Пополнение
➕ 520.000,00 UZS
📍 DAVR MOBILE P2P U2H>
💳 HUMOCARD *1234
🕓 23:17 13.06.2026
💰 2.088.245,26 UZS

💸 Операция
➖ 12.000,00 UZS
📍 KORZINKA
💳 HUMOCARD *1234
🕓 10:00 14.06.2026
💰 2.076.245,26 UZS

HUMOCARD *1234: popolnenie 5000.00 UZS; TEST BANK; 25-05-04 21:06; Dostupno: 9000.00 UZS
Perevod na kartu: CLICK P2P, UZ, 26-11-21 21:06, karta ***5678, summa:2000.00 UZS, balans:9 000.00 UZS

Sizga 5000 so'm keldi!"""


def test_messages_of_banks_are_read_and_strange_ones_named() -> None:
    found = read_messages(MESSAGES)
    assert [(line.micros // UZS, line.balance_micros, line.card_last4) for line in found.lines] == [
        (520_000, 2_088_245_260_000, "1234"),
        (5_000, 9_000 * UZS, "1234"),
        (2_000, 9_000 * UZS, "5678"),
    ]
    assert [line.at.isoformat(timespec="minutes")[:16] for line in found.lines] == [
        *("2026-06-13T23:17", "2025-05-04T21:06", "2026-11-21T21:06")
    ]
    assert (found.left_out, len(found.bad)) == (1, 1)


@pytest.mark.django_db
def test_importing_a_statement_again_adds_nothing() -> None:
    card, operator = make_card(), person()
    lines = [Line(n, NOON, 50_037 * UZS, balance * UZS) for n, balance in enumerate((100_000, 150_037))]
    assert add_lines(card, lines, "statement", operator) == 2
    assert add_lines(card, lines, "statement", operator) == 0
    assert [told.status for told in compare(card, lines)] == ["known", "known"]


@pytest.mark.django_db
def test_a_statement_completes_what_was_entered_by_hand_and_never_doubles_it() -> None:
    card, operator = make_card(), person()
    by_hand = enter(Arrival(card, 50_037 * UZS, NOON), operator)
    line = Line(1, NOON, 50_037 * UZS, 200_000 * UZS)
    assert [told.status for told in compare(card, [line, line])] == ["completed", "twin"]
    assert add_lines(card, [line], "statement", operator) == 0
    by_hand.refresh_from_db()
    assert by_hand.balance_after_micros == 200_000 * UZS
    for again in (Arrival(card, 50_037 * UZS, NOON), Arrival(card, 50_037 * UZS, NOON, 200_000 * UZS)):
        with pytest.raises(TransferKnown):
            enter(again, operator)
    enter(Arrival(card, 50_037 * UZS, NOON, 250_037 * UZS), operator)
    assert IncomingTransfer.objects.filter(card=card).count() == 2
