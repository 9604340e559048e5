"""Click's merchant API, in which we ask: what has become of a payment, and its fiscal receipt.

Source: docs.click.uz. Nothing of an answer but the status stands in an exception.
"""

import time
from datetime import date
from typing import Any, Final

import orjson
import requests
from django.conf import settings

from billing.errors import ProviderAway
from billing.providers.click import auth_header

TIMEOUT_S: Final = (3, 10)
ANSWER_MAX: Final = 64 * 1024


def may_ask() -> bool:
    """Whether the numbers and the secret that its `Auth` header needs are set."""
    return bool(settings.CLICK_SECRET_KEY and settings.CLICK_SERVICE_ID and settings.CLICK_MERCHANT_USER_ID)


def payment_status(session: requests.Session, topup: int, day: date) -> dict[str, Any]:
    """What Click says of a top-up's payment on a Tashkent day. Raises ProviderAway."""
    return _get(session, f"payment/status_by_mti/{settings.CLICK_SERVICE_ID}/{topup}/{day.isoformat()}")


def fiscal_data(session: requests.Session, paydoc: int) -> dict[str, Any]:
    """What Click has of a payment's fiscal receipt: `paymentId` and `qrCodeURL` once there is one.

    paydoc: the payment's number at Click, click_paydoc_id. Raises ProviderAway.
    """
    return _get(session, f"payment/ofd_data/{settings.CLICK_SERVICE_ID}/{paydoc}")


def _get(session: requests.Session, path: str) -> dict[str, Any]:
    header = auth_header(settings.CLICK_MERCHANT_USER_ID, settings.CLICK_SECRET_KEY, int(time.time()))
    try:
        answer = session.get(
            f"{settings.CLICK_API_URL.rstrip('/')}/{path}",
            headers={"Auth": header, "Accept": "application/json"},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        usable = answer.status_code == 200 and len(answer.content) <= ANSWER_MAX
        found = orjson.loads(answer.content) if usable else None
    except (requests.RequestException, ValueError) as error:
        raise ProviderAway(f"click: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise ProviderAway(f"click: HTTP {answer.status_code}")
    return found
