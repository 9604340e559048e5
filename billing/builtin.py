"""What the platform gives to its two built-in organizations: promo money, capped by the day.

`anonymous` are callers without a key; `platform` are our probes and an operator's test calls. The cap over
both is the platform's (caps.Scope.PLATFORM_DAY); neither wallet ever holds more than its own day, so that one
can't use up what is meant for the other.
"""

from django.db import connection

from accounts.models import ANONYMOUS, PLATFORM, Organization
from billing.caps import Scope, set_cap
from billing.ledger import balance, credit_promo
from billing.money import MICROS_PER_UZS


def fund(*, anonymous_uzs: int, probes_uzs: int) -> int:
    """Sets the cap and fills both wallets up to their share, once a Tashkent day; the micros that were added.

    Zero leaves a wallet as it is, and two zeros the cap too. Raises AmountRefused.
    """
    if anonymous_uzs + probes_uzs == 0:
        return 0
    set_cap(Scope.PLATFORM_DAY, 0, (anonymous_uzs + probes_uzs) * MICROS_PER_UZS)
    return _fill(ANONYMOUS, anonymous_uzs, "anonymous callers") + _fill(PLATFORM, probes_uzs, "probes")


def _fill(slug: str, daily_uzs: int, reason: str) -> int:
    limit = daily_uzs * MICROS_PER_UZS
    organization = Organization.objects.get(slug=slug)
    missing = limit - balance(organization.pk).total
    if missing <= 0:
        return 0
    once = f"{_today()}:{limit}"
    given = credit_promo(organization.pk, missing, reason=reason, source=slug, external_id=once)
    return missing if given else 0


def _today() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT billing_today()::text")
        return str(cursor.fetchone()[0])
