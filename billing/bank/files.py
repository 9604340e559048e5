"""Files of statements: CSV in the spellings of banks, and spreadsheets."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from billing.bank.lines import Cell, NotAStatement, Statement, read_table

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
UNPACKED_MAX: Final = 60 * 1024 * 1024
COLUMNS_MAX: Final = 60


def read_file(data: bytes) -> Statement:
    """The arrivals of a CSV or XLSX file, told apart by their content. Raises NotAStatement.

    Formulas are never worked out: a spreadsheet's stored results are read, a text that begins as one is text.
    """
    if len(data) > FILE_BYTES_MAX:
        raise NotAStatement("the file is larger than 5 MB")
    if data.startswith(b"PK\x03\x04"):
        return read_table(_sheet(data))
    return _csv(data)


def _sheet(data: bytes) -> Iterator[list[Cell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > UNPACKED_MAX:
                raise NotAStatement("the spreadsheet unpacks to too much")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        rows = book.worksheets[0].iter_rows(max_col=COLUMNS_MAX, values_only=True)
        yield from (list(row) for row in rows)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        if isinstance(error, NotAStatement):
            raise
        raise NotAStatement("the spreadsheet can't be read") from error


def _csv(data: bytes) -> Statement:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    for delimiter in ";,\t":
        try:
            return read_table(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))
        except (NotAStatement, csv.Error):
            continue
    raise NotAStatement("no headings of a date and an amount")
