"""A provider's own list of payments, as exported from its cabinet: CSV to plain rows.

Pure. Exports differ in language and order of columns, so they are found by their headings; amounts are so'm.
"""

import csv
import io
import re
from dataclasses import dataclass
from typing import Final

_HEADINGS: Final = {
    "id": (
        "id",
        "transaction",
        "transaction id",
        "id транзакции",
        "транзакция",
        "tranzaksiya",
        "click_trans_id",
    ),
    "amount": ("amount", "sum", "сумма", "summa"),
    "state": ("state", "status", "состояние", "статус", "holat", "holati"),
}
_PAID: Final = {"2", "paid", "performed", "success", "оплачен", "оплачено", "успешно", "toʻlangan"}
_AMOUNT = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,2}))?")
BYTES_MAX: Final = 20 * 1024 * 1024


class NotAStatement(ValueError):
    """The file can't be read as a list of payments; the message says where."""


@dataclass(frozen=True, slots=True)
class Line:
    """One payment as the provider has it."""

    external_id: str
    tiyin: int
    paid: bool


def read(data: bytes) -> list[Line]:
    """The payments of an export, UTF-8 or Windows-1251, comma or semicolon. Raises NotAStatement."""
    if len(data) > BYTES_MAX:
        raise NotAStatement("the file is over 20 MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        columns = _columns(next(rows))
        return [_line(number, row, columns) for number, row in enumerate(rows, 2) if any(row)]
    except StopIteration:
        raise NotAStatement("the file is empty") from None
    except csv.Error as error:
        raise NotAStatement(str(error)) from error


def _columns(heading: list[str]) -> dict[str, int]:
    names = [name.strip().casefold() for name in heading]
    found = {
        column: names.index(word) for column, words in _HEADINGS.items() for word in words if word in names
    }
    missing = _HEADINGS.keys() - found.keys()
    if missing:
        raise NotAStatement(f"no column for {', '.join(sorted(missing))}")
    return found


def _line(number: int, row: list[str], columns: dict[str, int]) -> Line:
    if len(row) <= max(columns.values()):
        raise NotAStatement(f"line {number} is too short")
    amount = re.sub(r"[ _\u00a0\u202f]", "", row[columns["amount"]])
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise NotAStatement(f"line {number}: {amount!r} is no amount of so'm")
    tiyin = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
    state = row[columns["state"]].strip().casefold()
    return Line(row[columns["id"]].strip(), tiyin, state in _PAID)
