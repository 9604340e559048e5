"""An answer's bytes as JSON whose numbers are exact, and its fields with their types checked. Pure."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn

from routing.errors import ListRefused

BYTES_MAX: Final = 10 * 1024 * 1024
_NAME_MAX: Final = 200
_TOKENS_MAX: Final = 2**31 - 1


def read(data: bytes) -> Any:
    """The document, its fractions as Decimal. Raises ListRefused."""
    if len(data) > BYTES_MAX:
        raise ListRefused(f"the list is larger than {BYTES_MAX // 1024 // 1024} MB")
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        raise ListRefused("the answer is not JSON") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def rows(document: Any, key: str) -> list[Mapping[str, Any]]:
    """The list's entries under this key, or the document itself if it is a list. Raises ListRefused."""
    found = document.get(key) if isinstance(document, dict) else document
    if not isinstance(found, list):
        raise ListRefused(f"the answer has no list '{key}'")
    if not all(isinstance(row, dict) for row in found):
        raise ListRefused("an entry of the list is no object")
    return found


def name(row: Mapping[str, Any], key: str) -> str:
    """An id, which each entry must have. Raises ListRefused."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > _NAME_MAX or not value.isprintable():
        raise ListRefused(f"an entry has no usable '{key}'")
    return value.strip()


def text(row: Mapping[str, Any], key: str) -> str:
    """A text to show; empty if there is no fitting one."""
    value = row.get(key)
    fits = isinstance(value, str) and value.isprintable() and len(value) <= _NAME_MAX
    return value.strip() if fits and isinstance(value, str) else ""


def part(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object inside; an empty one if there is none."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def words(row: Mapping[str, Any], key: str) -> frozenset[str]:
    """A list of words inside."""
    value = row.get(key)
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )


def tokens(row: Mapping[str, Any], key: str) -> int | None:
    """A number of tokens; None if it is left out or 0. ValueError if it is none."""
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, Decimal) and value.is_finite() and -1 < value.adjusted() < 12:
        value = int(value) if value == value.to_integral_value() else value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _TOKENS_MAX:
        raise ValueError(f"{key} is no number of tokens")
    return value or None
