"""Payme's Merchant API on the wire: JSON-RPC from their server to ours, and the checkout link.

Pure: bytes in, bytes out. What the calls do is in payme_books.py. Amounts are tiyin, times Unix milliseconds.
Source: developer.help.paycom.uz.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

ACCOUNT: Final = "topup_id"  # the field of `account` that names what is paid
LIFE_MS: Final = 43_200_000  # 12 h from Payme's own time; exactly so old still counts
TIMED_OUT: Final = 4  # the reason of a cancellation by age
_ID_CHARS_MAX = 64
_INT_MAX = 2**63 - 1

NOT_POST, BAD_JSON, BAD_REQUEST, NO_METHOD, BAD_PARAMS = -32300, -32700, -32600, -32601, -32602
NO_RIGHTS, BROKEN = -32504, -32400
WRONG_AMOUNT, NOT_FOUND, CANT_CANCEL, CANT_DO = -31001, -31003, -31007, -31008
NO_ACCOUNT, ACCOUNT_CLOSED, NO_FISCAL = -31050, -31051, -32001

_TEXTS: Final = {
    NOT_POST: ("Метод запроса не POST", "Soʻrov usuli POST emas", "The request is not a POST"),
    BAD_JSON: ("Ошибка разбора JSON", "JSON oʻqilmadi", "The body is not JSON"),
    BAD_REQUEST: ("Неверный запрос", "Notoʻgʻri soʻrov", "A field is missing or of a wrong type"),
    NO_METHOD: ("Метод не найден", "Usul topilmadi", "No such method"),
    BAD_PARAMS: ("Неверные параметры", "Notoʻgʻri parametrlar", "Wrong parameters"),
    NO_RIGHTS: ("Недостаточно привилегий", "Huquq yetarli emas", "Insufficient privileges"),
    BROKEN: ("Внутренняя ошибка", "Ichki xatolik", "Internal error"),
    WRONG_AMOUNT: ("Неверная сумма", "Notoʻgʻri summa", "Wrong amount"),
    NOT_FOUND: ("Транзакция не найдена", "Tranzaksiya topilmadi", "Transaction not found"),
    CANT_CANCEL: (
        "Невозможно отменить: средства уже использованы",
        "Bekor qilib boʻlmaydi: mablagʻ ishlatilgan",
        "Can't be cancelled: the money is spent",
    ),
    CANT_DO: ("Невозможно выполнить операцию", "Amalni bajarib boʻlmaydi", "Impossible in this state"),
    NO_ACCOUNT: ("Пополнение не найдено", "Toʻldirish topilmadi", "No such top-up"),
    ACCOUNT_CLOSED: (
        "Пополнение уже оплачено или закрыто",
        "Toʻldirish toʻlangan yoki yopilgan",
        "The top-up is paid or closed",
    ),
    NO_FISCAL: ("Чек не найден", "Chek topilmadi", "Receipt not found"),
}

type Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as Payme reads it."""

    code: int
    data: str | None = None

    def payload(self) -> dict[str, Any]:
        # A code that only a setting knows is one of "impossible now".
        ru, uz, en = _TEXTS.get(self.code, _TEXTS[CANT_DO])
        return {"code": self.code, "message": {"ru": ru, "uz": uz, "en": en}, "data": self.data}


@dataclass(frozen=True, slots=True)
class CheckPerform:
    amount: int | None  # None: no integer
    topup: int | None  # None: no number of a top-up


@dataclass(frozen=True, slots=True)
class Create:
    id: str
    time: int
    amount: int | None
    topup: int | None


@dataclass(frozen=True, slots=True)
class Perform:
    id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    id: str
    reason: int


@dataclass(frozen=True, slots=True)
class Check:
    id: str


@dataclass(frozen=True, slots=True)
class Statement:
    since: int
    until: int  # both inclusive


@dataclass(frozen=True, slots=True)
class Fiscal:
    id: str
    refund: bool
    data: dict[str, Any]


type Call = CheckPerform | Create | Perform | Cancel | Check | Statement | Fiscal


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: what to echo, what it is called, and what it asks or why it can't be understood."""

    id: Any
    method: str
    call: Call | Fault

    @property
    def subject(self) -> str:
        """Payme's transaction, where one is named."""
        return str(getattr(self.call, "id", ""))


class _Mistyped(Exception):
    pass


