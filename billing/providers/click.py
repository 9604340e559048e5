"""Click's SHOP API on the wire: two forms from their server to ours, and the payer's button.

Pure: bytes in, bytes out. What the calls do is in click_books.py. Click writes so'm as a decimal, we count
tiyin.
Source: docs.click.uz.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

PREPARE, COMPLETE = "0", "1"
_FIELDS_MAX = 50
_BIGINT_MAX = 2**63 - 1
_TASHKENT = timezone(timedelta(hours=5))
_NEEDED = (
    "click_trans_id",
    "service_id",
    "click_paydoc_id",
    "merchant_trans_id",
    "amount",
    "action",
    "error",
    "sign_time",
    "sign_string",
)
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,8}))?")


class Code(Enum):
    """Our answers, with Click's own words for them."""

    SUCCESS = 0, "Success"
    BAD_SIGN = -1, "SIGN CHECK FAILED!"
    BAD_AMOUNT = -2, "Incorrect parameter amount"
    NO_ACTION = -3, "Action not found"
    PAID = -4, "Already paid"
    NO_ORDER = -5, "User does not exist"
    NO_TRANSACTION = -6, "Transaction does not exist"
    BROKEN = -7, "Failed to update user"
    BAD_REQUEST = -8, "Error in request from click"
    CANCELLED = -9, "Transaction cancelled"

    @property
    def number(self) -> int:
        return self.value[0]

    @property
    def note(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Asked:
    """A form that is whole and signed by Click. Text as received where it is echoed."""

    trans_id: int
    paydoc_id: str
    order: str  # merchant_trans_id, free text
    prepare_id: int | None  # None: no number
    tiyin: int | None  # None: no amount that money has
    complete: bool
    error: int
    sign_ms: int

    @property
    def topup(self) -> int | None:
        """The top-up that is paid; None for what can't be one."""
        return int(self.order) if _is_number(self.order, 18) else None


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that goes no further."""

    code: Code
    trans_id: int | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What we say; ids of ours where there are any."""

    code: Code
    prepare_id: int | None = None
    confirm_id: int | None = None


def parse(body: bytes, service_id: str, secret: str) -> Asked | Refused:
    """A form as a call, in Click's own order of checks: fields, signature, service, action."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:  # no UTF-8, or too many fields
        return Refused(Code.BAD_REQUEST)
    form = dict(pairs)
    known = Refused(
        Code.BAD_REQUEST, _number(form.get("click_trans_id", "")), form.get("merchant_trans_id", "")
    )
    needed = (*_NEEDED, "merchant_prepare_id") if form.get("action") == COMPLETE else _NEEDED
    if len(form) != len(pairs) or any(name not in form for name in needed) or "\0" in known.order:
        return replace(known, order="")
    if not signed(form, secret):
        return replace(known, code=Code.BAD_SIGN)
    sign_ms = _moment(form["sign_time"])
    if form["service_id"] != service_id or known.trans_id is None or sign_ms is None:
        return known
    if re.fullmatch(r"0|-[0-9]{1,9}", form["error"], re.ASCII) is None:
        return known
    if form["action"] not in (PREPARE, COMPLETE):
        return replace(known, code=Code.NO_ACTION)
    return Asked(
        trans_id=known.trans_id,
        paydoc_id=form["click_paydoc_id"][:64],
        order=known.order,
        prepare_id=_number(form.get("merchant_prepare_id", "")),
        tiyin=_tiyin(form["amount"]),
        complete=form["action"] == COMPLETE,
        error=int(form["error"]),
        sign_ms=sign_ms,
    )


def sign(form: dict[str, str], secret: str) -> str:
    """Click's signature over the raw texts; 50000 and 50000.00 have different ones."""
    parts = [form["click_trans_id"], form["service_id"], secret, form["merchant_trans_id"]]
    if form["action"] == COMPLETE:
        parts.append(form["merchant_prepare_id"])
    parts += [form["amount"], form["action"], form["sign_time"]]
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def signed(form: dict[str, str], secret: str) -> bool:
    """Whether Click made this form. Without a secret nobody did."""
    given = form["sign_string"].encode()
    return bool(secret) and hmac.compare_digest(given, sign(form, secret).encode())


def encode(asked: Asked | Refused, answer: Answer) -> bytes:
    """The body of our answer; ids are numbers."""
    said: dict[str, Any] = {
        "click_trans_id": asked.trans_id,
        "merchant_trans_id": asked.order,
        "merchant_prepare_id": answer.prepare_id,
        "merchant_confirm_id": answer.confirm_id,
        "error": answer.code.number,
        "error_note": answer.code.note,
    }
    return orjson.dumps(said)


def without_signature(body: bytes) -> bytes:
    """The form as it is kept: whoever reads it can't send it again."""
    return re.sub(rb"(sign_string=)[^&]*", rb"\1", body)


@dataclass(frozen=True, slots=True)
class Button:
    """What the payer's link names. tiyin: the exact amount."""

    service: str
    merchant: str
    merchant_user: str
    topup: int
    tiyin: int
    back: str  # proves nothing


def button_url(base: str, button: Button) -> str:
    """The page on which the payer pays."""
    query = {
        "service_id": button.service,
        "merchant_id": button.merchant,
        "amount": f"{button.tiyin // 100}.{button.tiyin % 100:02d}",
        "transaction_param": str(button.topup),
        "return_url": button.back,
    }
    if button.merchant_user:
        query["merchant_user_id"] = button.merchant_user
    return f"{base}?{urlencode(query)}"


def auth_header(user: str, secret: str, now_s: int) -> str:
    """`Auth` of the merchant API, in which we call Click."""
    digest = hashlib.sha1(f"{now_s}{secret}".encode(), usedforsecurity=False).hexdigest()
    return f"{user}:{digest}:{now_s}"


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits


def _number(text: str) -> int | None:
    return int(text) if _is_number(text, 19) and int(text) <= _BIGINT_MAX else None


def _tiyin(text: str) -> int | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    decimals = (match[2] or "").ljust(2, "0")
    return int(match[1]) * 100 + int(decimals[:2]) if not decimals[2:].strip("0") else None


def _moment(text: str) -> int | None:
    try:
        when = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_TASHKENT)
    except ValueError:
        return None
    return int(when.timestamp()) * 1000
