"""A provider's own list of payments, as exported from its cabinet: rows of cells to plain lines. Pure.

No provider documents its exports, and they differ in language and order of columns: columns are found by
their headings, in any of the first rows. Amounts are so'm.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from billing.bank.amounts import BadAmount, amount_of_cell
from billing.bank.lines import HEADING_ROWS, Cell, NoHeadings, NotAStatement, gettext_noop, is_total, moment
from billing.money import MICROS_PER_TIYIN

LINES_MAX: Final = 50_000
_CUT: Final = 10**15  # spreadsheets keep fifteen digits of a number
# What a column is called once signs, units and capitals are gone; a heading may go on behind such words.
_HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "id": (
        "id",
        *("click trans id", "id транзакции", "номер транзакции", "транзакция", "transaction id"),
        *("transaction", "tranzaksiya id", "tranzaksiya raqami", "tranzaksiya", "id чека", "id платежа"),
        *("payment id", "id"),
    ),
    "amount": ("amount", "sum", "сумма", "summa", "payment amount", "toʻlov summasi", "miqdor"),
    "state": ("state", "status", "состояние", "статус", "holat", "holati"),
    "fee": ("fee", "commission", "комиссия", "сумма комиссии", "komissiya", "вознаграждение"),
    "date": (
        *("date", "date time", "datetime", "paid at", "created at", "created"),
        *("дата", "дата и время", "дата оплаты", "дата платежа", "sana", "toʻlov sanasi", "toʻlangan sana"),
    ),
    "time": ("time", "время", "vaqt", "soat"),
}
_NEEDED: Final = {"id", "amount", "state"}
_NOT_THE_AMOUNT: Final = ("комис", "fee", "commis", "komis", "возврат", "refund", "qayt", "вознагр")
_PAID: Final = {
    *("2", "paid", "performed", "success", "successful", "completed", "confirmed", "оплачен", "оплачено"),
    *("оплаченный", "успешно", "успешный", "проведен", "подтвержден", "toʻlangan", "muvaffaqiyatli"),
}
_RETURNED: Final = {
    *("-2", "refunded", "returned", "reversed", "возврат", "возвращен", "возвращено", "сторно"),
    *("сторнирован", "qaytarilgan", "qaytarildi"),
}
_UNITS: Final = {"uzs", "сум", "sum", "som", "soʻm", "сўм"}


@dataclass(frozen=True, slots=True)
class Line:
    """One payment as the provider has it."""

    external_id: str
    tiyin: int
    paid: bool  # and not given back
    returned: bool = False  # it was paid once
    fee_tiyin: int = 0
    day: date | None = None  # Tashkent's


def read_rows(rows: Iterable[Sequence[Cell]]) -> list[Line]:
    """The payments of a table with a row of headings; sums beneath it are left out. Raises NotAStatement."""
    columns: dict[str, int] = {}
    missing, found = set(_NEEDED), []
    for number, row in enumerate(rows, 1):
        if columns:
            found += _line(number, row, columns)
        elif number <= HEADING_ROWS:
            seen = _columns(row)
            missing = min(missing, _NEEDED - seen.keys(), key=len)
            columns = seen if not _NEEDED - seen.keys() else {}
        if len(found) > LINES_MAX:
            raise NotAStatement(gettext_noop("too many lines"))
    if not columns:
        raise NoHeadings(gettext_noop("no column for %(columns)s"), columns=", ".join(sorted(missing)))
    return found


def _columns(row: Sequence[Cell]) -> dict[str, int]:
    headings = [_folded(cell) if isinstance(cell, str) else "" for cell in row]
    found = {name: _column(name, words, headings) for name, words in _HEADINGS.items()}
    return {name: place for name, place in found.items() if place is not None}


def _column(name: str, words: tuple[str, ...], headings: list[str]) -> int | None:
    """Where a heading says exactly that, or at least begins so."""
    for word in words:
        if word in headings:
            return headings.index(word)
    begins = tuple(f"{word} " for word in words)
    for place, heading in enumerate(headings):
        other = name == "amount" and any(part in heading for part in _NOT_THE_AMOUNT)
        if heading.startswith(begins) and not other:
            return place
    return None


def _folded(text: str) -> str:
    """Small letters without signs and units: Сумма (сум) is сумма, click_trans_id is click trans id."""
    plain = re.sub(r"[ʻʼ'‘’`]", "ʻ", text.casefold().replace("ё", "е"))
    words = re.findall(r"[\wʻ]+|-?[0-9]+", plain.replace("_", " "))
    return " ".join(word for n, word in enumerate(words) if n == 0 or word not in _UNITS)


def _line(number: int, row: Sequence[Cell], columns: dict[str, int]) -> list[Line]:
    """The row's payment; none for an empty row or a sum."""

    def cell(name: str) -> Cell:
        place = columns.get(name, len(row))
        return row[place] if place < len(row) else None

    if all(value in (None, "") for value in row) or is_total(row):
        return []
    number_cell = cell("id")
    if isinstance(number_cell, int | float) and abs(number_cell) >= _CUT:
        raise NotAStatement(
            gettext_noop("line %(number)s: a spreadsheet cuts numbers this long, export it as CSV"),
            number=number,
        )
    if len(row) <= max(columns[name] for name in _NEEDED) or not (external_id := _text(number_cell)):
        raise NotAStatement(gettext_noop("line %(number)s is too short"), number=number)
    tiyin, fee = _tiyin(number, cell("amount")), 0
    if cell("fee") not in (None, "", "-"):
        fee = abs(_tiyin(number, cell("fee")))
    state = _text(cell("state")).casefold().replace("ё", "е")
    state = re.sub(r"[ʻʼ'‘’`]", "ʻ", state)
    returned = state in _RETURNED or tiyin < 0
    paid = state in _PAID and not returned
    return [Line(external_id, abs(tiyin), paid, returned, fee, _day(number, cell("date"), cell("time")))]


def _text(cell: Cell) -> str:
    """A spreadsheet keeps long numbers as floats."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _tiyin(number: int, cell: Cell) -> int:
    try:
        if isinstance(cell, datetime | date | time):
            raise BadAmount(str(cell))
        return amount_of_cell(cell) // MICROS_PER_TIYIN
    except BadAmount:
        text = gettext_noop("line %(number)s: '%(cell)s' is no amount of so'm")
        raise NotAStatement(text, number=number, cell=str(cell)[:40]) from None


def _day(number: int, day: Cell, clock: Cell) -> date | None:
    if day in (None, ""):
        return None
    try:
        return moment(day, clock).date()
    except ValueError:
        text = gettext_noop("line %(number)s: '%(cell)s' is no date")
        raise NotAStatement(text, number=number, cell=str(day)[:40]) from None
