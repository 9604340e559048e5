"""Files of any size: rows are written while they are read, so neither side holds them all."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

_ROWS_A_CHUNK: Final = 1000
# A spreadsheet takes what begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_download(
    request: HttpRequest, name: str, header: Sequence[str], rows: Callable[[], Iterable[Sequence[object]]]
) -> StreamingHttpResponse:
    """The rows as a CSV file in UTF-8 with a mark, so that spreadsheets see it."""
    return streamed(request, _chunks(header, rows), name, "text/csv; charset=utf-8")


def streamed(
    request: HttpRequest, chunks: Iterator[bytes], name: str, content_type: str
) -> StreamingHttpResponse:
    """A file of these chunks, none of them empty, sent while they are made."""
    # Under ASGI a synchronous iterator would be read to its end before the first byte is sent.
    body = _apart(chunks) if isinstance(request, ASGIRequest) else chunks
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(body, content_type=content_type, headers=headers)


def guarded(cell: object) -> str:
    """The cell as text that no spreadsheet takes for a formula; our own negative numbers stay numbers."""
    text = "" if cell is None else str(cell)
    is_number = text.removeprefix("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _chunks(header: Sequence[str], rows: Callable[[], Iterable[Sequence[object]]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + _lines([header])
    found = iter(rows())
    while some := list(islice(found, _ROWS_A_CHUNK)):
        yield _lines(some)


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


async def _apart(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same, read in the request's own thread: the database's cursors belong to it."""
    following = sync_to_async(lambda: next(chunks, b""))
    while chunk := await following():
        yield chunk
