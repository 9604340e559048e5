"""Payme's and Click's servers, as ours see them: clients that speak their wire formats over HTTP."""

import time
from base64 import b64encode
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import requests

from billing import payments
from billing.models import Channel, ProviderTransaction, TopUp
from billing.providers.click import COMPLETE, PREPARE, sign
from tests.factories import MICROS, Caller, make_caller
from tests.stack import PAYMENTS

PRICE_UZS, PRICE_TIYIN = 50_000, 5_000_000
_click_ids = count(uuid4().int >> 80 << 12)


def owed(caller: Caller | None = None, provider: Channel = Channel.PAYME) -> TopUp:
    """A top-up of 50,000 so'm that nobody has paid yet."""
    caller = caller or make_caller()
    return TopUp.objects.create(
        provider=provider,
        org=caller.organization,
        requested_by=caller.user,
        amount_micros=PRICE_UZS * MICROS,
    )


def begun(topup: TopUp, *, age_ms: int = 0, performed: bool = False) -> ProviderTransaction:
    """A transaction of the top-up's provider, this old."""
    at = payments.now_ms() - age_ms
    number = trans_id()
    payment = ProviderTransaction.objects.create(
        provider=topup.provider,
        external_id=str(number),
        topup=topup,
        amount_tiyin=PRICE_TIYIN,
        provider_ms=at,
        create_ms=at,
        extra={"click_paydoc_id": str(number + 1)} if topup.provider == Channel.CLICK else {},
    )
    if performed:
        payments.perform(topup, payment, at + 1)
    return payment


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Payme:
    """Payme's server."""

    url: str
    key: str = PAYMENTS["PAYME_KEY"]
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, body: bytes, **headers: str) -> dict[str, Any]:
        """The answer to raw bytes; its status is always 200."""
        word = b64encode(f"Paycom:{self.key}".encode()).decode()
        sent = {"Authorization": f"Basic {word}", "Content-Type": "application/json"} | headers
        reply = self.session.post(f"{self.url}/pay/payme", data=body, headers=sent, timeout=60)
        assert reply.status_code == 200
        answer: dict[str, Any] = reply.json()
        return answer

    def call(self, method: str, rpc_id: Any = 7, **params: Any) -> dict[str, Any]:
        """The result, or {"error": …}; the id is echoed."""
        params = {name.rstrip("_"): value for name, value in params.items()}
        body = requests.compat.json.dumps({"id": rpc_id, "method": method, "params": params}).encode()
        answer = self.post(body)
        assert answer["id"] == rpc_id
        found: dict[str, Any] = answer.get("result") or {"error": answer["error"]}
        return found

    def code(self, method: str, **params: Any) -> int:
        """The code of the error that a call must end with."""
        return int(self.call(method, **params)["error"]["code"])

    def check_perform(self, topup: Any, amount: Any = PRICE_TIYIN) -> dict[str, Any]:
        return self.call("CheckPerformTransaction", amount=amount, account={"topup_id": topup})

    def create(
        self, id_: str, topup: Any, amount: Any = PRICE_TIYIN, time_ms: int | None = None
    ) -> dict[str, Any]:
        at = now_ms() if time_ms is None else time_ms
        return self.call("CreateTransaction", id=id_, time=at, amount=amount, account={"topup_id": topup})

    def perform(self, id_: str) -> dict[str, Any]:
        return self.call("PerformTransaction", id=id_)

    def cancel(self, id_: str, reason: int = 3) -> dict[str, Any]:
        return self.call("CancelTransaction", id=id_, reason=reason)

    def check(self, id_: str) -> dict[str, Any]:
        return self.call("CheckTransaction", id=id_)


def transaction_id() -> str:
    """24 characters, as Payme makes them."""
    return uuid4().hex[:24]


@dataclass(slots=True)
class Click:
    """Click's server."""

    url: str
    secret: str = PAYMENTS["CLICK_SECRET_KEY"]
    session: requests.Session = field(default_factory=requests.Session)

    def form(self, trans: int, order: Any, **changes: Any) -> dict[str, str]:
        """A signed Prepare, or a Complete if it has a merchant_prepare_id; None leaves a field out."""
        form = {
            "click_trans_id": str(trans),
            "service_id": PAYMENTS["CLICK_SERVICE_ID"],
            "click_paydoc_id": "555",
            "merchant_trans_id": str(order),
            "amount": "50000.00",
            "action": COMPLETE if "merchant_prepare_id" in changes else PREPARE,
            "error": "0",
            "error_note": "Success",
            "sign_time": "2026-11-20 10:00:00",
        } | {name: str(value) for name, value in changes.items() if value is not None}
        form.setdefault("sign_string", sign(form, self.secret))
        return {name: text for name, text in form.items() if changes.get(name, "") is not None}

    def post(self, body: dict[str, str] | bytes, path: str = "", **headers: str) -> dict[str, Any]:
        """The answer; its status is always 200."""
        completes = isinstance(body, dict) and body.get("action") == COMPLETE
        path = path or f"/pay/click/{'complete' if completes else 'prepare'}"
        reply = self.session.post(f"{self.url}{path}", data=body, headers=headers, timeout=60)
        assert reply.status_code == 200
        answer: dict[str, Any] = reply.json()
        return answer

    def prepare(self, trans: int, order: Any, **changes: Any) -> dict[str, Any]:
        return self.post(self.form(trans, order, **changes))

    def complete(self, trans: int, order: Any, prepare_id: Any, **changes: Any) -> dict[str, Any]:
        return self.post(self.form(trans, order, merchant_prepare_id=prepare_id, **changes))

    def pay(self, trans: int, order: Any) -> dict[str, Any]:
        """Prepare and Complete."""
        return self.complete(trans, order, self.prepare(trans, order)["merchant_prepare_id"])


def trans_id() -> int:
    """A click_trans_id that no test has used."""
    return next(_click_ids)
