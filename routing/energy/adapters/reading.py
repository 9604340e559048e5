"""Reading what markets publish: exact decimals, times in UTC, and one error for everything else. Pure."""

import csv
import functools
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, NoReturn
from xml.etree import ElementTree

from routing.energy.adapters.point import PricePoint
from routing.errors import FeedError

FIVE_MINUTES: Final = timedelta(minutes=5)
EST: Final = timezone(timedelta(hours=-5))  # of MISO and IESO: the same all year
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?")
_MICRO: Final = Decimal("0.000001")
# All that reading junk by these standard libraries can raise.
_JUNK: Final = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, EOFError),
    *(NotImplementedError, RuntimeError, ElementTree.ParseError, csv.Error, zipfile.BadZipFile, zlib.error),
)

Parse = Callable[[bytes], list[PricePoint]]


def only_feed_errors(parse: Parse) -> Parse:
    """The same parser; whatever the answer is, it raises nothing but FeedError."""

    @functools.wraps(parse)
    def guarded(body: bytes) -> list[PricePoint]:
        try:
            return parse(body)
        except _JUNK as error:
            raise FeedError(f"the answer can't be read: {type(error).__name__}") from None

    return guarded


def amount(value: object) -> Decimal | None:
    """A price to the sixth decimal; None where the market left it empty. Raises FeedError."""
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise FeedError(f"a price of {text[:20]!r}")
    return Decimal(text).quantize(_MICRO)


def document(body: bytes) -> Any:
    """JSON whose numbers stay text until somebody makes a Decimal of them. Raises ValueError."""
    return json.loads(body, parse_float=str, parse_int=str, parse_constant=_no_number)


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def rows(body: bytes, *needed: str) -> Iterator[dict[str, str]]:
    """The lines of a CSV file by the names of its columns, blanks left out; an empty file has none.

    Raises FeedError without the columns that are needed, and for a line with more or fewer fields.
    """
    reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    names = [name.strip() for name in reader.fieldnames or ()]
    if names and not set(needed) <= set(names):
        raise FeedError(f"the file has no column {', '.join(sorted(set(needed) - set(names)))}")
    reader.fieldnames = names
    for row in reader:
        if None in row or None in row.values():
            raise FeedError(f"line {reader.line_num} has not as many fields as the first")
        yield {name: value.strip() for name, value in row.items()}


def xml(body: bytes) -> ElementTree.Element:
    """The root, without namespaces in its names; a document with declarations of its own is refused."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise FeedError("the answer declares entities")
    root = ElementTree.fromstring(body)
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def utc(text: str) -> datetime:
    """An ISO time with its offset. Raises ValueError, also without one."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)
