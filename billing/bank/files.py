"""Files of statements: CSV in the spellings of banks and cabinets, and spreadsheets."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from billing.bank.lines import Cell, NoHeadings, NotAStatement, Statement, gettext_noop, read_table

FILE_BYTES_MAX: Final = 5 * 1024 * 1024
UNPACKED_MAX: Final = 60 * 1024 * 1024
COLUMNS_MAX: Final = 60

type Table = Iterable[Sequence[Cell]]


def read_file(data: bytes) -> Statement:
    """The arrivals of a bank's CSV or XLSX file. Raises NotAStatement."""
    return read_as(read_table, data)


def read_as[T](reader: Callable[[Table], T], data: bytes) -> T:
    """What the reader makes of a CSV or XLSX file, told apart by their content. Raises NotAStatement.

    Formulas are never worked out: a spreadsheet's stored results are read, a text that begins as one is text.
    """
    if len(data) > FILE_BYTES_MAX:
        raise NotAStatement(gettext_noop("the file is larger than 5 MB"))
    if data.startswith(b"PK\x03\x04"):
        return reader(_sheet(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    missing: Exception = NoHeadings(gettext_noop("the file is empty"))
    for delimiter in ";,\t":
        try:
            return reader(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))
        except NoHeadings as error:
            missing = error
        except csv.Error as error:
            missing = NoHeadings(str(error))
    raise missing


def _sheet(data: bytes) -> Iterator[list[Cell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > UNPACKED_MAX:
                raise NotAStatement(gettext_noop("the spreadsheet unpacks to too much"))
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        rows = book.worksheets[0].iter_rows(max_col=COLUMNS_MAX, values_only=True)
        yield from (list(row) for row in rows)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        if isinstance(error, NotAStatement):
            raise
        raise NotAStatement(gettext_noop("the spreadsheet can't be read")) from error
