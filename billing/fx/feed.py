"""The Central Bank's feed: asked, doubted, and taken in. Whatever goes wrong, the rate in force stays."""

import hashlib
import logging
from datetime import timedelta
from typing import Any, Final

import requests
from django.db import transaction
from django.utils import timezone
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from accounts.alerts import alert
from accounts.models import Alert
from billing.errors import FeedAway, RateJump
from billing.fx.cbu import BODY_MAX, NotARate, Quote, parse, plausible
from billing.fx.proposals import hold_jump, lock_rates, newest_of_feed, supersede_jump, today
from billing.models import FxRate, FxReading
from billing.rates import FEED, add_rate, check_jump

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 10
RETRIES: Final = 3
_HEADERS: Final = {"User-Agent": "CloudAPI rate feed", "Accept": "application/json"}
_AGAIN: Final = (429, 500, 502, 503, 504)

Outcome = FxReading.Outcome


def fetch(url: str, *, backoff_s: int = 2) -> bytes:
    """The feed's answer, after three retries at most. Raises FeedAway."""
    retry = Retry(total=RETRIES, backoff_factor=backoff_s, status_forcelist=_AGAIN, raise_on_status=False)
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            with session.get(
                url, headers=_HEADERS, timeout=TIMEOUT_S, stream=True, allow_redirects=False
            ) as answer:
                if answer.status_code != 200:
                    raise FeedAway(f"HTTP {answer.status_code}")
                # One byte more than may be, so that the parser sees that it was too long.
                body: bytes = answer.raw.read(BODY_MAX + 1, decode_content=True)
                return body
    except (requests.RequestException, HTTPError, OSError) as error:
        raise FeedAway(type(error).__name__) from None


def take_in(body: bytes) -> FxReading:
    """What the feed said, kept once with what became of it; a new rate is added, a jump waits."""
    quote: Quote | None = None
    with transaction.atomic():
        lock_rates()
        try:
            quote = plausible(parse(body), today())
            outcome, detail = _decide(quote), ""
        except NotARate as error:
            outcome, detail = Outcome.REFUSED, str(error)
        reading = _keep(body, quote, outcome, detail)
    if outcome is Outcome.REFUSED:
        tell("the Central Bank's feed was refused", f"{detail}. The rate in force stays.")
    return reading


def tell(subject: str, text: str, *, every: timedelta = timedelta(0)) -> None:
    """Operators hear of it, once an hour at most, or less often."""
    key = f"fx: {subject}"
    if not Alert.objects.filter(dedupe_key=key, created_at__gt=timezone.now() - every).exists():
        alert(Alert.Kind.EXCHANGE_RATE, subject, text, key)


def _decide(quote: Quote) -> FxReading.Outcome:
    newest = newest_of_feed()
    if newest is not None:
        if quote.date < newest.date or (quote.date, quote.micros) == (newest.date, newest.micros_per_usd):
            return Outcome.KNOWN
        try:
            check_jump(newest.micros_per_usd, quote.micros)
        except RateJump as jump:
            return _held(quote, jump)
    supersede_jump()
    add_rate(FxRate.Source.CBU, quote.date, quote.micros, author=FEED)
    log.info("a new rate of the dollar from %s on", quote.date)
    return Outcome.ACCEPTED


def _held(quote: Quote, jump: RateJump) -> FxReading.Outcome:
    if hold_jump(quote):
        steps = f"from {jump.old_micros} to {jump.new_micros} micros, from {quote.date} on"
        tell(
            "the Central Bank's rate has jumped", f"It goes {steps}. An operator has to confirm or refuse it."
        )
    return Outcome.HELD


def _keep(body: bytes, quote: Quote | None, outcome: str, detail: str) -> FxReading:
    said: dict[str, Any] = {"outcome": outcome, "detail": detail[:200], "last_seen_at": timezone.now()}
    if quote is not None:
        said |= {"date": quote.date, "micros_per_usd": quote.micros}
    # PostgreSQL's text has no NUL.
    text = body[:BODY_MAX].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    found, _ = FxReading.objects.update_or_create(
        digest=hashlib.sha256(body).hexdigest(), defaults=said, create_defaults=said | {"body": text}
    )
    return found
