"""Lines of a bank statement: from a table of cells to what arrived. Pure.

A row that says nothing of an arrival (money that left, a sum, an empty one) is left out and counted; one that
can't be read is a BadLine, so that nothing disappears.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from billing.bank.amounts import BadAmount, amount_of_cell

TASHKENT: Final = ZoneInfo("Asia/Tashkent")
HEADING_ROWS: Final = 40
LINES_MAX: Final = 2000
DETAILS_MAX: Final = 200

type Cell = str | int | float | datetime | date | time | None

# What a column is called, by the beginning of a word in Uzbek, Russian or English.
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "balance": ("balance", "остаток", "баланс", "qoldiq", "доступно", "available"),
    "debit": ("debit", "дебет", "расход", "списан", "chiqim", "withdraw"),
    "credit": ("credit", "кредит", "приход", "поступ", "зачисл", "kirim", "deposit"),
    "amount": ("amount", "сумма", "summa", "miqdor"),
    "time": ("time", "время", "vaqt", "soat"),
    "date": ("date", "дата", "sana", "kun"),
    "details": ("detail", "назначен", "описан", "descript", "izoh", "maqsad", "purpose", "комментар"),
}
_DAYS = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%y-%m-%d", "%d.%m.%y")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_TOTALS = ("итог", "всего", "total", "jami", "жами")
# A spreadsheet would take a text that begins so for a formula, should it ever be exported.
_FORMULA = "=+-@\t\r\n |%"


@dataclass(frozen=True, slots=True)
class Line:
    """Money that arrived, as one line of a statement or message tells it."""

    number: int  # of the line, from 1
    at: datetime  # a whole minute
    micros: int
    balance_micros: int | None = None
    details: str = ""
    card_last4: str = ""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that may be an arrival and can't be read. `problem` is date, amount or balance."""

    number: int
    problem: str
    text: str


@dataclass(slots=True)
class Statement:
    """What was read of a file or a paste."""

    lines: list[Line] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    gone: list[Line] = field(default_factory=list)  # rows of money that went out, by positive amounts
    gone_unread: int = 0  # rows of money that went out which can't be read
    left_out: int = 0  # rows of no arrival, both among them


def gettext_noop(text: str) -> str:
    """Marks a text for the catalogues, by the name that they know: Django has no place here."""
    return text


class NotAStatement(ValueError):
    """A file that can't be read as a statement; the message says where.

    text: marked for translation, to be filled in with `values` after it.
    """

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text, self.values = text, values


class NoHeadings(NotAStatement):
    """No row names the columns that a statement needs; another delimiter may."""


def read_table(rows: Iterable[Sequence[Cell]]) -> Statement:
    """The arrivals of a table with a row of headings. Raises NotAStatement."""
    found = Statement()
    columns: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        if number > HEADING_ROWS + LINES_MAX or not columns and number > HEADING_ROWS:
            break
        if not columns:
            columns = _columns(row)
        elif any(cell not in (None, "") for cell in row):
            _take(found, number, row, columns)
        if len(found.lines) + len(found.bad) > LINES_MAX:
            raise NotAStatement(gettext_noop("too many lines"))
    if not columns:
        raise NoHeadings(gettext_noop("no headings of a date and an amount"))
    return found


def moment(day: Cell, clock: Cell = None) -> datetime:
    """A minute in Tashkent of one cell or two. Raises ValueError."""
    if isinstance(day, datetime):
        return day.replace(second=0, microsecond=0, tzinfo=TASHKENT)
    text = f"{day} {clock}" if clock not in (None, "") else str(day)
    match = _CLOCK.search(text)
    hour, minute = (int(match[1]), int(match[2])) if match else (0, 0)
    rest = (text[: match.start()] + " " + text[match.end() :] if match else text).replace("T", " ")
    bare = " ".join(rest.replace(",", " ").split())
    for pattern in _DAYS:
        try:
            found = datetime.strptime(bare, pattern)  # noqa: DTZ007 - the zone is given below
        except ValueError:
            continue
        return found.replace(hour=hour, minute=minute, tzinfo=TASHKENT)
    raise ValueError(f"{text!r} is no date")


def plain(text: object) -> str:
    """Words of a bank for our pages: one line, no control characters, nothing that begins a formula."""
    words = " ".join("".join(c for c in str(text) if c.isprintable() or c.isspace()).split())
    return words.lstrip(_FORMULA)[:DETAILS_MAX]


def _columns(row: Sequence[Cell]) -> dict[str, int]:
    """Where which column stands, if this is the row of headings."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        words = re.findall(r"\w+", cell.casefold()) if isinstance(cell, str) and len(cell) < 80 else []
        for name, beginnings in HEADINGS.items():
            if name not in found and any(word.startswith(beginnings) for word in words):
                found[name] = place
                break
    is_heading = "date" in found and ("credit" in found or "amount" in found)
    return found if is_heading else {}


def _take(found: Statement, number: int, row: Sequence[Cell], columns: dict[str, int]) -> None:
    def cell(name: str) -> Cell:
        place = columns.get(name, len(row))
        return row[place] if place < len(row) else None

    arrived = cell("credit") if "credit" in columns else cell("amount")
    went = _is_nothing(arrived)
    amount = cell("debit") if went else arrived
    if is_total(row) or _is_nothing(amount):
        found.left_out += 1
        return
    problem = "amount"
    try:
        micros = _number(amount)
        problem = "date"
        at = moment(cell("date"), cell("time"))
        problem = "balance"
        left = cell("balance")
        balance = None if left in (None, "") else _number(left)
    except (BadAmount, ValueError):
        _take_bad(found, BadLine(number, problem, shown(row)), went)
        return
    line = Line(number, at, abs(micros), balance, plain(cell("details") or ""))
    if went or micros <= 0:
        found.left_out += 1
        found.gone.append(line)
    else:
        found.lines.append(line)


def _take_bad(found: Statement, line: BadLine, went: bool) -> None:
    """What can't be read: an arrival is shown to the operator, money that went out is only counted."""
    if went:
        found.left_out += 1
        found.gone_unread += 1
    else:
        found.bad.append(line)


def shown(row: Sequence[Cell]) -> str:
    """A row for people."""
    return plain("; ".join(str(value) for value in row if value not in (None, "")))


def is_total(row: Sequence[Cell]) -> bool:
    """Whether the row is a sum beneath the lines, which is no line itself."""
    first = next((str(value) for value in row if value not in (None, "")), "")
    return first.strip().casefold().startswith(_TOTALS)


def _number(cell: Cell) -> int:
    if isinstance(cell, datetime | date | time):
        raise BadAmount(str(cell))
    return amount_of_cell(cell)


def _is_nothing(cell: Cell) -> bool:
    """An empty cell, a dash or a zero: the row's money is in another column."""
    return cell is None or str(cell).strip().strip("-–—0.,") == ""
