"""Fiscal receipts of payments at Click, which doesn't send them: it is asked until it has one.

A payment is asked about at once, then each time at twice its age, for three days. Before it asks, a worker
puts off the next time: so two of them never ask the same, and what fails waits as what isn't there yet.
"""

import logging
import time
from typing import Any, Final

import requests
from django.db.models import QuerySet

from billing.errors import ProviderAway
from billing.fiscal import LINK_MAX, receipt_link
from billing.models import Channel, ProviderTransaction
from billing.payments import State, now_ms
from billing.providers.click_api import fiscal_data

log = logging.getLogger(__name__)

LOOK_BACK_MS: Final = 3 * 86_400_000
PAUSE_MS_MIN: Final = 10 * 60_000
PAYMENTS_MAX: Final = 100  # a run
RUN_S_MAX: Final = 240
FAILURES_MAX: Final = 3  # one after the other: then Click is away, not a receipt
_TEXT_MAX: Final = LINK_MAX
_NUMBER_MAX: Final = 2**63 - 1


def fetch_receipts() -> int:
    """Ask Click about payments that wait for their receipt; how many came."""
    at_ms, end = now_ms(), time.monotonic() + RUN_S_MAX
    came = failures = 0
    with requests.Session() as session:
        for payment in _due(at_ms):
            if failures == FAILURES_MAX or time.monotonic() > end:
                break
            try:
                came += _fetch(session, payment, at_ms)
                failures = 0
            except ProviderAway as error:
                failures += 1
                log.warning("the fiscal receipt of payment %d: %s", payment.pk, error)
    return came


def _due(at_ms: int) -> QuerySet[ProviderTransaction]:
    """Those never asked about come first, so that old ones can't keep new ones waiting."""
    waiting = ProviderTransaction.objects.filter(
        provider=Channel.CLICK,
        state=State.PERFORMED,
        fiscal_perform__isnull=True,
        perform_ms__gte=at_ms - LOOK_BACK_MS,
        fiscal_ask_ms__lte=at_ms,
    )
    return waiting.order_by("fiscal_ask_ms", "pk")[:PAYMENTS_MAX]


def _fetch(session: requests.Session, payment: ProviderTransaction, at_ms: int) -> bool:
    own = ProviderTransaction.objects.filter(pk=payment.pk, fiscal_perform__isnull=True)
    later = at_ms + max(PAUSE_MS_MIN, at_ms - payment.perform_ms)
    number = _paydoc(payment)
    if not own.filter(fiscal_ask_ms=payment.fiscal_ask_ms).update(fiscal_ask_ms=later) or number is None:
        return False
    said = fiscal_data(session, number)
    receipt = _receipt(said, number)
    if receipt is None and said.get("qrCodeURL"):
        log.warning("the fiscal receipt of payment %d is no link to the tax office", payment.pk)
    return receipt is not None and bool(own.update(fiscal_perform=receipt))


def _paydoc(payment: ProviderTransaction) -> int | None:
    number = str(payment.extra.get("click_paydoc_id", ""))
    return int(number) if number.isascii() and number.isdigit() else None


def _receipt(said: dict[str, Any], number: int) -> dict[str, Any] | None:
    """The receipt with its link under Payme's name, the one that pages and papers read.

    None if there is none yet, if it is another payment's, or if its link leads elsewhere.
    """
    receipt = {name: value for name, value in said.items() if _is_kept(name) and _is_kept(value)}
    receipt["qr_code_url"] = receipt.pop("qrCodeURL", "")
    if str(said.get("paymentId", number)) != str(number) or not receipt_link(receipt):
        return None
    return receipt


def _is_kept(value: Any) -> bool:
    """Whether it is short and plain, and a jsonb can hold it."""
    if isinstance(value, str):
        return len(value) <= _TEXT_MAX and "\0" not in value
    return isinstance(value, int) and abs(value) <= _NUMBER_MAX