def parse(body: bytes) -> Asked:
    """Whatever came, as a call or a fault."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Asked(None, "", Fault(BAD_JSON))
    if not isinstance(found, dict):
        return Asked(None, "", Fault(BAD_REQUEST))
    rpc_id, method, params = found.get("id"), found.get("method"), found.get("params")
    if isinstance(rpc_id, dict | list):
        return Asked(None, "", Fault(BAD_REQUEST))
    if not isinstance(method, str) or not isinstance(params, dict):
        return Asked(rpc_id, "", Fault(BAD_REQUEST))
    read = _METHODS.get(method)
    if read is None:
        return Asked(rpc_id, "", Fault(NO_METHOD, method[:100]))
    try:
        return Asked(rpc_id, method, read(params))
    except _Mistyped:
        return Asked(rpc_id, method, Fault(BAD_PARAMS if method == "SetFiscalData" else BAD_REQUEST))


def encode(rpc_id: Any, answer: Result | Fault) -> bytes:
    """The body of our answer."""
    part = {"error": answer.payload()} if isinstance(answer, Fault) else {"result": answer}
    return orjson.dumps({"jsonrpc": "2.0", "id": rpc_id} | part)


def claims(header: str) -> bool:
    """Whether `Authorization` is of Payme's kind, whatever it holds."""
    return header.partition(" ")[0].lower() == "basic"


def authorized(header: str, login: str, key: str) -> bool:
    """Whether `Authorization: Basic base64(login:key)` is ours. Without a key nobody is."""
    if not key or not claims(header):
        return False
    word = header.partition(" ")[2]
    try:
        given = base64.b64decode(word.strip(), validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(given, f"{login}:{key}".encode())


def too_old(time_ms: int, now_ms: int) -> bool:
    """Whether a transaction of this age can only be cancelled."""
    return now_ms - time_ms > LIFE_MS


@dataclass(frozen=True, slots=True)
class Checkout:
    """What the payer's link names. tiyin: the exact amount."""

    merchant: str
    topup: int
    tiyin: int
    language: str
    back: str  # where the payer's browser is sent afterwards; proves nothing


def checkout_url(base: str, checkout: Checkout) -> str:
    """The page on which the payer pays. Raises ValueError for a value that holds a separator."""
    parts = {
        "m": checkout.merchant,
        f"ac.{ACCOUNT}": str(checkout.topup),
        "a": str(checkout.tiyin),
        "l": checkout.language,
        "c": checkout.back,
    }
    if any(";" in part for part in parts.values()):
        raise ValueError("a checkout link has no way to write a semicolon")
    words = ";".join(f"{name}={part}" for name, part in parts.items())
    return f"{base.rstrip('/')}/{base64.b64encode(words.encode()).decode()}"


def _check_perform(params: dict[str, Any]) -> Call:
    return CheckPerform(_amount(params), _topup(params))


def _create(params: dict[str, Any]) -> Call:
    return Create(_id(params), _int(params, "time"), _amount(params), _topup(params))


def _cancel(params: dict[str, Any]) -> Call:
    return Cancel(_id(params), _int(params, "reason"))


def _statement(params: dict[str, Any]) -> Call:
    return Statement(_int(params, "from"), _int(params, "to"))


def _fiscal(params: dict[str, Any]) -> Call:
    kind, data = params.get("type"), params.get("fiscal_data")
    if kind not in ("PERFORM", "CANCEL") or not isinstance(data, dict) or b"\\u0000" in orjson.dumps(data):
        raise _Mistyped
    return Fiscal(_id(params), kind == "CANCEL", data)


_METHODS: Final[dict[str, Callable[[dict[str, Any]], Call]]] = {
    "CheckPerformTransaction": _check_perform,
    "CreateTransaction": _create,
    "PerformTransaction": lambda params: Perform(_id(params)),
    "CancelTransaction": _cancel,
    "CheckTransaction": lambda params: Check(_id(params)),
    "GetStatement": _statement,
    "SetFiscalData": _fiscal,
}


def _id(params: dict[str, Any]) -> str:
    found = params.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= _ID_CHARS_MAX:
        raise _Mistyped
    if not found.isascii() or not found.isprintable():
        raise _Mistyped
    return found


def _int(params: dict[str, Any], name: str) -> int:
    found = params.get(name)
    if type(found) is not int or abs(found) > _INT_MAX:
        raise _Mistyped
    return found


def _amount(params: dict[str, Any]) -> int | None:
    found = params.get("amount")
    return found if type(found) is int and abs(found) <= _INT_MAX else None


def _topup(params: dict[str, Any]) -> int | None:
    account = params.get("account")
    found = account.get(ACCOUNT) if isinstance(account, dict) else None
    text = str(found) if type(found) in (int, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
